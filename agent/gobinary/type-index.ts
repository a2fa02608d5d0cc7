import { damaged } from './errors.ts';
import type { Image, Span } from './image.ts';
import { hashBytes, hashNames, hashText, MAX_INDEXED_NAME } from './name-hash.ts';

/** Offsets in `abi.Type` (Go: internal/abi/type.go, before 1.21 runtime/type.go); the same since Go 1.18. */
export const TYPE = { size: 0, tflag: 20, kind: 23, str: 40, ptrToThis: 44, end: 48 } as const;
export const TFLAG_UNCOMMON = 1;
export const TFLAG_EXTRA_STAR = 2;
export const TFLAG_NAMED = 4;
export const KIND_MASK = 31;
export const LAST_KIND = 26;

const CHUNK = 512 * 1024;
const MAX_CANDIDATES = 1 << 21;

/**
 * Where the named types of a binary may be, by a hash of their name without its package. Made in two passes over
 * the types: descriptors, then the names they point at. Takes 8 bytes a type. It yields candidates only: what
 * looks like a descriptor may be other data, so the caller checks name, kind and package.
 */
export class TypeIndex {
  readonly #hashes: Uint32Array;
  readonly #offsets: Uint32Array;

  constructor(image: Image, types: Span) {
    const found = collect(image, types);
    this.#offsets = found.offsets;
    this.#hashes = hashNames(image, types, found.names, hashName);
  }

  /** Offsets from the start of the types. `name` is without its package. */
  *candidates(name: string): Generator<number> {
    const wanted = hashText(name);
    for (let i = this.#hashes.indexOf(wanted); i !== -1; i = this.#hashes.indexOf(wanted, i + 1)) {
      yield this.#offsets[i] as number;
    }
  }
}

/** Offsets of what looks like the descriptor of a named type with methods or a package, and of its name. */
function collect(image: Image, types: Span): { offsets: Uint32Array; names: Uint32Array } {
  let offsets = new Uint32Array(16 * 1024);
  let names = new Uint32Array(offsets.length);
  let count = 0;
  const words = new Uint32Array(CHUNK / 4);
  const chunk = Buffer.from(words.buffer);
  const step = CHUNK - TYPE.end;
  for (let start = (8 - (types.address % 8)) % 8; start + TYPE.end <= types.length; start += step) {
    const length = Math.min(CHUNK, types.length - start);
    image.readInto(chunk, types.address + start, length);
    const last = (Math.min(step, length - TYPE.end + 1) - 1) >>> 2;
    for (let i = 0; i <= last; i += 2) {
      const word = words[i + 5] as number;
      if ((word & 0xc5) !== (TFLAG_NAMED | TFLAG_UNCOMMON) || !isDescriptor(word)) continue;
      const name = words[i + 10] as number;
      if (name === 0 || name >= types.length) continue;
      if (count === offsets.length) [offsets, names] = [doubled(offsets), doubled(names)];
      offsets[count] = start + 4 * i;
      names[count++] = name;
    }
  }
  return { offsets: offsets.slice(0, count), names: names.slice(0, count) };
}

function doubled(values: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  if (values.length >= MAX_CANDIDATES) throw damaged('it has too many types');
  const larger = new Uint32Array(2 * values.length);
  larger.set(values);
  return larger;
}

/** `word` holds tflag, align, fieldAlign and kind. */
function isDescriptor(word: number): boolean {
  const kind = (word >>> 24) & KIND_MASK;
  const align = (word >>> 8) & 0xff;
  return (
    kind >= 1 && kind <= LAST_KIND && align <= 8 && (align & (align - 1)) === 0 && align === ((word >>> 16) & 0xff)
  );
}

/** The hash of the part of a name record after its first dot; 0 where there is none. */
function hashName(bytes: Buffer, at: number, limit: number): number {
  if (at + 3 > limit) return 0;
  const first = bytes[at + 1] as number;
  const wide = first >= 0x80;
  const length = wide ? (first & 0x7f) | ((bytes[at + 2] as number) << 7) : first;
  const start = at + (wide ? 3 : 2);
  if (length > MAX_INDEXED_NAME || start + length > limit) return 0;
  const dot = bytes.indexOf(0x2e, start);
  return dot === -1 || dot >= start + length ? 0 : hashBytes(bytes, dot + 1, start + length);
}
