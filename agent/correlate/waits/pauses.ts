import type { PauseRecord } from '../../record/decode-waits.ts';
import { PAUSE_REASONS } from '../../record/pause-reasons.ts';
import { cleanLine } from '../clean.ts';

/** A stop of the world, explained. Times are nanoseconds since the clock base. */
export interface Pause {
  readonly start: number;
  readonly end: number;
  /** In the runtime's words, e.g. `GC mark termination`. */
  readonly reason: string;
  readonly isGc: boolean;
  /** Its length by the runtime's own account, ns: a little less, or the same where that is not known. */
  readonly byRuntime: number;
}

const MAX_PAUSES = 2048;

/** Before Go 1.21 the two pauses of a collection differ in what gcMarkDone has noted by then (runtime/mgc.go). */
const OLD_REASONS: ReadonlyMap<string, string> = new Map([
  ['', PAUSE_REASONS[2]],
  ['gcing', PAUSE_REASONS[1]],
]);

export function pauseOf({ reason, text, start, end, byRuntime }: PauseRecord): Pause {
  const words =
    reason === undefined ? (OLD_REASONS.get(text) ?? cleanLine(text)) : (PAUSE_REASONS[reason] ?? `reason ${reason}`);
  const isGc = words === PAUSE_REASONS[1] || words === PAUSE_REASONS[2];
  return { start, end, reason: words, isGc, byRuntime: byRuntime || end - start };
}

/** The recent pauses of each process. */
export class PauseTable {
  readonly #pauses = new Map<number, Pause[]>();

  add(tgid: number, pause: Pause): void {
    const pauses = this.#pauses.get(tgid);
    if (pauses === undefined) {
      this.#pauses.set(tgid, [pause]);
      return;
    }
    pauses.push(pause);
    if (pauses.length > MAX_PAUSES) pauses.splice(0, MAX_PAUSES / 2);
  }

  /** Those that overlap a stretch of time, latest first, each cut to it. */
  within(tgid: number, start: number, end: number): readonly Pause[] {
    const pauses = this.#pauses.get(tgid);
    if (pauses === undefined) return NONE;
    let found: Pause[] | undefined;
    for (let i = pauses.length - 1; i >= 0; i--) {
      const pause = pauses[i] as Pause;
      if (pause.end <= start) break;
      if (pause.start >= end) continue;
      found ??= [];
      found.push({ ...pause, start: Math.max(start, pause.start), end: Math.min(end, pause.end) });
    }
    return found ?? NONE;
  }

  forget(tgid: number): void {
    this.#pauses.delete(tgid);
  }
}

const NONE: readonly Pause[] = [];
