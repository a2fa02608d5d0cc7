import type { ReleaseRecord } from '../../record/decode-waits.ts';
import type { Holder, LockWait } from './lock-wait.ts';
import type { CodePlace } from './place.ts';
import type { RequestRef } from './request-key.ts';

const MAX_LOCKS = 4096;
const MAX_RELEASES = 256;

interface Release extends RequestRef {
  readonly time: number;
  /** It is proven that the lock was held from here on; later than `time`: that is not known. */
  readonly heldSince: number;
  readonly place: CodePlace | undefined;
}

interface Releases {
  readonly tgid: number;
  /** Ascending by time. */
  readonly list: Release[];
  /** Releases up to here were forgotten. */
  forgotten: number;
  /** The earliest proof since the last release that somebody holds the lock. */
  heldSince: number;
}

/**
 * The releases of each lock that somebody waits for: they name the holders, one after the other. By lock, not by
 * semaphore: a reader that waits behind a waiting writer waits for the readers that this one waits for.
 */
export class ReleaseTable {
  readonly #locks = new Map<string, Releases>();
  /** Of a process: releases up to here may be missing, of locks that are not among `#locks`. */
  readonly #lostUntil = new Map<number, number>();

  add({ tgid, goid, handlerStart, time }: ReleaseRecord, lock: number, place: CodePlace | undefined): void {
    const releases = this.#releasesOf(tgid, lock);
    const { list, heldSince } = releases;
    // Records of two processors may be a little out of order.
    let at = list.length;
    while (at > 0 && (list[at - 1] as Release).time > time) at--;
    list.splice(at, 0, { tgid, goid, handlerStart, heldSince, time, place });
    releases.heldSince = Number.POSITIVE_INFINITY;
    if (list.length > MAX_RELEASES) releases.forgotten = list.shift()?.time ?? releases.forgotten;
  }

  /** Releases up to here were left out: who held which lock before is not known. */
  lost(tgid: number, time: number): void {
    for (const releases of this.#locks.values()) {
      if (releases.tgid !== tgid) continue;
      releases.forgotten = Math.max(releases.forgotten, releases.list.at(-1)?.time ?? time, time);
      releases.list.length = 0;
      releases.heldSince = Number.POSITIVE_INFINITY;
    }
    this.#lostBefore(tgid, time);
  }

  /** Somebody who waited for the lock runs: it was given to it, or is in the hands of one who was faster. */
  woken({ tgid, lock, end }: LockWait): void {
    const releases = this.#releasesOf(tgid, lock);
    releases.heldSince = Math.min(releases.heldSince, end);
  }

  /**
   * Who held the lock for the longest part of a wait. Of the time between two releases only that is credited to the
   * one who made the second of which it is proven that the lock was held: from when one who had waited ran, or the
   * one at hand went to sleep. A lock that is free while who was woken waits for a processor is nobody's doing.
   */
  holder(wait: LockWait): Holder | undefined {
    const releases = this.#locks.get(keyOf(wait.tgid, wait.lock));
    if (releases === undefined) return undefined;
    let from = Math.max(wait.start, releases.forgotten);
    let before = releases.forgotten;
    let longest: { release: Release; share: number } | undefined;
    for (const release of releases.list) {
      if (release.time > wait.end) break;
      // What came out of order may prove that the one before held it.
      const heldSince = release.heldSince >= before ? release.heldSince : Number.POSITIVE_INFINITY;
      before = Math.max(before, release.time);
      if (release.time <= from) continue;
      const asleep = wait.asleep.find((time) => time >= from) ?? Number.POSITIVE_INFINITY;
      const share = release.time - Math.max(from, Math.min(heldSince, asleep));
      from = release.time;
      if (release.goid !== wait.goid && share > (longest?.share ?? 0)) longest = { release, share };
    }
    if (longest === undefined) return undefined;
    const { tgid, goid, handlerStart, place } = longest.release;
    return { tgid, goid, handlerStart, place, share: longest.share };
  }

  forget(tgid: number): void {
    this.#lostUntil.delete(tgid);
    for (const key of this.#locks.keys()) if (key.startsWith(`${tgid}/`)) this.#locks.delete(key);
  }

  #releasesOf(tgid: number, lock: number): Releases {
    const key = keyOf(tgid, lock);
    const known = this.#locks.get(key);
    if (known !== undefined) return known;
    if (this.#locks.size >= MAX_LOCKS) this.#forgetOldest();
    const made = {
      tgid,
      list: [],
      forgotten: this.#lostUntil.get(tgid) ?? Number.NEGATIVE_INFINITY,
      heldSince: Number.POSITIVE_INFINITY,
    };
    this.#locks.set(key, made);
    return made;
  }

  /** Should it come back, then with no more than what is known from there on. */
  #forgetOldest(): void {
    for (const [key, { tgid, list, forgotten }] of this.#locks) {
      this.#locks.delete(key);
      this.#lostBefore(tgid, list.at(-1)?.time ?? forgotten);
      return;
    }
  }

  #lostBefore(tgid: number, time: number): void {
    const known = this.#lostUntil.get(tgid);
    if (known === undefined || time > known) this.#lostUntil.set(tgid, time);
  }
}

function keyOf(tgid: number, lock: number): string {
  return `${tgid}/${lock}`;
}
