import { Option } from 'commander';
import { parseChoice, parseText } from './values.ts';

/** Options that several commands share. */

export function outputOption(): Option {
  return new Option('-o, --output <format>', 'text or json').argParser(parseChoice(['text', 'json'])).default('text');
}

export function loaderOption(): Option {
  return new Option('--loader <path>', 'path of httptrace-loader').argParser(parseText).hideHelp();
}

export function bpftraceOption(): Option {
  return new Option('--bpftrace <path>', 'path of bpftrace').argParser(parseText).hideHelp();
}
