import type { StatsRecord } from '../record/decode-loader.ts';
import { HIST_BUCKETS, HIST_CLASSES, STATS_HITS, STATS_LOST } from '../record/layout.ts';

/** Counters of a loader that has counted nothing yet. */
export function noCounts(time: number): StatsRecord {
  const zeros = (length: number): number[] => new Array<number>(length).fill(0);
  return {
    time,
    hits: zeros(STATS_HITS),
    steppedHits: 0,
    lost: zeros(STATS_LOST),
    finished: 0,
    progNs: Number.NaN,
    syscallNs: Number.NaN,
    unitNs: Number.NaN,
    steppedNs: Number.NaN,
    mapBytes: Number.NaN,
    assists: 0,
    assistNs: 0,
    waits: 0,
    waitNs: 0,
    delays: 0,
    delayNs: 0,
    histogram: Array.from({ length: HIST_CLASSES }, () => zeros(HIST_BUCKETS)),
  };
}

/** What was counted before a restart of the loader, and since. Measured costs are those of `since`. */
export function addCounts(before: StatsRecord, since: StatsRecord): StatsRecord {
  return {
    ...since,
    hits: addEach(before.hits, since.hits),
    steppedHits: before.steppedHits + since.steppedHits,
    lost: addEach(before.lost, since.lost),
    finished: before.finished + since.finished,
    assists: before.assists + since.assists,
    assistNs: before.assistNs + since.assistNs,
    waits: before.waits + since.waits,
    waitNs: before.waitNs + since.waitNs,
    delays: before.delays + since.delays,
    delayNs: before.delayNs + since.delayNs,
    progNs: Number.isNaN(before.progNs) ? since.progNs : before.progNs + since.progNs,
    histogram: since.histogram.map((counts, index) => addEach(before.histogram[index] ?? [], counts)),
  };
}

function addEach(a: readonly number[], b: readonly number[]): number[] {
  return b.map((value, index) => value + (a[index] ?? 0));
}
