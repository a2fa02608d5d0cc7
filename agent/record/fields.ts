import { RecordError } from './error.ts';
import { FIELD, Tag } from './layout.ts';

const TAGS = 64;
const NOT_ASCII = /[^\0-\x7f]/;

/**
 * The variable-length values of the record at hand: where each one lies. Strings are made when they are asked
 * for. One table is used for record after record.
 */
export class FieldTable {
  readonly #start = new Int32Array(TAGS);
  readonly #length = new Int32Array(TAGS);
  readonly #cut = new Uint8Array(TAGS);
  /** The record in which a tag was last seen: spares clearing the table. */
  readonly #seen = new Float64Array(TAGS);
  #record = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** Indexes the fields in `bytes[start, end)`. Throws RecordError when one runs past the end. */
  index(bytes: Buffer, view: DataView, start: number, end: number): void {
    this.#bytes = bytes;
    this.#view = view;
    this.#record++;
    let at = start;
    while (at < end) {
      if (end - at < FIELD.size) throw new RecordError('a field head is cut off');
      const tag = view.getUint8(at + FIELD.tag);
      const length = view.getUint16(at + FIELD.len, true);
      const fullLength = view.getUint32(at + FIELD.fullLen, true);
      at += FIELD.size;
      if (length > end - at) throw new RecordError(`field ${tag} runs past the end of its record`);
      if (tag === Tag.requestLine) {
        const method = view.getUint8(at - FIELD.size + FIELD.split);
        if (method >= length) throw new RecordError('the method of a request runs past its line');
        this.#put(Tag.method, at, method, 0);
        this.#put(Tag.uri, at + method + 1, length - method - 1, fullLength > length ? 1 : 0);
      } else if (tag < TAGS) {
        // A fixed-size field says with full_len how much of it is filled.
        this.#put(tag, at, Math.min(length, fullLength), fullLength > length ? 1 : 0);
      }
      at += length;
    }
  }

  #put(tag: number, start: number, length: number, cut: 0 | 1): void {
    this.#seen[tag] = this.#record;
    this.#start[tag] = start;
    this.#length[tag] = length;
    this.#cut[tag] = cut;
  }

  has(tag: number): boolean {
    return this.#seen[tag] === this.#record;
  }

  /** The target holds more than was sent. */
  isCut(tag: number): boolean {
    return this.has(tag) && this.#cut[tag] === 1;
  }

  /** Decoded as UTF-8, invalid bytes replaced; not cleaned of control characters. Undefined: not in the record. */
  text(tag: number): string | undefined {
    if (this.#seen[tag] !== this.#record) return undefined;
    const start = this.#start[tag] as number;
    const end = start + (this.#length[tag] as number);
    const text = this.#bytes.toString('latin1', start, end);
    return NOT_ASCII.test(text) ? this.#wideText(tag, start, end) : text;
  }

  /** A value of 8-byte words, read in place; undefined: not in the record, or shorter than what is read of it. */
  word<T>(tag: number, read: (view: DataView, offset: number) => T, size = 8): T | undefined {
    if (this.#seen[tag] !== this.#record || (this.#length[tag] as number) < size) return undefined;
    return read(this.#view, this.#start[tag] as number);
  }

  /** A copy: it outlives the record. */
  bytes(tag: number): Buffer | undefined {
    if (!this.has(tag)) return undefined;
    const start = this.#start[tag] as number;
    return Buffer.from(this.#bytes.subarray(start, start + (this.#length[tag] as number)));
  }

  #wideText(tag: number, start: number, end: number): string {
    const text = this.#bytes.toString('utf8', start, end);
    return this.#cut[tag] === 1 ? text.replace(/\ufffd+$/, '') : text;
  }
}
