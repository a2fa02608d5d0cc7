import type { CodePlace, LockKind } from './place.ts';
import type { RequestRef } from './request-key.ts';

/** Who held what others waited for: proven by the release that was seen. */
export interface Holder extends RequestRef {
  /** Where it was given back. */
  readonly place: CodePlace | undefined;
  /** Nanoseconds of the wait that ended with its release. */
  readonly share: number;
}

/** One wait in the slow path of package sync, explained. Times are nanoseconds since the clock base. */
export interface LockWait extends RequestRef {
  /** 0: not known. */
  readonly parentGoid: number;
  readonly kind: LockKind;
  /** Address of the lock in the process. */
  readonly lock: number;
  readonly start: number;
  readonly end: number;
  /** When it went to sleep: more than once where others were faster than it when it was woken. The last 32 at most. */
  readonly asleep: readonly number[];
  /** Where it waited. */
  readonly place: CodePlace | undefined;
  /** The one who held it for the longest part; undefined: not known. */
  readonly holder: Holder | undefined;
}

export function lengthOf({ start, end }: { readonly start: number; readonly end: number }): number {
  return end - start;
}
