import type { LockWait } from './lock-wait.ts';
import { lengthOf } from './lock-wait.ts';
import type { CodePlace, LockKind } from './place.ts';

/** A lock that was waited for, since the start of the session. Times in nanoseconds. */
export interface LockReport {
  readonly pid: number;
  readonly lock: number;
  readonly kind: LockKind;
  readonly count: number;
  readonly total: number;
  readonly longest: number;
  /** The busiest first. */
  readonly waitedAt: readonly Tally<CodePlace>[];
  readonly heldAt: readonly Tally<CodePlace>[];
  /** By route, e.g. `GET /report`; waits outside of requests are not among them. */
  readonly waiting: readonly Tally<string>[];
  readonly holding: readonly Tally<string>[];
  /** Nanoseconds of waits whose holder is not known. */
  readonly unknownHolder: number;
}

export interface Tally<T> {
  readonly of: T;
  readonly count: number;
  readonly total: number;
}

const MAX_LOCKS = 512;
const MAX_KEYS = 16;

interface Entry<T> {
  of: T;
  count: number;
  total: number;
}

/** The largest few by total; what comes when it is full takes the place of the smallest. */
class Tallies<T> {
  readonly #entries = new Map<string, Entry<T>>();

  add(key: string, of: T, time: number): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) {
      entry.count++;
      entry.total += time;
      return;
    }
    if (this.#entries.size >= MAX_KEYS) this.#dropSmallest();
    this.#entries.set(key, { of, count: 1, total: time });
  }

  /** A copy: what is shown holds still. */
  list(): readonly Tally<T>[] {
    return [...this.#entries.values()].map((entry) => ({ ...entry })).sort((a, b) => b.total - a.total);
  }

  #dropSmallest(): void {
    let smallest: [string, number] | undefined;
    for (const [key, { total }] of this.#entries) if (total < (smallest?.[1] ?? Infinity)) smallest = [key, total];
    if (smallest) this.#entries.delete(smallest[0]);
  }
}

class LockTotals {
  readonly waitedAt = new Tallies<CodePlace>();
  readonly heldAt = new Tallies<CodePlace>();
  readonly waiting = new Tallies<string>();
  readonly holding = new Tallies<string>();
  readonly pid: number;
  readonly lock: number;
  kind: LockKind;
  count = 0;
  total = 0;
  longest = 0;
  unknownHolder = 0;

  constructor({ tgid, lock, kind }: LockWait) {
    this.pid = tgid;
    this.lock = lock;
    this.kind = kind;
  }
}

/** Adds up waits by lock. */
export class LockBook {
  readonly #locks = new Map<string, LockTotals>();

  /** @param last an earlier part of the same wait, which this one holds too */
  add(wait: LockWait, last: LockWait | undefined): void {
    const lock = this.#lockOf(wait);
    const time = lengthOf(wait) - (last === undefined ? 0 : lengthOf(last));
    if (last === undefined) lock.count++;
    lock.total += time;
    lock.longest = Math.max(lock.longest, lengthOf(wait));
    if (wait.place) lock.waitedAt.add(keyOf(wait.place), wait.place, time);
    if (wait.holder === undefined) lock.unknownHolder += time;
    else if (wait.holder.place) lock.heldAt.add(keyOf(wait.holder.place), wait.holder.place, wait.holder.share);
  }

  /** Once the names of the requests are known. */
  name(wait: LockWait, waiting: string, holding: string | undefined): void {
    const lock = this.#lockOf(wait);
    lock.waiting.add(waiting, waiting, lengthOf(wait));
    if (holding !== undefined && wait.holder) lock.holding.add(holding, holding, wait.holder.share);
  }

  /** The largest total first. */
  report(): readonly LockReport[] {
    return [...this.#locks.values()]
      .toSorted((a, b) => b.total - a.total)
      .map(({ pid, lock, kind, count, total, longest, unknownHolder, waitedAt, heldAt, waiting, holding }) => ({
        pid,
        lock,
        kind,
        count,
        total,
        longest,
        unknownHolder,
        waitedAt: waitedAt.list(),
        heldAt: heldAt.list(),
        waiting: waiting.list(),
        holding: holding.list(),
      }));
  }

  #lockOf(wait: LockWait): LockTotals {
    const key = `${wait.tgid}/${wait.lock}`;
    const known = this.#locks.get(key);
    if (known !== undefined) return known;
    if (this.#locks.size >= MAX_LOCKS) this.#dropSmallest();
    const totals = new LockTotals(wait);
    this.#locks.set(key, totals);
    return totals;
  }

  /** A program can have a lock in each of its objects: those that matter stay. */
  #dropSmallest(): void {
    const bySize = [...this.#locks].toSorted(([, a], [, b]) => a.total - b.total);
    for (const [key] of bySize.slice(0, MAX_LOCKS / 4)) this.#locks.delete(key);
  }
}

function keyOf({ function: name, file, line }: CodePlace): string {
  return `${name} ${file}:${line}`;
}
