const INITIAL_MS = 250;
const LONGEST_MS = 5_000;
/** However long a receiver asks us to wait. */
const LONGEST_ASKED_MS = 60_000;

/** Exponential, with full jitter in its upper half: agents of many nodes do not come back at the same moment. */
export class Backoff {
  #failures = 0;

  get failing(): boolean {
    return this.#failures > 0;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  /** @param askedMs what the receiver asked for; @returns how long to wait, ms */
  failed(askedMs: number | undefined): number {
    const step = Math.min(LONGEST_MS, INITIAL_MS * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 16);
    const jittered = step * (0.5 + Math.random() / 2);
    return Math.max(jittered, Math.min(askedMs ?? 0, LONGEST_ASKED_MS));
  }
}
