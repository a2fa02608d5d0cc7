import { RecordError } from './error.ts';
import { HEADER, REC_VERSION } from './layout.ts';

/** Longer records are refused: no record of ours comes near it. */
export const MAX_RECORD_BYTES = 64 << 10;

/** One whole record at `bytes[start, end)`. The bytes are only valid during the call. */
export type RecordSink = (type: number, bytes: Buffer, start: number, end: number) => void;

/**
 * Cuts a byte stream into records. A record that lies in one chunk is passed on where it lies; one that spans
 * chunks is gathered in a buffer that is used again.
 *
 * A malformed head throws RecordError, then and on every later call: the stream cannot be resynchronised.
 */
export class FrameSplitter {
  readonly #sink: RecordSink;
  readonly #gathered = Buffer.allocUnsafeSlow(MAX_RECORD_BYTES);
  #have = 0;
  #failure: RecordError | undefined;

  constructor(sink: RecordSink) {
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    if (this.#failure) throw this.#failure;
    let at = this.#have > 0 ? this.#completeGathered(chunk) : 0;
    while (chunk.length - at >= HEADER.size) {
      const end = at + this.#recordLength(chunk, at);
      if (end > chunk.length) break;
      this.#sink(chunk.readUInt16LE(at + HEADER.type), chunk, at, end);
      at = end;
    }
    if (at < chunk.length) this.#have += chunk.copy(this.#gathered, this.#have, at);
  }

  /** The stream has ended. Throws RecordError when it ended inside a record. */
  end(): void {
    if (this.#have > 0) this.#fail(`the stream ended inside a record, after ${this.#have} of its bytes`);
  }

  /** Returns how much of the chunk it took. */
  #completeGathered(chunk: Buffer): number {
    let at = this.#gather(chunk, 0, HEADER.size);
    if (this.#have < HEADER.size) return at;
    const length = this.#recordLength(this.#gathered, 0);
    at += this.#gather(chunk, at, length);
    if (this.#have < length) return at;
    this.#have = 0;
    this.#sink(this.#gathered.readUInt16LE(HEADER.type), this.#gathered, 0, length);
    return at;
  }

  #gather(chunk: Buffer, from: number, wanted: number): number {
    if (this.#have >= wanted) return 0;
    const taken = chunk.copy(this.#gathered, this.#have, from, from + wanted - this.#have);
    this.#have += taken;
    return taken;
  }

  #recordLength(bytes: Buffer, at: number): number {
    const length = bytes.readUInt32LE(at + HEADER.len);
    if (length < HEADER.size || length > MAX_RECORD_BYTES || length % 8 !== 0) {
      this.#fail(`a record claims to be ${length} bytes long`);
    }
    const version = bytes[at + HEADER.version];
    if (version !== REC_VERSION) {
      this.#fail(`records of version ${version}, but this agent reads version ${REC_VERSION}`);
    }
    return length;
  }

  #fail(what: string): never {
    this.#failure = new RecordError(`${what}; the loader and the agent must be of the same build`);
    throw this.#failure;
  }
}
