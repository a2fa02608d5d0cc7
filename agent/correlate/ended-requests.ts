/** Goroutines that are remembered, for each process. */
const REMEMBERED = 65_536;

/** The goroutines that have served requests, and when each of them returned from its last handler. */
export class EndedRequests {
  readonly #ends = new Map<number, Map<number, number>>();

  note(tgid: number, goid: number, handlerEnd: number): void {
    const ends = this.#ends.get(tgid) ?? new Map<number, number>();
    this.#ends.set(tgid, ends);
    ends.set(goid, handlerEnd);
    if (ends.size > REMEMBERED) ends.delete(ends.keys().next().value as number);
  }

  /** Undefined: none is known. */
  lastEnd(tgid: number, goid: number): number | undefined {
    return this.#ends.get(tgid)?.get(goid);
  }

  forget(tgid: number): void {
    this.#ends.delete(tgid);
  }
}
