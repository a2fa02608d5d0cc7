import { type Elf, readWord, type Segment } from './elf.ts';
import { damaged } from './errors.ts';
import type { FileReader } from './reader.ts';
import type { Relocations } from './relocations.ts';

/** A range of link-time addresses. */
export interface Span {
  readonly address: number;
  readonly length: number;
}

const SEARCH_CHUNK = 512 * 1024;

/**
 * The executable as it stands in memory before it runs, at its link-time addresses (load bias 0). Every read
 * is checked against the segments and throws `damaged` outside of what the file backs.
 */
export class Image {
  readonly segments: readonly Segment[];
  readonly #reader: FileReader;
  readonly #relocations: Relocations;
  /** The buffer of the last search, for the next one; undefined while a search uses it. */
  #scratch: Buffer | undefined;

  constructor(reader: FileReader, elf: Elf, relocations: Relocations) {
    this.segments = elf.segments;
    this.#reader = reader;
    this.#relocations = relocations;
  }

  /** The segment whose file part holds all of a span. */
  segmentOf(address: number, length = 1): Segment | undefined {
    for (const segment of this.segments) {
      const from = address - segment.address;
      if (from >= 0 && length >= 0 && from + length <= segment.fileSize) return segment;
    }
    return undefined;
  }

  fileOffset(address: number): number | undefined {
    const segment = this.segmentOf(address);
    return segment === undefined ? undefined : segment.offset + address - segment.address;
  }

  /** Bytes as stored: words in them are not relocated. Shared: do not write to them. */
  bytes(address: number, length: number): Buffer {
    return this.#reader.bytes(this.#locate(address, length), length);
  }

  /** At least 1 and at most `length` bytes: up to the end of the segment. */
  bytesUpTo(address: number, length: number): Buffer {
    const segment = this.segmentOf(address);
    if (segment === undefined) throw outside(address);
    return this.bytes(address, Math.min(length, segment.address + segment.fileSize - address));
  }

  /** For buffers under typed arrays: the file's words are the host's, as both are little-endian. */
  readInto(buffer: Buffer, address: number, length: number): void {
    this.#reader.readInto(buffer, this.#locate(address, length), length);
  }

  u32(address: number): number {
    return this.bytes(address, 4).readUInt32LE(0);
  }

  /** A pointer-sized word, relocated. */
  word(address: number): number {
    return this.#relocations.at(address) ?? readWord(this.bytes(address, 8), 0);
  }

  /** A slice or string header: pointer and length in elements. */
  slice(address: number): Span {
    return { address: this.word(address), length: this.word(address + 8) };
  }

  /** Addresses of words that the dynamic loader sets to `value`. */
  relocatedTo(value: number): Generator<number> {
    return this.#relocations.sitesOf(value);
  }

  /** Where a span holds `pattern` (at most 4 KiB), ascending. Reads in chunks; nothing is kept. */
  *search(span: Span, pattern: Buffer): Generator<number> {
    const end = span.address + span.length;
    const overlap = pattern.length - 1;
    const chunk = this.#scratch ?? Buffer.allocUnsafeSlow(SEARCH_CHUNK);
    this.#scratch = undefined;
    try {
      for (let start = span.address; start + overlap < end; start += SEARCH_CHUNK - overlap) {
        const length = Math.min(end - start, SEARCH_CHUNK);
        this.readInto(chunk, start, length);
        const view = chunk.subarray(0, length);
        for (let at = view.indexOf(pattern); at !== -1; at = view.indexOf(pattern, at + 1)) yield start + at;
      }
    } finally {
      this.#scratch = chunk;
    }
  }

  #locate(address: number, length: number): number {
    const segment = this.segmentOf(address, length);
    if (segment === undefined) throw outside(address);
    return segment.offset + address - segment.address;
  }
}

function outside(address: number): Error {
  return damaged(`it points to 0x${address.toString(16)}, which is not in the file`);
}
