import type { OtlpOptions, SessionOptions, TargetSelector } from '../../agent/options.ts';
import type { TargetProcess } from '../../agent/target/process.ts';
import type { AttachFlags } from '../commands/attach-options.ts';
import { usageError } from '../errors.ts';
import { findLoader } from '../loader.ts';
import { VERSION } from '../version.ts';
import { followSelectors } from './selectors.ts';

/** The agent's own four (agent/correlate/headers.ts) take their part of the kernel's twelve. */
const MAX_HEADERS = 8;

/** @throws CliError where flags contradict each other */
export function toSessionOptions(
  flags: AttachFlags,
  selectors: readonly TargetSelector[],
  targets: readonly TargetProcess[],
  env: Readonly<Record<string, string | undefined>>,
): SessionOptions {
  const headers = [...new Set(flags.header ?? [])];
  if (headers.length > MAX_HEADERS)
    throw usageError(`--header was given ${headers.length} names`, `Name at most ${MAX_HEADERS}`);
  return {
    toolVersion: VERSION,
    targets,
    follow: followSelectors(selectors, targets, flags.follow),
    durationNs: flags.duration,
    sampleRatio: flags.sample,
    // What is known exactly need not be sampled.
    goroutineSampleHz: flags.deep ? 0 : flags.sampleHz,
    deep: flags.deep === true,
    minDurationNs: flags.minDuration,
    filter: { routes: flags.route ?? [], statuses: flags.status ?? [] },
    headers,
    maxRequestsInFlight: flags.maxRequestsInFlight,
    maxRate: flags.maxRate,
    exactRate: flags.exactRate,
    backend: flags.backend,
    transport: flags.transport,
    omitQuery: !flags.query,
    exceptionMessageBytes: flags.exceptionMessage,
    serviceName: flags.serviceName,
    loader: findLoader(flags.loader),
    bpftrace: flags.bpftrace,
    otlp: toOtlpOptions(flags, env),
  };
}

/** Spans and metrics are exported where a flag or an OTEL_EXPORTER_OTLP_* variable names an endpoint for them. */
function toOtlpOptions(flags: AttachFlags, env: Readonly<Record<string, string | undefined>>): OtlpOptions | undefined {
  const general = flags.otlpEndpoint ?? env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  const traces = Boolean(general || env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']);
  const metrics = flags.otlpMetrics && Boolean(general || env['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT']);
  if (!traces && !metrics) return undefined;
  if ((flags.otlpCert === undefined) !== (flags.otlpKey === undefined)) {
    throw usageError('--otlp-cert and --otlp-key belong together', 'Give both or neither');
  }
  return {
    traces,
    metrics,
    endpoint: flags.otlpEndpoint,
    protocol: flags.otlpProtocol,
    headers: flags.otlpHeaders ?? new Map(),
    insecure: flags.otlpInsecure,
    caFile: flags.otlpCa,
    certFile: flags.otlpCert,
    keyFile: flags.otlpKey,
    compression: flags.otlpCompression,
  };
}
