import type { Image, Span } from './image.ts';

const CHUNK = 512 * 1024;
/** Names are numbered in 22 bits and located in 31: together they fit a double. */
const MAX_NAMES = 1 << 22;

/** Longer names are not in an index: those of generic functions and types, instantiated with long arguments. */
export const MAX_INDEXED_NAME = 1024;

/** FNV-1a of 32 bits, never 0: 0 marks what has no name. */
export function hashBytes(bytes: Buffer, start: number, end: number): number {
  let value = 0x811c9dc5;
  for (let i = start; i < end; i++) value = Math.imul(value ^ (bytes[i] as number), 0x01000193);
  return value >>> 0 || 1;
}

export function hashText(text: string): number {
  const bytes = Buffer.from(text, 'utf8');
  return hashBytes(bytes, 0, bytes.length);
}

/**
 * Hashes names that are stored at `offsets` of a table, in one pass over it whatever their order. `hashAt` is given
 * a chunk of the table with at least MAX_INDEXED_NAME bytes of the name, or all that there is up to `limit`.
 */
export function hashNames(
  image: Image,
  table: Span,
  offsets: Uint32Array,
  hashAt: (chunk: Buffer, at: number, limit: number) => number,
): Uint32Array {
  const hashes = new Uint32Array(offsets.length);
  const chunk = Buffer.allocUnsafeSlow(Math.min(table.length, CHUNK));
  let from = 0;
  let to = 0;
  for (const key of sortedKeys(offsets)) {
    const at = Math.floor(key / MAX_NAMES);
    if (at >= table.length) break;
    if (Math.min(at + MAX_INDEXED_NAME + 4, table.length) > to) {
      from = at;
      to = Math.min(at + chunk.length, table.length);
      image.readInto(chunk, table.address + from, to - from);
    }
    hashes[key % MAX_NAMES] = hashAt(chunk, at - from, to - from);
  }
  return hashes;
}

/** Pairs of offset and number in the order of the offsets, by one native sort. */
function sortedKeys(offsets: Uint32Array): Float64Array {
  const keys = new Float64Array(Math.min(offsets.length, MAX_NAMES));
  for (let i = 0; i < keys.length; i++) keys[i] = (offsets[i] as number) * MAX_NAMES + i;
  return keys.sort();
}
