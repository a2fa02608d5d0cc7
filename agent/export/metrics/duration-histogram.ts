import type { RequestSpan } from '../../correlate/span.ts';
import type { Exemplar, HistogramPoint, MetricAttributes } from './metric.ts';

const NS_PER_SECOND = 1e9;

/** Upper bounds of buckets: seconds for the receiver, nanoseconds for us. */
export interface Bounds {
  readonly seconds: readonly number[];
  readonly ns: readonly number[];
}

export function boundsOf(seconds: readonly number[]): Bounds {
  return { seconds, ns: seconds.map((bound) => Math.round(bound * NS_PER_SECOND)) };
}

/** Durations since the start of a target: recorded in nanoseconds, reported in seconds. */
export class DurationHistogram {
  readonly #ns: readonly number[];
  readonly #buckets: number[];
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;
  #slowest: { traceId: string; spanId: string; time: number; ns: number } | undefined;

  constructor({ ns }: Bounds) {
    this.#ns = ns;
    this.#buckets = new Array<number>(ns.length + 1).fill(0);
  }

  /** @param weight how many it stands for */
  record(ns: number, weight: number): void {
    const bounds = this.#ns;
    let bucket = 0;
    while (bucket < bounds.length && ns > (bounds[bucket] as number)) bucket++;
    this.#buckets[bucket] = (this.#buckets[bucket] as number) + weight;
    this.#sum += ns * weight;
    if (ns < this.#min) this.#min = ns;
    if (ns > this.#max) this.#max = ns;
  }

  /** Of those offered between two reports the slowest is the one to look at. Its ids alone are kept. */
  offer(span: RequestSpan): void {
    const ns = span.end - span.start;
    if (this.#slowest !== undefined && this.#slowest.ns >= ns) return;
    this.#slowest = { traceId: span.traceId, spanId: span.spanId, time: span.end, ns };
  }

  report(attributes: MetricAttributes): HistogramPoint {
    const count = this.#buckets.reduce((sum, bucket) => sum + bucket, 0);
    const exemplar = this.#takeExemplar();
    return {
      attributes,
      count,
      sum: this.#sum / NS_PER_SECOND,
      min: count === 0 ? undefined : this.#min / NS_PER_SECOND,
      max: count === 0 ? undefined : this.#max / NS_PER_SECOND,
      buckets: this.#buckets.slice(),
      exemplar,
    };
  }

  #takeExemplar(): Exemplar | undefined {
    const slowest = this.#slowest;
    if (slowest === undefined) return undefined;
    this.#slowest = undefined;
    const { traceId, spanId, time, ns } = slowest;
    return { traceId, spanId, time, value: ns / NS_PER_SECOND };
  }
}
