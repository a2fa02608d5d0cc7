import { type Command, Option } from 'commander';
import { bpftraceOption, loaderOption } from '../options.ts';
import {
  listOf,
  parseChoice,
  parseDurationNs,
  parseHeaderName,
  parseHeaderPairs,
  parseInFlight,
  parseMessageBytes,
  parsePort,
  parseRate,
  parseRateOrNone,
  parseRatio,
  parseSampleHz,
  parseStatusRange,
  parseText,
  type StatusRange,
} from '../values.ts';

/** What commander yields for `attach`, after defaults, environment and configuration file. */
export interface AttachFlags {
  readonly name?: readonly string[];
  readonly port?: readonly number[];
  readonly exe?: readonly string[];
  readonly follow?: boolean;
  readonly duration?: number;
  readonly output: 'auto' | 'live' | 'lines' | 'json' | 'text';
  readonly dryRun?: boolean;
  readonly route?: readonly string[];
  readonly status?: readonly StatusRange[];
  readonly minDuration: number;
  readonly sample: number;
  readonly sampleHz: number;
  readonly deep?: boolean;
  readonly header?: readonly string[];
  readonly query: boolean;
  readonly exceptionMessage: number;
  readonly serviceName?: string;
  readonly otlpEndpoint?: string;
  readonly otlpProtocol?: 'grpc' | 'http/protobuf';
  readonly otlpHeaders?: ReadonlyMap<string, string>;
  readonly otlpInsecure?: boolean;
  readonly otlpCa?: string;
  readonly otlpCert?: string;
  readonly otlpKey?: string;
  readonly otlpCompression?: 'gzip' | 'none';
  readonly otlpMetrics: boolean;
  readonly maxRequestsInFlight?: number;
  readonly maxRate?: number;
  readonly exactRate?: number;
  readonly backend: 'auto' | 'libbpf' | 'bpftrace';
  readonly transport: 'auto' | 'ring' | 'perf';
  readonly loader?: string;
  readonly bpftrace?: string;
}

export function addAttachOptions(command: Command): Command {
  addGroup(command, 'Which processes:', [
    option('--name <name>', 'executable or main module of this name (repeatable)', listOf(parseText)),
    option('--port <port>', 'process that listens on this TCP port (repeatable)', listOf(parsePort)),
    option('--exe <path>', 'process that runs this executable (repeatable)', listOf(parseText)),
    new Option('--follow', 'attach to restarts and new matching processes (default with --name, --port, --exe)'),
    new Option('--no-follow', 'only the processes that run now'),
  ]);
  addGroup(command, 'What to show:', [
    option('--duration <time>', 'stop after this long, e.g. 30s', parseDurationNs),
    option(
      '-o, --output <format>',
      'live, lines or json; auto is live on a terminal, else lines',
      parseChoice(['auto', 'live', 'lines', 'json', 'text']),
    ).default('auto'),
    new Option('--dry-run', 'print what would be attached (text, or -o json) and attach nothing'),
    option('--route <glob>', 'only routes that match, e.g. "/api/**" (repeatable)', listOf(parseText)),
    option('--status <status>', 'only these statuses: 404, 5xx, 400-499 (repeatable)', listOf(parseStatusRange)),
    option('--min-duration <time>', 'only requests that take at least this long', parseDurationNs).default(0, 'all'),
    option('--sample <ratio>', 'share of requests to record, decided in the kernel', parseRatio).default(1),
    option('--sample-hz <hz>', 'looks a second at what running requests wait for; 0: none', parseSampleHz).default(100),
    new Option('--deep', 'follow the scheduler: waits and CPU of each request add up (costs more; see the footer)'),
    option('--header <name>', 'request header to record (repeatable, 10 at most)', listOf(parseHeaderName)),
    new Option('--no-query', 'leave the query string out'),
    option('--exception-message <bytes>', 'off, or how much of a panic message is kept', parseMessageBytes).default(
      1024,
    ),
  ]);
  addGroup(command, 'Where spans and metrics go:', [
    option('--otlp-endpoint <url>', 'export over OTLP, e.g. http://collector:4317', parseText),
    option('--otlp-protocol <protocol>', 'grpc or http/protobuf', parseChoice(['grpc', 'http/protobuf'])),
    option('--otlp-headers <pairs>', 'headers to send: name=value,name2=value2', parseHeaderPairs),
    new Option('--otlp-insecure', 'no TLS, where the endpoint has no scheme'),
    option('--otlp-ca <file>', 'certificates to trust (PEM)', parseText),
    option('--otlp-cert <file>', 'client certificate (PEM)', parseText),
    option('--otlp-key <file>', 'key of the client certificate (PEM)', parseText),
    option('--otlp-compression <kind>', 'gzip or none', parseChoice(['gzip', 'none'])),
    new Option('--no-otlp-metrics', 'export spans alone'),
    option('--service-name <name>', 'service.name of the spans and metrics', parseText),
  ]);
  addGroup(command, 'How:', [
    option('--max-requests-in-flight <count>', 'requests followed at one time', parseInFlight),
    option('--max-rate <requests>', 'requests a second to show at most; the others are counted', parseRate),
    option(
      '--exact-rate <requests>',
      'requests a second up to which the end of each handler has its own probe; 0: none has',
      parseRateOrNone,
    ),
    option('--backend <name>', 'auto, libbpf or bpftrace', parseChoice(['auto', 'libbpf', 'bpftrace'])).default('auto'),
    option('--transport <kind>', 'auto, ring or perf', parseChoice(['auto', 'ring', 'perf'])).default('auto'),
    loaderOption(),
    bpftraceOption(),
  ]);
  return command;
}

function option<T>(flags: string, description: string, parse: (text: string, previous: T | undefined) => T): Option {
  return new Option(flags, description).argParser<T | undefined>((text, previous) => parse(text, previous));
}

function addGroup(command: Command, heading: string, options: readonly Option[]): void {
  for (const entry of options) command.addOption(entry.helpGroup(heading));
}
