import { BoundedMap } from './bounded-map.ts';
import { type LockWait, lengthOf } from './lock-wait.ts';
import type { LockKind } from './place.ts';
import { type RequestRef, requestKey } from './request-key.ts';

/** The waits of one request, until its record comes. Sums are of all; only the longest are kept one by one. */
export interface PendingWaits {
  readonly total: Partial<Record<LockKind, number>>;
  readonly longest: LockWait[];
}

const MAX_REQUESTS = 16_384;
const MAX_GOROUTINES = 4096;
const KEPT = 8;
const KEPT_OF_CHILDREN = 64;

export class PendingTable {
  readonly #requests = new BoundedMap<string, PendingWaits>(MAX_REQUESTS);
  /** Waits of goroutines that serve no request themselves, by who started them. */
  readonly #children = new BoundedMap<string, LockWait[]>(MAX_GOROUTINES);

  /** @param last an earlier part of the same wait, which this one takes the place of */
  add(wait: LockWait, last: LockWait | undefined): void {
    if (Number.isNaN(wait.handlerStart)) {
      if (wait.parentGoid > 0) this.#addChild(wait, last);
      return;
    }
    const key = requestKey(wait);
    let pending = this.#requests.get(key);
    if (pending === undefined) {
      pending = { total: {}, longest: [] };
      this.#requests.set(key, pending);
    }
    pending.total[wait.kind] =
      (pending.total[wait.kind] ?? 0) + lengthOf(wait) - (last === undefined ? 0 : lengthOf(last));
    remove(pending.longest, last);
    keepLongest(pending.longest, wait);
  }

  /** Handed out once. */
  take(request: RequestRef): PendingWaits | undefined {
    if (this.#requests.size === 0) return undefined;
    const key = requestKey(request);
    const pending = this.#requests.get(key);
    if (pending !== undefined) this.#requests.delete(key);
    return pending;
  }

  /** Waits of goroutines that this one started between these times, handed out once. Older ones are forgotten. */
  takeChildren({ tgid, goid, handlerStart }: RequestRef, end: number): readonly LockWait[] {
    if (this.#children.size === 0) return [];
    const key = childKey(tgid, goid);
    const waits = this.#children.get(key);
    if (waits === undefined) return [];
    const later = waits.filter(({ start }) => start >= end);
    if (later.length > 0) this.#children.set(key, later);
    else this.#children.delete(key);
    return waits.filter(({ start }) => start >= handlerStart && start < end);
  }

  #addChild(wait: LockWait, last: LockWait | undefined): void {
    const key = childKey(wait.tgid, wait.parentGoid);
    const waits = this.#children.get(key);
    if (waits !== undefined) remove(waits, last);
    if (waits === undefined) this.#children.set(key, [wait]);
    else if (waits.push(wait) > KEPT_OF_CHILDREN) waits.shift();
  }
}

function remove(waits: LockWait[], wait: LockWait | undefined): void {
  const at = wait === undefined ? -1 : waits.indexOf(wait);
  if (at !== -1) waits.splice(at, 1);
}

function keepLongest(waits: LockWait[], wait: LockWait): void {
  const at = waits.findIndex((other) => lengthOf(other) < lengthOf(wait));
  if (at !== -1) waits.splice(at, 0, wait);
  else if (waits.length < KEPT) waits.push(wait);
  if (waits.length > KEPT) waits.pop();
}

function childKey(tgid: number, parentGoid: number): string {
  return `${tgid}/${parentGoid}`;
}
