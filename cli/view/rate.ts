const SECONDS = 10;
const NS = 1e9;

/** Events a second over the last ten seconds of session time, or over the time since the first one where that is shorter. */
export class RateMeter {
  readonly #counts = new Float64Array(SECONDS);
  #first: number | undefined;
  #latest = Number.NEGATIVE_INFINITY;

  /** @param time session time, ns; events may come a little out of order */
  add(time: number, count: number): void {
    const second = Math.floor(time / NS);
    this.#first ??= second;
    this.#advance(second);
    if (second <= this.#latest - SECONDS) return;
    const slot = slotOf(second);
    this.#counts[slot] = (this.#counts[slot] ?? 0) + count;
  }

  perSecond(now: number): number {
    if (this.#first === undefined) return 0;
    this.#advance(Math.floor(now / NS));
    const window = Math.min(SECONDS, Math.max(1, now / NS - this.#first));
    return this.#counts.reduce((sum, count) => sum + count, 0) / window;
  }

  #advance(second: number): void {
    if (second <= this.#latest) return;
    if (second - this.#latest >= SECONDS) this.#counts.fill(0);
    else for (let next = this.#latest + 1; next <= second; next++) this.#counts[slotOf(next)] = 0;
    this.#latest = second;
  }
}

function slotOf(second: number): number {
  return ((second % SECONDS) + SECONDS) % SECONDS;
}
