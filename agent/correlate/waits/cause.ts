import type { SampledWaits, WaitKind } from '../sampled-waits.ts';
import { type LockWait, lengthOf } from './lock-wait.ts';
import { type LockKind, shortPlace } from './place.ts';
import type { RequestWaits } from './request-waits.ts';

/** Why a request was slow: its largest known wait, if that is a good part of it. */
export interface Cause {
  /** Nanoseconds of the request that it explains. */
  readonly time: number;
  /** In words, without the times. Cleaned. */
  readonly text: string;
  /** From samples: time and text are estimates, and the text says so. */
  readonly isEstimate?: true;
}

/** A cause explains at least this share of a request, and at least this long, ns. */
const LEAST_SHARE = 0.25;
const LEAST_TIME = 200_000;
/** Below this share of a wait there were other holders too, one after the other. */
const WHOLE = 0.75;

const WORDS: Readonly<Record<LockKind, string>> = {
  mutex: 'waited for the mutex',
  rwmutex_read: 'waited to read-lock the RWMutex',
  rwmutex_write: 'waited to lock the RWMutex',
  wait_group: 'waited for the WaitGroup',
  cond: 'waited for the Cond',
  other: 'waited inside net/http or the runtime',
};

/** What took the time where it was no lock; `other` is what has no name of its own. */
const STATE_WORDS: Readonly<Record<Exclude<WaitKind, 'mutex' | 'gc_assist'>, string>> = {
  cpu: 'on CPU',
  scheduler: 'waited for a processor',
  channel: 'waited for a channel',
  network: 'waited for the network',
  syscall: 'in a system call',
  sleep: 'slept',
  other: 'waited for something else',
};
const ASSIST = 'was made to mark for the garbage collector';

/**
 * The largest of what is known exactly. Only where nothing of that is large enough, what samples say.
 * @param duration of the span, ns
 */
export function causeOf(waits: RequestWaits, duration: number, sampled?: SampledWaits): Cause | undefined {
  // Nothing explains more of a request than it took.
  if (duration < LEAST_TIME) return undefined;
  const candidates = [...lockCauses(waits), ...stateCauses(waits)];
  if (waits.gcStw) candidates.push({ time: waits.gcStw, text: pauseText(waits) });
  if (waits.gcAssist) candidates.push({ time: waits.gcAssist, text: ASSIST });
  return (
    largest(candidates, duration) ??
    largest(mutexesCause(waits), duration) ??
    (sampled && largest(sampledCauses(waits, duration, sampled), duration))
  );
}

function largest(candidates: readonly Cause[], duration: number): Cause | undefined {
  const [first] = candidates.toSorted((a, b) => b.time - a.time);
  if (first === undefined || first.time < LEAST_TIME || first.time < duration * LEAST_SHARE) return undefined;
  return first;
}

/** --deep. Waits for a WaitGroup or a Cond are among the other ones there, and have better words above. */
function stateCauses({ states, waitGroup = 0, cond = 0 }: RequestWaits): Cause[] {
  if (states === undefined) return [];
  const { cpu, scheduler, channel, network, syscall, sleep } = states;
  const other = Math.max(0, states.other - waitGroup - cond);
  return Object.entries({ cpu, scheduler, channel, network, syscall, sleep, other }).map(([kind, time]) => ({
    time,
    text: STATE_WORDS[kind as keyof typeof STATE_WORDS],
  }));
}

/** None of them large enough alone. */
function mutexesCause({ states, mutex }: RequestWaits): Cause[] {
  const time = states?.mutex ?? mutex ?? 0;
  return [{ time, text: 'waited for mutexes, several times' }];
}

/** Shares that are more than a quarter by at least their standard error, of kinds that are not known exactly. */
function sampledCauses(waits: RequestWaits, duration: number, { samples, times, where }: SampledWaits): Cause[] {
  const exact = (waits.waitGroup ?? 0) + (waits.cond ?? 0) + (waits.gcStw ?? 0);
  return (Object.entries(times) as [WaitKind, number][]).flatMap(([kind, estimate]) => {
    if (kind === 'mutex' ? waits.mutex !== undefined : kind === 'gc_assist' && waits.gcAssist !== undefined) return [];
    const time = kind === 'other' ? Math.max(0, estimate - exact) : estimate;
    const share = Math.min(1, time / duration);
    const least = share - Math.sqrt((share * (1 - share)) / samples);
    if (least < LEAST_SHARE) return [];
    const place = where?.kind === kind ? ` at ${shortPlace(where)}` : '';
    const text = `${least >= 0.5 ? 'mostly' : 'partly'} ${sampledWords(kind)}${place} (sampled)`;
    return [{ time: Math.round(time), text, isEstimate: true as const }];
  });
}

function sampledWords(kind: WaitKind): string {
  if (kind === 'mutex') return 'waited for a mutex';
  return kind === 'gc_assist' ? ASSIST : STATE_WORDS[kind];
}

/** Waits for the same lock are one cause; its words are those of the longest. */
function lockCauses({ locks }: RequestWaits): Cause[] {
  if (locks.length === 0) return [];
  const byLock = new Map<number, { time: number; longest: RequestWaits['locks'][number] }>();
  for (const wait of locks) {
    if (wait.ofChild) continue;
    const known = byLock.get(wait.lock);
    if (known === undefined) byLock.set(wait.lock, { time: lengthOf(wait), longest: wait });
    else known.time += lengthOf(wait);
  }
  return [...byLock.values()].map(({ time, longest }) => ({ time, text: lockText(longest) }));
}

function lockText(wait: RequestWaits['locks'][number]): string {
  const at = wait.place ? ` at ${shortPlace(wait.place)}` : '';
  return `${WORDS[wait.kind]}${at}${holderText(wait, wait.holderIdentity)}`;
}

function holderText(wait: LockWait, identity: RequestWaits['locks'][number]['holderIdentity']): string {
  const { kind, holder } = wait;
  if (kind === 'cond' || kind === 'other') return '';
  if (holder === undefined) return kind === 'wait_group' ? '' : ', holder unknown';
  const isWhole = holder.share >= lengthOf(wait) * WHOLE;
  const verb = kind === 'wait_group' ? 'ended' : isWhole ? 'held' : 'held longest';
  const where = holder.place ? ` at ${shortPlace(holder.place)}` : '';
  if (identity === undefined) return `, ${verb} by goroutine ${holder.goid}${where}`;
  return `, ${verb} by ${identity.name}${where}, trace ${identity.traceId.slice(0, 8)}…`;
}

function pauseText({ pauses }: RequestWaits): string {
  const longest = pauses.toSorted((a, b) => lengthOf(b) - lengthOf(a))[0];
  return `stood still while the world was stopped${longest ? ` (${longest.reason})` : ''}`;
}
