import type { Image } from './image.ts';
import { take } from './take.ts';

/** Three strings that follow each other in a Go array of strings, and so in no other. */
export type Neighbours = readonly [before: string, text: string, after: string];

const HEADER_SIZE = 16;
const MAX_STRING = 64;
const PRINTABLE = /^[\x20-\x7e]*$/;
/** Bounds for files made to be slow: a text of the runtime stands in a file once, or a few times. */
const MAX_TEXTS = 64;
const MAX_HEADERS = 64;

/**
 * The strings of the array that begins with `neighbours`, found by what it holds: stripped programs have no name for
 * it. At most `limit`; where that is more than the array has, what follows it in memory may be strings of another
 * one. Undefined: there is no such array. Throws BinaryError.
 */
export function findStringTable(image: Image, neighbours: Neighbours, limit: number): readonly string[] | undefined {
  for (const text of take(textsOf(image, neighbours[1]), MAX_TEXTS)) {
    for (const header of take(headersOf(image, text, neighbours[1].length), MAX_HEADERS)) {
      const strings = readStrings(image, header - HEADER_SIZE, limit);
      if (neighbours.every((expected, index) => strings[index] === expected)) return strings;
    }
  }
  return undefined;
}

/** Where the text itself stands: in read-only data. */
function* textsOf(image: Image, text: string): Generator<number> {
  const pattern = Buffer.from(text, 'latin1');
  for (const { address, fileSize, writable } of image.segments) {
    if (!writable) yield* image.search({ address, length: fileSize }, pattern);
  }
}

/** String headers, pointer and length, of a text. In a PIE the pointer is set by a relocation. */
function* headersOf(image: Image, text: number, length: number): Generator<number> {
  const header = Buffer.alloc(HEADER_SIZE);
  header.writeBigUInt64LE(BigInt(text), 0);
  header.writeBigUInt64LE(BigInt(length), 8);
  for (const { address, fileSize, writable } of image.segments) {
    if (writable) yield* image.search({ address, length: fileSize }, header);
  }
  yield* image.relocatedTo(text);
}

/** Up to the first header that is none of a short, printable string. */
function readStrings(image: Image, address: number, limit: number): readonly string[] {
  const strings: string[] = [];
  for (let at = address; strings.length < limit; at += HEADER_SIZE) {
    const text = readString(image, at);
    if (text === undefined) break;
    strings.push(text);
  }
  return strings;
}

function readString(image: Image, at: number): string | undefined {
  if (image.segmentOf(at, HEADER_SIZE) === undefined) return undefined;
  const { address, length } = image.slice(at);
  if (length === 0) return '';
  if (length > MAX_STRING || image.segmentOf(address, length)?.writable !== false) return undefined;
  const text = image.bytes(address, length).toString('latin1');
  return PRINTABLE.test(text) ? text : undefined;
}
