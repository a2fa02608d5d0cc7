import { isEnabled, type OtlpConnection, type OtlpFlags, otlpConnection } from './connection.ts';
import { type Environment, EnvReader } from './env.ts';

export interface MetricsConfig extends OtlpConnection {
  readonly enabled: boolean;
  readonly intervalMs: number;
  /** An export is given up this long after its first attempt: the next one has the newer totals. */
  readonly giveUpMs: number;
  /** Whether histograms point to spans. */
  readonly exemplars: boolean;
}

/** Of the specification. */
const DEFAULT_INTERVAL_MS = 60_000;
const DEFAULT_GIVE_UP_MS = 30_000;

/** Throws OtlpConfigError for an endpoint that cannot be used; `warnings` name variables that are ignored. */
export function metricsConfig(
  flags: OtlpFlags,
  environment: Environment,
): { config: MetricsConfig; warnings: readonly string[] } {
  const env = new EnvReader(environment, 'metrics');
  // All is cumulative; who asks for something else is told.
  env.choice('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', ['cumulative'] as const);
  const config: MetricsConfig = {
    ...otlpConnection(flags, env),
    enabled: isEnabled(env),
    intervalMs: env.integer('OTEL_METRIC_EXPORT_INTERVAL', 1) ?? DEFAULT_INTERVAL_MS,
    giveUpMs: env.integer('OTEL_METRIC_EXPORT_TIMEOUT', 1) ?? DEFAULT_GIVE_UP_MS,
    exemplars: env.choice('OTEL_METRICS_EXEMPLAR_FILTER', ['trace_based', 'always_off'] as const) !== 'always_off',
  };
  return { config, warnings: env.warnings };
}
