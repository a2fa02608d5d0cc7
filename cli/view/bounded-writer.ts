import type { Writable } from 'node:stream';

/** What may wait for a slow reader before lines are left out. */
const MAX_WAITING_BYTES = 8 << 20;

/** Lines are handed over together: a write of its own for each costs more than all the rest of a span. */
const BATCH_LENGTH = 64 << 10;

/**
 * Writes lines to a stream whose reader may be slow. They go out together, at the latest when the work at hand is
 * done. Memory is bounded: a line that finds too much waiting is left out and counted.
 */
export class BoundedWriter {
  readonly #stream: Writable;
  #batch: string[] = [];
  #batchLength = 0;
  #scheduled = false;
  #dropped = 0;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** @param text with its line feed */
  write(text: string): void {
    if (this.#stream.writableLength > MAX_WAITING_BYTES) {
      this.#dropped++;
      return;
    }
    this.#batch.push(text);
    this.#batchLength += text.length;
    if (this.#batchLength >= BATCH_LENGTH) this.flush();
    else this.#schedule();
  }

  /** Hands over what has gathered. Before anything else is written to the stream. */
  flush(): void {
    if (this.#batch.length === 0) return;
    this.#stream.write(this.#batch.join(''));
    this.#batch = [];
    this.#batchLength = 0;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }
}
