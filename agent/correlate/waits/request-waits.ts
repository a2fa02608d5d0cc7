import type { Identity } from './identities.ts';
import type { LockWait } from './lock-wait.ts';
import type { Pause } from './pauses.ts';

/** A wait for a lock, with the name of who held it. */
export interface ExplainedWait extends LockWait {
  /** The holder's request; undefined: it served none, or none that is known. */
  readonly holderIdentity: Identity | undefined;
  /** It was not the request's own goroutine that waited but one that it started. */
  readonly ofChild: boolean;
}

/**
 * --deep: every nanosecond of a span is in one of these. `mutex` ends when the lock is given to the goroutine;
 * until it runs it is `scheduler`.
 */
export interface StateTimes {
  readonly cpu: number;
  readonly scheduler: number;
  readonly mutex: number;
  readonly channel: number;
  readonly network: number;
  readonly syscall: number;
  readonly sleep: number;
  readonly gcAssist: number;
  readonly gcStw: number;
  readonly other: number;
}

/**
 * What a request waited for: nanoseconds of its span. Exact. `undefined`: not watched in this process, or not all
 * of it was sent.
 */
export interface RequestWaits {
  /** --deep; the figures below are then among these. */
  readonly states: StateTimes | undefined;
  readonly mutex: number | undefined;
  readonly waitGroup: number | undefined;
  readonly cond: number | undefined;
  readonly gcStw: number | undefined;
  readonly gcAssist: number | undefined;
  /** Mutex waits of goroutines that the handler started; they go on beside it. */
  readonly childrenMutex: number | undefined;
  /** The longest ones, longest first. */
  readonly locks: readonly ExplainedWait[];
  readonly pauses: readonly Pause[];
  /** When the server noticed that the client was gone; undefined: it was not. */
  readonly clientGone: number | undefined;
  /** When the server gave up waiting for the rest of its body (http.Server.ReadTimeout). */
  readonly readTimeout: number | undefined;
  /** When a deadline passed that the handler had set to its work (or http.TimeoutHandler for it). */
  readonly deadline: number | undefined;
}
