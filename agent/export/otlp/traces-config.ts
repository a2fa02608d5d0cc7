import type { AttributeLimits } from './attribute-encoder.ts';
import { isEnabled, type OtlpConnection, type OtlpFlags, otlpConnection } from './connection.ts';
import { type Environment, EnvReader } from './env.ts';
import { SAMPLERS, type SamplerName } from './sampler.ts';

export interface TracesConfig extends OtlpConnection {
  readonly enabled: boolean;
  readonly batch: BatchConfig;
  readonly limits: AttributeLimits;
  readonly sampler: SamplerName;
  readonly samplerRatio: number;
}

export interface BatchConfig {
  /** Spans that are held, in flight ones included. */
  readonly maxQueueSize: number;
  readonly maxBatchSize: number;
  readonly delayMs: number;
  /** A batch is given up this long after its first attempt. */
  readonly giveUpMs: number;
}

/**
 * Larger and sooner than the specification's 2,048 spans and 5 s: a target of 20,000 requests/s fills its default
 * queue in a tenth of a second. Long enough for a collector to be restarted.
 */
const DEFAULT_BATCH: BatchConfig = { maxQueueSize: 16_384, maxBatchSize: 512, delayMs: 1_000, giveUpMs: 600_000 };
const DEFAULT_ATTRIBUTE_COUNT = 128;

/** Throws OtlpConfigError for an endpoint that cannot be used; `warnings` name variables that are ignored. */
export function tracesConfig(
  flags: OtlpFlags,
  environment: Environment,
): { config: TracesConfig; warnings: readonly string[] } {
  const env = new EnvReader(environment, 'traces');
  const config: TracesConfig = {
    ...otlpConnection(flags, env),
    enabled: isEnabled(env),
    batch: batchConfig(env),
    limits: {
      count: limit(env, 'COUNT') ?? DEFAULT_ATTRIBUTE_COUNT,
      valueLength: limit(env, 'VALUE_LENGTH'),
    },
    sampler: env.choice('OTEL_TRACES_SAMPLER', SAMPLERS) ?? 'parentbased_always_on',
    samplerRatio: env.ratio('OTEL_TRACES_SAMPLER_ARG') ?? 1,
  };
  return { config, warnings: env.warnings };
}

function batchConfig(env: EnvReader): BatchConfig {
  const maxQueueSize = env.integer('OTEL_BSP_MAX_QUEUE_SIZE', 1, 1_000_000) ?? DEFAULT_BATCH.maxQueueSize;
  const maxBatchSize = env.integer('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 1, 100_000) ?? DEFAULT_BATCH.maxBatchSize;
  return {
    maxQueueSize,
    maxBatchSize: Math.min(maxBatchSize, maxQueueSize),
    delayMs: env.integer('OTEL_BSP_SCHEDULE_DELAY', 0) ?? DEFAULT_BATCH.delayMs,
    giveUpMs: env.integer('OTEL_BSP_EXPORT_TIMEOUT', 1) ?? DEFAULT_BATCH.giveUpMs,
  };
}

function limit(env: EnvReader, suffix: 'COUNT' | 'VALUE_LENGTH'): number | undefined {
  return env.integer(`OTEL_SPAN_ATTRIBUTE_${suffix}_LIMIT`, 0) ?? env.integer(`OTEL_ATTRIBUTE_${suffix}_LIMIT`, 0);
}
