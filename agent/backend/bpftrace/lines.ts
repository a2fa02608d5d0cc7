/** Longer lines are no lines of ours: they are dropped and counted. */
export const MAX_LINE_BYTES = 64 << 10;

/**
 * Cuts a byte stream into lines, whatever the chunks. A line is handed on as latin1 text, one character a byte, because
 * bpftrace passes the target's bytes through as they are. Holds no more than one line.
 */
export class LineSplitter {
  readonly #line: (text: string) => void;
  readonly #overlong: () => void;
  #parts: string[] = [];
  #length = 0;

  /** @param overlong called once for each line that was dropped */
  constructor(line: (text: string) => void, overlong: () => void) {
    this.#line = line;
    this.#overlong = overlong;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (let to = chunk.indexOf(NEWLINE); to >= 0; to = chunk.indexOf(NEWLINE, from)) {
      this.#take(chunk, from, to);
      this.#finish();
      from = to + 1;
    }
    this.#take(chunk, from, chunk.length);
  }

  /** The stream has ended: what stands without a newline is a line too. */
  end(): void {
    if (this.#length > 0) this.#finish();
  }

  #take(chunk: Buffer, from: number, to: number): void {
    this.#length += to - from;
    if (this.#length > MAX_LINE_BYTES) this.#parts = [];
    else if (to > from) this.#parts.push(chunk.toString('latin1', from, to));
  }

  #finish(): void {
    if (this.#length > MAX_LINE_BYTES) this.#overlong();
    else if (this.#length > 0) this.#line(this.#parts.length === 1 ? (this.#parts[0] ?? '') : this.#parts.join(''));
    this.#parts = [];
    this.#length = 0;
  }
}

const NEWLINE = 0x0a;
