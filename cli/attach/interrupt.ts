/** The first SIGINT, SIGTERM or SIGHUP asks for an orderly end, the second one ends at once. */
export class Interrupt {
  readonly #controller = new AbortController();
  readonly #stopNow: () => void;
  readonly #onSignal = (): void => this.request();

  constructor(stopNow: () => void) {
    this.#stopNow = stopNow;
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What a signal does; a view calls it for its own quit key. */
  request(): void {
    if (this.#controller.signal.aborted) this.#stopNow();
    else this.#controller.abort();
  }

  close(): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
