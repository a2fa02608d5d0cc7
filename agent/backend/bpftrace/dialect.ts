/** What differs between versions of bpftrace: tried on the one in hand, not looked up by its number. */
export interface Dialect {
  /** `str(p, n)` reads n - 1 bytes and a NUL (0.20 and later), not n. */
  readonly strCountsNul: boolean;
  /** `nsecs(monotonic)` is understood; plain `nsecs` also counts the time that the machine was asleep. */
  readonly monotonic: boolean;
  /** Names of functions are kept once they were looked up (0.20 and later); else each name of a stack takes milliseconds. */
  readonly cachesSymbols: boolean;
}

/** Of a current version: for scripts that are made where no bpftrace is. */
export const CURRENT_DIALECT: Dialect = { strCountsNul: true, monotonic: true, cachesSymbols: true };
