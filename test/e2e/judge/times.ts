import type { Pair } from './types.ts';

/**
 * How our times agree with those of the server. Of each difference |ours - theirs| the share of the time that is
 * allowed (1 % and 2 %) is taken off; what is left must be within 20 us at the median and 100 us at p99.
 */
export interface TimeComparison {
  readonly what: string;
  readonly count: number;
  /** Of the differences less 1 % of the time, ns. */
  readonly median: number;
  /** Of the differences less 2 % of the time, ns. */
  readonly p99: number;
  readonly agrees: boolean;
  /** Ours minus theirs at the median, ns: which side is longer. */
  readonly bias: number;
}

export const MEDIAN_LIMIT = 20_000;
export const P99_LIMIT = 100_000;

export function compareTimes(pairs: readonly Pair[]): readonly TimeComparison[] {
  // A handler that panics is over for us when it panics, for the server when its deferred calls have run.
  const whole = pairs.filter(({ request }) => request.returned);
  const headers = whole.filter(({ request, seesWriteHeader }) => request.write_header_ns >= 0 && seesWriteHeader);
  const handler = compareTime('handler', whole, ({ request }) => request.handler_ns);
  if (whole.length > 0 && !whole.some(({ seesWriteHeader }) => seesWriteHeader)) return [handler];
  return [handler, compareTime('write_header', headers, ({ request }) => request.write_header_ns)];
}

function compareTime(what: string, pairs: readonly Pair[], theirsOf: (pair: Pair) => number): TimeComparison {
  const known = pairs.flatMap((pair) => {
    const ours = pair.span.attributes[`httptrace.phase.${what}`];
    return typeof ours === 'number' ? [{ ours, theirs: theirsOf(pair) }] : [];
  });
  const beyond = (share: number): number[] => known.map(({ ours, theirs }) => Math.abs(ours - theirs) - share * theirs);
  const median = quantile(beyond(0.01), 0.5);
  const p99 = quantile(beyond(0.02), 0.99);
  const bias = quantile(
    known.map(({ ours, theirs }) => ours - theirs),
    0.5,
  );
  const agrees = known.length > 0 && median <= MEDIAN_LIMIT && p99 <= P99_LIMIT;
  return { what, count: known.length, median, p99, agrees, bias };
}

/** NaN for no values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}
