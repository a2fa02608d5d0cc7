import type { Clock } from '../correlate/span.ts';
import { type TimeBase, timeBase } from '../record/time-base.ts';

/** One moment in both clocks: the kernel side counts in CLOCK_MONOTONIC, spans are shown in civil time. */
export interface SessionClock {
  readonly base: TimeBase;
  readonly clock: Clock;
  /** Nanoseconds since the base. */
  now(): number;
}

/** Reads both clocks as close together as the interpreter allows: the best of several tries. */
export function startClock(): SessionClock {
  let best = readBoth();
  for (let i = 0; i < 16; i++) {
    const next = readBoth();
    if (next.gap < best.gap) best = next;
  }
  const { monotonic, unix } = best;
  return {
    base: timeBase(monotonic),
    clock: { baseUnixNano: unix },
    now: () => Number(process.hrtime.bigint() - monotonic),
  };
}

/** `performance.timeOrigin + performance.now()` has microseconds; `Date.now()` only milliseconds. */
function readBoth(): { monotonic: bigint; unix: bigint; gap: bigint } {
  const before = process.hrtime.bigint();
  const unixMs = performance.timeOrigin + performance.now();
  const after = process.hrtime.bigint();
  const wholeMs = Math.floor(unixMs);
  const unix = BigInt(wholeMs) * 1_000_000n + BigInt(Math.round((unixMs - wholeMs) * 1e6));
  return { monotonic: before + (after - before) / 2n, unix, gap: after - before };
}
