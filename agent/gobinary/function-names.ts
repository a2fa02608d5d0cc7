import { damaged } from './errors.ts';
import type { Image, Span } from './image.ts';
import type { PclntabTables } from './pclntab.ts';
import { take } from './take.ts';

const CHUNK = 512 * 1024;
const NAME_OFFSET = 4;
/** More than any program has; bounds a file that is made to be slow. */
const MAX_PREFIXED_NAMES = 64 * 1024;

/**
 * From names to functions without a string for each: names are searched for as bytes, in the file, and the offset of
 * every function's name (4 bytes a function, read in one pass over the records) leads to the function.
 */
export class FunctionNames {
  readonly #image: Image;
  readonly #table: Span;
  readonly #offsets: Uint32Array;

  /** `records`: offset in pclntable of each function's record, ascending. */
  constructor(image: Image, tables: PclntabTables, records: (index: number) => number) {
    this.#image = image;
    this.#table = tables.funcnametab;
    this.#offsets = readOffsets(image, tables, records);
  }

  /** Numbers of the functions of exactly this name, ascending. */
  *named(name: string): Generator<number> {
    // The linker stores each name once.
    for (const offset of take(this.#search(Buffer.from(`${name}\0`, 'utf8')), 1)) {
      for (let i = this.#offsets.indexOf(offset); i !== -1; i = this.#offsets.indexOf(offset, i + 1)) yield i;
    }
  }

  /** Numbers of the functions whose names begin with `prefix`, ascending. */
  *beginningWith(prefix: string): Generator<number> {
    const wanted = new Set(take(this.#search(Buffer.from(prefix, 'utf8')), MAX_PREFIXED_NAMES));
    for (let i = 0; wanted.size > 0 && i < this.#offsets.length; i++) {
      if (wanted.has(this.#offsets[i] as number)) yield i;
    }
  }

  /** Offsets of the names that begin with `bytes`. */
  *#search(bytes: Buffer): Generator<number> {
    for (const address of this.#image.search(this.#table, bytes)) {
      const offset = address - this.#table.address;
      if (offset === 0 || this.#image.bytes(address - 1, 1)[0] === 0) yield offset;
    }
  }
}

function readOffsets(image: Image, tables: PclntabTables, records: (index: number) => number): Uint32Array {
  const { address, length } = tables.pclntable;
  const offsets = new Uint32Array(tables.functionCount);
  const chunk = Buffer.allocUnsafeSlow(Math.min(length, CHUNK));
  let from = 0;
  let to = 0;
  for (let i = 0; i < offsets.length; i++) {
    const at = records(i) + NAME_OFFSET;
    if (at + 4 > length) throw damaged('a function record lies outside of its table');
    if (at + 4 > to) {
      from = at;
      to = Math.min(at + chunk.length, length);
      image.readInto(chunk, address + from, to - from);
    }
    offsets[i] = chunk.readUInt32LE(at - from);
  }
  return offsets;
}
