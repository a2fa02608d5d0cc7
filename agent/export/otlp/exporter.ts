import type { Clock, RequestSpan } from '../../correlate/span.ts';
import type { ExportStats, ExportTarget, SpanExporter } from '../exporter.ts';
import { BatchBuilder, MAX_BATCH_BYTES } from './batch.ts';
import { openTransport } from './open-transport.ts';
import { encodeEnvelope } from './request-encoder.ts';
import { createSampler, type Sampler } from './sampler.ts';
import { SendQueue } from './send-queue.ts';
import { SpanEncoder } from './span-encoder.ts';
import type { TracesConfig } from './traces-config.ts';

export interface OtlpExporterOptions {
  readonly config: TracesConfig;
  readonly clock: Clock;
  readonly toolVersion: string;
  /** One clean sentence: the receiver cannot be reached, or refuses spans. At most one a minute. */
  readonly onWarning: (text: string) => void;
}

/** Connects lazily: a receiver that is not there yet is no error. Throws OtlpConfigError for unusable TLS files. */
export function otlpExporter(options: OtlpExporterOptions): SpanExporter {
  const { config, toolVersion, onWarning } = options;
  const { giveUpMs } = config.batch;
  const queue = new SendQueue(openTransport(config, toolVersion), {
    noun: 'spans',
    url: config.endpoint.url,
    giveUpMs,
    onWarning,
  });
  return new OtlpSpanExporter(options, queue);
}

/** Who looks for the cause of a slow request does not want to wait for a batch to fill. */
const URGENT_MS = 5;

function isUrgent(span: RequestSpan): boolean {
  return span.cause !== undefined || span.error !== undefined;
}

class OtlpSpanExporter implements SpanExporter {
  readonly #config: TracesConfig;
  readonly #toolVersion: string;
  readonly #queue: SendQueue;
  readonly #encoder: SpanEncoder;
  readonly #isSampled: Sampler;
  readonly #builders = new Map<ExportTarget, BatchBuilder>();
  #building = 0;
  #notSampled = 0;
  #queueFull = 0;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  /** When it fires, performance.now(). */
  #sealAt = Number.POSITIVE_INFINITY;

  constructor({ config, clock, toolVersion }: OtlpExporterOptions, queue: SendQueue) {
    this.#config = config;
    this.#toolVersion = toolVersion;
    this.#queue = queue;
    this.#encoder = new SpanEncoder(clock, config.limits);
    this.#isSampled = createSampler(config.sampler, config.samplerRatio);
  }

  export(span: RequestSpan, target: ExportTarget): boolean {
    const { batch } = this.#config;
    if (!this.#isSampled(span)) {
      this.#notSampled++;
      return false;
    }
    if (this.#closed || this.#building + this.#queue.items >= batch.maxQueueSize) {
      this.#queueFull++;
      return false;
    }
    const builder = this.#builderOf(target);
    builder.add(span);
    this.#building++;
    if (builder.spans >= batch.maxBatchSize || builder.bytes >= MAX_BATCH_BYTES) this.#seal(builder);
    else this.#sealIn(isUrgent(span) ? Math.min(URGENT_MS, batch.delayMs) : batch.delayMs);
    return true;
  }

  #sealIn(delayMs: number): void {
    const at = performance.now() + delayMs;
    if (at >= this.#sealAt) return;
    clearTimeout(this.#timer);
    this.#sealAt = at;
    this.#timer = setTimeout(() => this.#sealAll(), delayMs);
  }

  forget(target: ExportTarget): void {
    const builder = this.#builders.get(target);
    if (builder) this.#seal(builder);
    this.#builders.delete(target);
  }

  get stats(): ExportStats {
    return {
      exported: this.#queue.exported,
      queued: this.#building + this.#queue.items,
      notSampled: this.#notSampled,
      lost: { export_queue_full: this.#queueFull, export_failed: this.#queue.failed },
    };
  }

  async shutdown(deadlineMs: number): Promise<{ lost: number }> {
    this.#closed = true;
    this.#sealAll();
    return { lost: await this.#queue.drain(deadlineMs) };
  }

  #builderOf(target: ExportTarget): BatchBuilder {
    const known = this.#builders.get(target);
    if (known) return known;
    const builder = new BatchBuilder(encodeEnvelope(target.resource, this.#toolVersion), this.#encoder);
    this.#builders.set(target, builder);
    return builder;
  }

  #seal(builder: BatchBuilder): void {
    if (builder.spans === 0) return;
    this.#building -= builder.spans;
    this.#queue.add(builder.seal());
  }

  #sealAll(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sealAt = Number.POSITIVE_INFINITY;
    for (const builder of this.#builders.values()) this.#seal(builder);
  }
}
