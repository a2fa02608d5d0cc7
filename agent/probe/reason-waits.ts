import type { GoBinary } from '../gobinary/binary.ts';

/** What a goroutine waits for. Order mirrors `enum wait` in bpf/record.h. */
export const WAITS = [
  'gc_assist',
  'cpu',
  'scheduler',
  'mutex',
  'channel',
  'network',
  'syscall',
  'sleep',
  'gc_stw',
  'other',
] as const;

type Wait = Exclude<(typeof WAITS)[number], 'gc_stw'>;

/** By the texts of runtime.waitReasonStrings; some have `(nil chan)` or `(synctest)` behind them. */
const BY_REASON: readonly (readonly [RegExp, Wait])[] = [
  [/^IO wait$/, 'network'],
  [/^sleep$/, 'sleep'],
  [/^(chan (receive|send)|select)\b/, 'channel'],
  [/^sync\.(Mutex|RWMutex)\./, 'mutex'],
  [/^GC assist/, 'gc_assist'],
  [/^preempted$/, 'scheduler'],
];

/** Before Go 1.20 mutexes have no reason of their own: they wait as this, and so do wait groups. */
export const SHARED_REASON = 'semacquire';

export function hasMutexReason(reasons: readonly string[]): boolean {
  return reasons.includes('sync.Mutex.Lock');
}

export function waitOfReason(reason: string): Wait {
  return BY_REASON.find(([pattern]) => pattern.test(reason))?.[1] ?? 'other';
}

/** Of every reason of this binary its wait, as a number of `enum wait`. Undefined: it does not hold the texts. */
export function reasonWaits(binary: GoBinary): readonly number[] | undefined {
  const reasons = binary.waitReasons();
  if (reasons === undefined) return undefined;
  const isShared = !hasMutexReason(reasons);
  return reasons.map((reason) => WAITS.indexOf(isShared && reason === SHARED_REASON ? 'mutex' : waitOfReason(reason)));
}
