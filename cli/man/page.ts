import type { Command, Option } from 'commander';
import { environmentName, hasSetting, settingName } from '../settings.ts';
import { VERSION } from '../version.ts';

/** The manual page (groff_man(7)), made from the command tree so that it has every command and option. */
export function manPage(program: Command): string {
  const lines = [
    '.\\" Made by cli/man/write.ts from the command tree: do not edit.',
    `.TH HTTPTRACE 1 "" "httptrace ${VERSION}" "User Commands"`,
    '.SH NAME',
    'httptrace \\- see every request of a running Go HTTP server',
    '.SH SYNOPSIS',
    ...program.commands.flatMap((command) => ['.br', `.B httptrace ${roff(command.name())}`, roff(command.usage())]),
    '.SH DESCRIPTION',
    roff(program.description()),
    '.SH GLOBAL OPTIONS',
    ...program.options.flatMap(optionLines),
    ...program.commands.flatMap(commandLines),
    '.SH CONFIGURATION',
    'A flag wins over a variable, a variable over the configuration file, the file over the default. An empty variable',
    'counts as unset. The file is YAML: one mapping from option names to a value or a list of values.',
    '.PP',
    '.nf',
    'name: [checkout, cart]',
    'min\\-duration: 10ms',
    'otlp\\-endpoint: http://collector:4317',
    'query: false',
    '.fi',
    '.PP',
    'NO_COLOR, FORCE_COLOR and the OTEL_EXPORTER_OTLP_* variables are honoured.',
    '.SH FILES',
    '.TP',
    '.I /etc/httptrace/config.yaml',
    'Read where it exists and no other file is named.',
    '.SH EXIT STATUS',
    ...EXIT_STATUS.flatMap(([code, meaning]) => ['.TP', `.B ${code}`, meaning]),
    '.SH SIGNALS',
    'The first SIGINT, SIGTERM or SIGHUP detaches, sends what is held and prints a summary. The second one stops at once.',
  ];
  return `${lines.filter((line) => line !== '').join('\n')}\n`;
}

const EXIT_STATUS: readonly (readonly [number, string])[] = [
  [0, 'Success; also when stopped by Ctrl\\-C.'],
  [1, 'Failure while running.'],
  [2, 'Usage or configuration.'],
  [3, 'No such process.'],
  [4, 'A privilege or a kernel feature is missing.'],
  [5, 'The binary is not supported.'],
  [6, 'Spans were lost at the final flush.'],
  [130, 'Stopped by a second Ctrl\\-C.'],
];

function commandLines(command: Command): string[] {
  const options = command.options.filter((option) => !option.hidden);
  return [
    `.SH HTTPTRACE ${roff(command.name().toUpperCase())}`,
    `.B httptrace ${roff(command.name())}`,
    roff(command.usage()),
    '.PP',
    `${roff(capitalised(command.description()))}.`,
    ...options.flatMap(optionLines),
  ];
}

function optionLines(option: Option): string[] {
  if (option.hidden) return [];
  const fallback = option.defaultValueDescription ?? option.defaultValue;
  const defaultText = fallback === undefined || option.negate ? '' : ` Default: ${fallback}.`;
  const settings = hasSetting(option) ? [`Variable ${environmentName(option)}, key "${settingName(option)}".`] : [];
  const isConfig = option.long === '--config';
  return [
    '.TP',
    `.B ${roff(option.flags)}`,
    roff(`${capitalised(option.description)}.${defaultText}`),
    ...(isConfig ? ['Variable HTTPTRACE_CONFIG.'] : settings.map(roff)),
  ];
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Hyphens that are typed, backslashes, and what begins a request at the start of a line. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(['.])/, '\\&$1');
}
