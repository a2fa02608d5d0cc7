import { type Endpoint, grpcEndpoint, httpEndpoint } from './endpoint.ts';
import type { EnvReader, Signal } from './env.ts';
import { parseHeaders, validHeaders } from './headers.ts';

/** From the command line; what is undefined comes from the environment. */
export interface OtlpFlags {
  readonly endpoint: string | undefined;
  readonly protocol: OtlpProtocol | undefined;
  readonly headers: ReadonlyMap<string, string>;
  readonly insecure: boolean | undefined;
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly compression: 'gzip' | 'none' | undefined;
}

export type OtlpProtocol = 'grpc' | 'http/protobuf';

/** Where one signal goes, and how. */
export interface OtlpConnection {
  readonly signal: Signal;
  readonly protocol: OtlpProtocol;
  readonly endpoint: Endpoint;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  readonly compression: 'gzip' | 'none';
  /** For one attempt. */
  readonly timeoutMs: number;
  readonly tls: TlsFiles;
}

/** Paths of PEM files. */
export interface TlsFiles {
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

const DEFAULT_TIMEOUT_MS = 10_000;

/**
 * Flags win over the environment, a signal's own variable over the general one. Throws OtlpConfigError for an
 * endpoint that cannot be used.
 */
export function otlpConnection(flags: OtlpFlags, env: EnvReader): OtlpConnection {
  const protocol = flags.protocol ?? env.choice(env.otlp('PROTOCOL'), ['grpc', 'http/protobuf'] as const) ?? 'grpc';
  const insecure = flags.insecure ?? env.flag(env.otlp('INSECURE'));
  return {
    signal: env.signal,
    protocol,
    endpoint:
      protocol === 'grpc' ? grpcEndpoint(flags.endpoint, insecure, env) : httpEndpoint(flags.endpoint, insecure, env),
    headers: validHeaders(new Map([...parseHeaders(env), ...flags.headers]), env.warnings),
    compression: flags.compression ?? env.choice(env.otlp('COMPRESSION'), ['gzip', 'none'] as const) ?? 'none',
    timeoutMs: env.integer(env.otlp('TIMEOUT'), 1) ?? DEFAULT_TIMEOUT_MS,
    tls: {
      caFile: flags.caFile ?? env.otlpText('CERTIFICATE'),
      certFile: flags.certFile ?? env.otlpText('CLIENT_CERTIFICATE'),
      keyFile: flags.keyFile ?? env.otlpText('CLIENT_KEY'),
    },
  };
}

/** False: OTEL_SDK_DISABLED, or OTEL_<signal>_EXPORTER without `otlp`. */
export function isEnabled(env: EnvReader): boolean {
  if (env.flag('OTEL_SDK_DISABLED')) return false;
  const name = `OTEL_${env.signal.toUpperCase()}_EXPORTER`;
  const exporters = env
    .text(name)
    ?.split(',')
    .map((exporter) => exporter.trim()) ?? ['otlp'];
  const unknown = exporters.filter((exporter) => exporter !== 'otlp' && exporter !== 'none');
  if (unknown.length > 0) env.warnings.push(`${name}: only otlp and none are known; the rest is ignored`);
  return exporters.includes('otlp') || unknown.length === exporters.length;
}
