import { hasMutexReason, SHARED_REASON, waitOfReason } from '../probe/reason-waits.ts';
import type { WaitKind } from './sampled-waits.ts';

/** runtime: g.atomicstatus, the same from Go 1.19 to 1.27. */
export const GoStatus = {
  idle: 0,
  runnable: 1,
  running: 2,
  syscall: 3,
  waiting: 4,
  dead: 6,
  copyStack: 8,
  preempted: 9,
  deadExtra: 11,
} as const;

const BY_STATUS: ReadonlyMap<number, WaitKind> = new Map([
  [GoStatus.runnable, 'scheduler'],
  [GoStatus.running, 'cpu'],
  [GoStatus.syscall, 'syscall'],
  // Its stack is being moved to a larger one.
  [GoStatus.copyStack, 'cpu'],
  [GoStatus.preempted, 'scheduler'],
]);

/** What a goroutine of one program does, by its status and the number of its wait reason. */
export class WaitKinds {
  readonly #byReason: readonly WaitKind[];
  /** The reason that mutexes and wait groups share; -1: they do not. */
  readonly #shared: number;

  /** @param reasons the program's own texts (GoBinary.waitReasons) */
  constructor(reasons: readonly string[]) {
    this.#shared = hasMutexReason(reasons) ? -1 : reasons.indexOf(SHARED_REASON);
    this.#byReason = reasons.map(waitOfReason);
  }

  /** @param inGroup whether its stack passes sync.(*WaitGroup).Wait; asked where the reason does not tell */
  of(status: number, reason: number, inGroup: () => boolean): WaitKind {
    if (status === GoStatus.waiting) {
      if (reason === this.#shared) return inGroup() ? 'other' : 'mutex';
      return this.#byReason[reason] ?? 'other';
    }
    return BY_STATUS.get(status) ?? 'other';
  }
}
