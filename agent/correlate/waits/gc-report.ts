import type { Pause } from './pauses.ts';

/** Pauses of one reason, since the start of the session. Times in nanoseconds. */
export interface PauseReport {
  readonly reason: string;
  readonly isGc: boolean;
  readonly count: number;
  readonly total: number;
  /** By the runtime's own account: what MemStats.PauseTotalNs adds up, for collections. */
  readonly byRuntime: number;
  readonly longest: number;
}

/** What the garbage collector and other stops of the world did to the requests. */
export interface GcReport {
  /** Collections that ended. */
  readonly cycles: number;
  readonly pauses: readonly PauseReport[];
  /** Requests that were stopped, of all that were seen, and for how long altogether and at most. */
  readonly requests: number;
  readonly touched: number;
  readonly touchedTotal: number;
  readonly touchedLongest: number;
}

/** Up to Go 1.20 a reason is a text from the program's memory: it can be any. */
const MAX_REASONS = 32;
const OTHER_REASONS = 'other reasons';

/** Adds pauses up, and their shares of requests. */
export class GcBook {
  readonly #reasons = new Map<
    string,
    { isGc: boolean; count: number; total: number; byRuntime: number; longest: number }
  >();
  #requests = 0;
  #touched = 0;
  #touchedTotal = 0;
  #touchedLongest = 0;

  pause({ reason: given, isGc, start, end, byRuntime }: Pause): void {
    const isKept = isGc || this.#reasons.has(given) || this.#reasons.size < MAX_REASONS;
    const reason = isKept ? given : OTHER_REASONS;
    const known = this.#reasons.get(reason) ?? { isGc, count: 0, total: 0, byRuntime: 0, longest: 0 };
    known.count++;
    known.total += end - start;
    known.byRuntime += byRuntime;
    known.longest = Math.max(known.longest, end - start);
    this.#reasons.set(reason, known);
  }

  request(stopped: number): void {
    this.#requests++;
    if (stopped <= 0) return;
    this.#touched++;
    this.#touchedTotal += stopped;
    this.#touchedLongest = Math.max(this.#touchedLongest, stopped);
  }

  report(): GcReport {
    return {
      cycles: this.#reasons.get(GC_CYCLE_END)?.count ?? 0,
      pauses: [...this.#reasons]
        .map(([reason, totals]) => ({ reason, ...totals }))
        .toSorted((a, b) => b.total - a.total),
      requests: this.#requests,
      touched: this.#touched,
      touchedTotal: this.#touchedTotal,
      touchedLongest: this.#touchedLongest,
    };
  }
}

/** A collection stops the world twice (runtime/mgc.go). */
export const GC_CYCLE_END = 'GC mark termination';
