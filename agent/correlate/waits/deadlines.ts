import type { DeadlineRecord } from '../../record/decode-waits.ts';

const MAX_DEADLINES = 1024;

/** Deadlines that passed lately, by process. */
export class DeadlineTable {
  readonly #deadlines = new Map<number, DeadlineRecord[]>();

  add(deadline: DeadlineRecord): void {
    const known = this.#deadlines.get(deadline.tgid);
    if (known === undefined) this.#deadlines.set(deadline.tgid, [deadline]);
    else if (known.push(deadline) > MAX_DEADLINES) known.splice(0, MAX_DEADLINES / 2);
  }

  /** When the first deadline passed that a request's context had given rise to, between these times. */
  passed(tgid: number, context: number, start: number, end: number): number | undefined {
    const known = this.#deadlines.get(tgid);
    return known?.find(({ time, parents }) => time >= start && time <= end && parents.includes(context))?.time;
  }

  forget(tgid: number): void {
    this.#deadlines.delete(tgid);
  }
}
