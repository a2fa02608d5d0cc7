import type { LockWait } from '../../../agent/correlate/waits/lock-wait.ts';
import type { ReleaseRecord } from '../../../agent/record/decode-waits.ts';

/** One turn of a goroutine at a lock: it comes, waits if it must, holds it for a while. */
export interface Turn {
  readonly goid: number;
  readonly comes: number;
  readonly holds: number;
  /** From being woken to running, if it has to sleep. */
  readonly wakes: number;
}

/** What is true: who held the lock, from when to when. */
export interface Hold {
  readonly goid: number;
  readonly from: number;
  readonly to: number;
}

/** What the probes see of it. A release that nobody waits for is not seen: it passes no slow path. */
export type Seen =
  | { readonly kind: 'release'; readonly time: number; readonly record: ReleaseRecord }
  | { readonly kind: 'wait'; readonly time: number; readonly wait: LockWait };

export const TGID = 7;
export const LOCK = 0xc000_1000;

interface Sleeper {
  readonly turn: Turn;
  readonly asleep: number[];
  /** When it will run; undefined: nobody has woken it. */
  runs: number | undefined;
}

/**
 * A sync.Mutex in its normal mode: a release wakes the one that sleeps longest, unless one is awake already; who
 * comes while the lock is free takes it, and the one that was woken goes to sleep again, at the head of the queue.
 */
export function simulate(turns: readonly Turn[]): { readonly holds: readonly Hold[]; readonly seen: readonly Seen[] } {
  const coming = turns.toSorted((a, b) => a.comes - b.comes);
  const sleepers: Sleeper[] = [];
  const holds: Hold[] = [];
  const seen: Seen[] = [];
  let holder: Hold | undefined;
  const take = ({ goid, holds: time }: Turn, now: number) => {
    holder = { goid, from: now, to: now + time };
    holds.push(holder);
  };

  for (;;) {
    const awake = sleepers.find(({ runs }) => runs !== undefined);
    const next = Math.min(holder?.to ?? Infinity, awake?.runs ?? Infinity, coming[0]?.comes ?? Infinity);
    if (next === Infinity) return { holds, seen };
    if (next === holder?.to) {
      if (sleepers.length > 0) seen.push({ kind: 'release', time: next, record: released(holder.goid, next) });
      holder = undefined;
      const first = sleepers[0];
      if (awake === undefined && first) first.runs = next + first.turn.wakes;
    } else if (awake?.runs === next) {
      // It runs: for the probes this wait is over, whether it gets the lock or not.
      seen.push({ kind: 'wait', time: next, wait: waited(awake, next) });
      if (holder === undefined) {
        sleepers.splice(sleepers.indexOf(awake), 1);
        take(awake.turn, next);
      } else {
        awake.runs = undefined;
        awake.asleep.push(next);
      }
    } else {
      const turn = coming.shift() as Turn;
      if (holder === undefined) take(turn, next);
      else sleepers.push({ turn, asleep: [next], runs: undefined });
    }
  }
}

/** The parts of a call of Lock, joined to one wait as the explainer does. */
function waited({ turn, asleep }: Sleeper, end: number): LockWait {
  return {
    tgid: TGID,
    goid: turn.goid,
    handlerStart: turn.comes,
    parentGoid: 0,
    kind: 'mutex',
    lock: LOCK,
    start: turn.comes,
    end,
    asleep: [...asleep],
    place: undefined,
    holder: undefined,
  };
}

function released(goid: number, time: number): ReleaseRecord {
  return {
    tgid: TGID,
    goid,
    parentGoid: 0,
    handlerStart: 1,
    address: LOCK,
    time,
    lostBefore: false,
    stack: [],
  };
}
