const TWO_32 = 0x1_0000_0000;

/** The moment of CLOCK_MONOTONIC that decoded times count from, as two halves. */
export interface TimeBase {
  readonly high: number;
  readonly low: number;
}

export function timeBase(monotonicNano: bigint): TimeBase {
  return { high: Number(monotonicNano >> 32n), low: Number(monotonicNano & 0xffff_ffffn) };
}

/**
 * The u64 time at `offset` as nanoseconds since `base`; NaN where it is zero ("not observed"). The halves are
 * subtracted one by one, so the result is exact although the time itself may not fit a double.
 */
export function readTime(view: DataView, offset: number, base: TimeBase): number {
  const low = view.getUint32(offset, true);
  const high = view.getUint32(offset + 4, true);
  if (low === 0 && high === 0) return Number.NaN;
  return (high - base.high) * TWO_32 + (low - base.low);
}

/** Rounded to a double above 2^53. */
export function readU64(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true) * TWO_32 + view.getUint32(offset, true);
}

/** Rounded to a double beyond ±2^53. */
export function readI64(view: DataView, offset: number): number {
  return view.getInt32(offset + 4, true) * TWO_32 + view.getUint32(offset, true);
}
