import { HIST_BUCKETS, HIST_MIN_SHIFT } from '../../record/layout.ts';

/** Where a duration stands in `rec_stats.hist` (bpf/request.h, hist_bucket). */
export function histogramIndex(status: number, ns: number): number {
  const statusClass = status >= 100 && status < 600 ? Math.floor(status / 100) : 0;
  if (ns < 2 ** HIST_MIN_SHIFT) return statusClass * HIST_BUCKETS;
  const shift = Math.floor(Math.log2(ns));
  const bucket = (shift - HIST_MIN_SHIFT) * 4 + (Math.floor(ns / 2 ** (shift - 2)) & 3) + 1;
  return statusClass * HIST_BUCKETS + Math.min(bucket, HIST_BUCKETS - 1);
}
