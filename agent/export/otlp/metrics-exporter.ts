import type { AttributeValue, Clock, RequestSpan } from '../../correlate/span.ts';
import type { Watched } from '../../correlate/waits/explainer.ts';
import type { LockWait } from '../../correlate/waits/lock-wait.ts';
import type { Pause } from '../../correlate/waits/pauses.ts';
import type { RuntimeLocksRecord } from '../../record/decode-loader.ts';
import type { SessionStats } from '../../view.ts';
import type { ExportTarget } from '../exporter.ts';
import type { Metric } from '../metrics/metric.ts';
import { sessionMetrics } from '../metrics/session-metrics.ts';
import { TargetMetrics } from '../metrics/target-metrics.ts';
import type { MetricsExporter } from '../metrics.ts';
import { type Interval, MetricEncoder } from './metric-encoder.ts';
import type { MetricsConfig } from './metrics-config.ts';
import { openTransport } from './open-transport.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import { encodeEnvelope, encodeResourceItems, type ResourceEnvelope } from './request-encoder.ts';
import { SendQueue } from './send-queue.ts';
import type { Transport } from './transport.ts';

export interface OtlpMetricsOptions {
  readonly config: MetricsConfig;
  readonly clock: Clock;
  /** Nanoseconds since the clock base. */
  readonly now: () => number;
  readonly toolVersion: string;
  /** What the figures of the tool itself belong to. */
  readonly agentResource: ReadonlyMap<string, AttributeValue>;
  /** False: the kernel leaves requests out that no weight makes up for (`--min-duration`). */
  readonly requestsAreWhole: boolean;
  /** One clean sentence. At most one a minute. */
  readonly onWarning: (text: string) => void;
}

/** Requests that wait for a receiver that is gone; processes that come and go would make ever more. */
const MAX_WAITING = 128;
/** Below the 4 MiB that gRPC servers take by default. */
const MAX_REQUEST_BYTES = 2 << 20;

/**
 * Totals of each target and of the tool, at fixed intervals. Not the SDK of OpenTelemetry: it has one resource for
 * each provider and reader, where here targets come and go under one connection; its timestamps are its own; and
 * recording one request costs it many times as much (test/bench/otlp.bench.ts).
 *
 * Connects lazily. Throws OtlpConfigError for unusable TLS files.
 */
export function otlpMetricsExporter(options: OtlpMetricsOptions): MetricsExporter {
  return new OtlpMetricsExporter(options, openTransport(options.config, options.toolVersion));
}

interface Counted {
  readonly metrics: TargetMetrics;
  readonly envelope: ResourceEnvelope;
  readonly start: number;
}

class OtlpMetricsExporter implements MetricsExporter {
  readonly #options: OtlpMetricsOptions;
  readonly #queue: SendQueue;
  readonly #encoder: MetricEncoder;
  readonly #writer = new ProtobufWriter();
  readonly #agent: ResourceEnvelope;
  readonly #targets = new Map<ExportTarget, Counted>();
  readonly #timer: NodeJS.Timeout;
  #stats: SessionStats | undefined;
  #dropped = 0;
  #isRefused = false;

  constructor(options: OtlpMetricsOptions, transport: Transport) {
    const { config, clock, toolVersion, onWarning } = options;
    this.#options = options;
    this.#encoder = new MetricEncoder(clock);
    this.#agent = encodeEnvelope(options.agentResource, toolVersion);
    this.#queue = new SendQueue(this.#forgiving(transport), {
      noun: 'metrics',
      url: config.endpoint.url,
      giveUpMs: config.giveUpMs,
      onWarning,
    });
    this.#timer = setInterval(() => this.#tick(), config.intervalMs).unref();
  }

  begin(target: ExportTarget, watched: Watched): void {
    const { toolVersion, requestsAreWhole, now } = this.#options;
    this.#targets.set(target, {
      metrics: new TargetMetrics(watched, requestsAreWhole),
      envelope: encodeEnvelope(target.resource, toolVersion),
      start: now(),
    });
  }

  span(span: RequestSpan, target: ExportTarget, isExported: boolean): void {
    this.#targets.get(target)?.metrics.span(span, isExported && this.#options.config.exemplars);
  }

  pause(pause: Pause, target: ExportTarget): void {
    this.#targets.get(target)?.metrics.pause(pause);
  }

  lockWait(wait: LockWait, target: ExportTarget): void {
    this.#targets.get(target)?.metrics.lockWait(wait);
  }

  runtimeLocks(waits: RuntimeLocksRecord, target: ExportTarget): void {
    this.#targets.get(target)?.metrics.runtimeLocks(waits);
  }

  goroutines(count: number, target: ExportTarget): void {
    this.#targets.get(target)?.metrics.goroutines(count);
  }

  stats(stats: SessionStats): void {
    this.#stats = stats;
  }

  forget(target: ExportTarget): void {
    const counted = this.#targets.get(target);
    if (counted) this.#exportTarget(counted);
    this.#targets.delete(target);
  }

  get lost(): number {
    return this.#dropped + this.#queue.failed;
  }

  async shutdown(deadlineMs: number): Promise<{ lost: number }> {
    clearInterval(this.#timer);
    this.#exportAll();
    return { lost: await this.#queue.drain(deadlineMs) };
  }

  /** While the last figures wait for their receiver, newer ones need not: they hold the same and more. */
  #tick(): void {
    if (this.#queue.items === 0) this.#exportAll();
  }

  #exportAll(): void {
    for (const counted of this.#targets.values()) this.#exportTarget(counted);
    if (this.#stats) this.#export(this.#agent, sessionMetrics(this.#stats), 0);
  }

  #exportTarget({ metrics, envelope, start }: Counted): void {
    this.#export(envelope, metrics.report(), start);
  }

  #export(envelope: ResourceEnvelope, metrics: readonly Metric[], start: number): void {
    const interval: Interval = { start, end: this.#options.now() };
    let points = 0;
    for (const metric of metrics) {
      this.#encoder.write(this.#writer, metric, interval);
      points += metric.points.length;
      if (this.#writer.length < MAX_REQUEST_BYTES) continue;
      this.#send(envelope, points);
      points = 0;
    }
    if (points > 0) this.#send(envelope, points);
  }

  #send(envelope: ResourceEnvelope, points: number): void {
    const metrics = this.#writer.bytes.subarray(0, this.#writer.length);
    const request = encodeResourceItems(envelope, metrics);
    this.#writer.reset();
    if (this.#queue.waiting >= MAX_WAITING) this.#dropped += points;
    else this.#queue.add({ request, items: points, firstAttempt: undefined });
  }

  /** Many receivers take traces alone. That is said once, and is no loss: nobody promised to take metrics. */
  #forgiving(transport: Transport): Transport {
    return {
      send: async (request) => {
        const result = await transport.send(request);
        if (result.kind !== 'failure' || !result.isUnknownSignal) return result;
        if (!this.#isRefused) {
          const { url } = this.#options.config.endpoint;
          this.#options.onWarning(
            `the OTLP receiver at ${url} takes no metrics; OTEL_METRICS_EXPORTER=none does without them`,
          );
        }
        this.#isRefused = true;
        return { kind: 'success', rejected: 0, message: undefined };
      },
      close: () => transport.close(),
    };
  }
}
