import type { LockReport } from '../../agent/correlate/waits/lock-report.ts';
import { type CodePlace, type LockKind, shortPlace } from '../../agent/correlate/waits/place.ts';
import { formatCount, formatDuration } from '../format.ts';
import { printable } from '../text.ts';

const KINDS: Readonly<Record<LockKind, string>> = {
  mutex: 'Mutex',
  rwmutex_read: 'RWMutex',
  rwmutex_write: 'RWMutex',
  wait_group: 'WaitGroup',
  cond: 'Cond',
  other: 'semaphore',
};

/** As package sync calls it. The two sides of an RWMutex are one lock. */
export function lockName(kind: LockKind): string {
  return KINDS[kind];
}

/** One wait: `RWMutex for reading`. */
export function waitName(kind: LockKind): string {
  if (kind === 'rwmutex_read') return 'RWMutex, to read';
  return kind === 'rwmutex_write' ? 'RWMutex, to write' : KINDS[kind];
}

/** `held by`; who ends the wait of a WaitGroup has not held it; a Cond and net/http's own waits have no holder. */
export function holderVerb(kind: LockKind): string | undefined {
  if (kind === 'cond' || kind === 'other') return undefined;
  return kind === 'wait_group' ? 'ended by' : 'held by';
}

/** `store.go:88` */
export function placeText(place: CodePlace | undefined): string {
  return place === undefined ? 'unknown' : printable(shortPlace(place));
}

/** `store.go:88 main.(*store).get` */
export function fullPlaceText(place: CodePlace | undefined): string {
  return place === undefined ? 'unknown' : `${placeText(place)} ${printable(place.function)}`;
}

/** Who held it most, in a few words: a route, else a place. */
export function topHolder({ kind, holding, heldAt }: LockReport): string {
  if (holderVerb(kind) === undefined) return '-';
  const [route] = holding;
  if (route !== undefined) return printable(route.of);
  const [place] = heldAt;
  return place === undefined ? 'unknown' : placeText(place.of);
}

/** Waits inside of net/http and the runtime are no lock of the program: their sum is enough. */
export function splitLocks(locks: readonly LockReport[]): {
  readonly own: readonly LockReport[];
  readonly others: { readonly count: number; readonly total: number };
} {
  const others = locks.filter(({ kind }) => kind === 'other');
  return {
    own: locks.filter(({ kind }) => kind !== 'other'),
    others: {
      count: others.reduce((sum, { count }) => sum + count, 0),
      total: others.reduce((sum, { total }) => sum + total, 0),
    },
  };
}

/** `and 2,282 waits inside net/http and the runtime, 23.1ms in all`; undefined: there were none */
export function othersText({ count, total }: { readonly count: number; readonly total: number }): string | undefined {
  return count === 0
    ? undefined
    : `beside them ${formatCount(count)} waits inside net/http and the runtime, ${formatDuration(total)} in all`;
}
