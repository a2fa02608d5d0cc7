import type { RequestSpan } from '../../correlate/span.ts';
import type { Watched } from '../../correlate/waits/explainer.ts';
import { GC_CYCLE_END } from '../../correlate/waits/gc-report.ts';
import { type LockWait, lengthOf } from '../../correlate/waits/lock-wait.ts';
import type { Pause } from '../../correlate/waits/pauses.ts';
import type { RuntimeLocksRecord } from '../../record/decode-loader.ts';
import { DurationHistogram } from './duration-histogram.ts';
import { INSTRUMENTS, REQUEST_BOUNDS, WAIT_BOUNDS } from './instruments.ts';
import type { HistogramPoint, Instrument, Metric, MetricAttributes } from './metric.ts';
import { SeriesTable } from './series.ts';

/** Series of one instrument of one target (OpenTelemetry metrics SDK, "Cardinality limits"). */
const MAX_SERIES = 2000;
const MAX_REASONS = 32;
const NS_PER_SECOND = 1e9;
const NO_ATTRIBUTES: MetricAttributes = new Map();

const REQUEST_LABELS = [
  'http.request.method',
  'http.route',
  'http.response.status_code',
  'url.scheme',
  'network.protocol.version',
  'error.type',
];
const LOCK_LABELS = ['httptrace.lock.kind', 'code.function.name', 'code.file.path', 'code.line.number'];

/** Adds up what happens in one process. */
export class TargetMetrics {
  readonly #watched: Watched;
  readonly #requestsAreWhole: boolean;
  readonly #requests = new SeriesTable(REQUEST_LABELS, () => new DurationHistogram(REQUEST_BOUNDS), MAX_SERIES);
  readonly #locks = new SeriesTable(LOCK_LABELS, () => new DurationHistogram(WAIT_BOUNDS), MAX_SERIES);
  readonly #pauses = new SeriesTable(['httptrace.pause.reason'], () => new DurationHistogram(WAIT_BOUNDS), MAX_REASONS);
  readonly #gcPauses = new DurationHistogram(WAIT_BOUNDS);
  #gcCycles = 0;
  #assistNs = 0;
  #runtimeLocks: RuntimeLocksRecord | undefined;
  #goroutines: number | undefined;

  /** @param requestsAreWhole false: the kernel keeps some requests to itself, and no weight makes up for them */
  constructor(watched: Watched, requestsAreWhole: boolean) {
    this.#watched = watched;
    this.#requestsAreWhole = requestsAreWhole;
  }

  span(span: RequestSpan, isExample: boolean): void {
    const { attributes } = span;
    // One that still ran when the agent left has no duration yet.
    if (!this.#requestsAreWhole || attributes.has('httptrace.unfinished')) return;
    const series = this.#requests.find([
      span.method,
      span.route,
      span.status,
      attributes.get('url.scheme'),
      attributes.get('network.protocol.version'),
      attributes.get('error.type'),
    ]);
    series.record(span.end - span.start, span.weight);
    if (isExample) series.offer(span);
    const { gcAssist } = span.waits;
    if (gcAssist !== undefined) this.#assistNs += gcAssist * span.weight;
  }

  pause({ reason, isGc, start, end, byRuntime }: Pause): void {
    this.#pauses.find([reason]).record(end - start, 1);
    if (!isGc) return;
    this.#gcPauses.record(byRuntime, 1);
    if (reason === GC_CYCLE_END) this.#gcCycles++;
  }

  lockWait(wait: LockWait): void {
    const { kind, place } = wait;
    this.#locks.find([kind, place?.function, place?.file, place?.line]).record(lengthOf(wait), 1);
  }

  runtimeLocks(waits: RuntimeLocksRecord): void {
    this.#runtimeLocks = waits;
  }

  goroutines(count: number): void {
    this.#goroutines = count;
  }

  /** What is not watched or not known is left out; what is watched and did not happen is zero. */
  report(): readonly Metric[] {
    const { pauses, assists } = this.#watched;
    const metrics = [
      histograms(INSTRUMENTS.requestDuration, REQUEST_BOUNDS.seconds, this.#requests),
      histograms(INSTRUMENTS.lockWaitDuration, WAIT_BOUNDS.seconds, this.#locks),
      histograms(INSTRUMENTS.pauseDuration, WAIT_BOUNDS.seconds, this.#pauses),
    ];
    if (pauses) {
      const points = [this.#gcPauses.report(NO_ATTRIBUTES)];
      metrics.push({ instrument: INSTRUMENTS.gcPauseDuration, points, bounds: WAIT_BOUNDS.seconds });
      metrics.push(number(INSTRUMENTS.gcCycles, this.#gcCycles));
    }
    if (assists && this.#requestsAreWhole) {
      metrics.push(number(INSTRUMENTS.gcAssistTime, this.#assistNs / NS_PER_SECOND));
    }
    if (this.#runtimeLocks !== undefined) {
      const points = [counted(this.#runtimeLocks)];
      metrics.push({ instrument: INSTRUMENTS.runtimeLockWaitDuration, points, bounds: WAIT_BOUNDS.seconds });
    }
    if (this.#goroutines !== undefined) metrics.push(number(INSTRUMENTS.goroutines, this.#goroutines));
    return metrics.filter(({ points }) => points.length > 0);
  }
}

function histograms(instrument: Instrument, bounds: readonly number[], table: SeriesTable<DurationHistogram>): Metric {
  const points: readonly HistogramPoint[] = table.list().map(({ attributes, of }) => of.report(attributes));
  return { instrument, points, bounds };
}

/** The kernel side has put them into buckets. */
function counted({ buckets, totalNs, longestNs }: RuntimeLocksRecord): HistogramPoint {
  const count = buckets.reduce((sum, bucket) => sum + bucket, 0);
  return {
    attributes: NO_ATTRIBUTES,
    count,
    sum: totalNs / NS_PER_SECOND,
    min: undefined,
    max: count === 0 ? undefined : longestNs / NS_PER_SECOND,
    buckets,
    exemplar: undefined,
  };
}

function number(instrument: Instrument, value: number): Metric {
  return { instrument, points: [{ attributes: NO_ATTRIBUTES, value }] };
}
