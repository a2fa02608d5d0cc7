import { type Elf, readWord } from './elf.ts';
import { BinaryError, damaged } from './errors.ts';
import type { Image, Span } from './image.ts';
import { take } from './take.ts';

/** The two forms of the function table since Go 1.18; they differ in `_func` and in the inline tree. */
type PclntabFormat = 'go1.18' | 'go1.20';

/** `runtime.pcHeader`: the start of the function table. Addresses are link-time. */
export interface PclntabHeader {
  readonly address: number;
  readonly format: PclntabFormat;
  /** Unit of the program counter steps in the tables: 1 on amd64, 4 on arm64. */
  readonly quantum: number;
  readonly functionCount: number;
  readonly funcnametab: number;
  readonly cutab: number;
  readonly filetab: number;
  readonly pctab: number;
  readonly pclntable: number;
}

const HEADER_SIZE = 72;
const ALIGNMENT = 16;
const FORMATS: ReadonlyMap<number, PclntabFormat> = new Map([
  [0xfffffff0, 'go1.18'],
  [0xfffffff1, 'go1.20'],
]);
/** Go 1.2 and Go 1.16. */
const OLD_MAGICS: ReadonlySet<number> = new Set([0xfffffffb, 0xfffffffa]);
const MAX_FUNCTIONS = 4 * 1024 * 1024;
const MAX_HITS = 10_000;

/**
 * Every place that may hold the function table, the likely ones first: sections by name, then the magic number
 * in the segments (GNU ld folds the section into `.data.rel.ro` in an externally linked PIE; sections may also
 * be stripped). Only the module data tells which is the real one.
 */
export function* findPclntabs(image: Image, elf: Elf): Generator<PclntabHeader> {
  for (const section of elf.sections) {
    if (!section.name.endsWith('.gopclntab')) continue;
    const header = parseHeader(image, elf, section.address);
    if (header !== undefined) yield header;
  }
  for (const magic of FORMATS.keys()) {
    const pattern = Buffer.from([0, 0, 0, 0, 0, 0, quantumOf(elf), 8]);
    pattern.writeUInt32LE(magic);
    for (const segment of image.segments) {
      const span = { address: segment.address, length: segment.fileSize };
      for (const address of take(image.search(span, pattern), MAX_HITS)) {
        const header = address % ALIGNMENT === 0 ? parseHeader(image, elf, address) : undefined;
        if (header !== undefined) yield header;
      }
    }
  }
}

function parseHeader(image: Image, elf: Elf, address: number): PclntabHeader | undefined {
  if (image.segmentOf(address, HEADER_SIZE) === undefined) return undefined;
  const bytes = image.bytes(address, HEADER_SIZE);
  const magic = bytes.readUInt32LE(0);
  if (OLD_MAGICS.has(magic)) {
    throw new BinaryError('too_old', 'built with Go before 1.18; rebuild it with Go 1.19 or later');
  }
  const format = FORMATS.get(magic);
  const quantum = bytes[6] as number;
  if (format === undefined || quantum !== quantumOf(elf) || bytes[7] !== 8) return undefined;
  const functionCount = readWord(bytes, 8);
  if (functionCount === 0 || functionCount > MAX_FUNCTIONS) return undefined;
  const [funcnametab, cutab, filetab, pctab, pclntable] = [32, 40, 48, 56, 64].map(
    (at) => address + readWord(bytes, at),
  );
  return { address, format, quantum, functionCount, funcnametab, cutab, filetab, pctab, pclntable } as PclntabHeader;
}

function quantumOf(elf: Elf): number {
  return elf.arch === 'amd64' ? 1 : 4;
}

/** Spans of the tables, as the module data gives them. */
export interface PclntabTables {
  readonly format: PclntabFormat;
  readonly quantum: number;
  readonly functionCount: number;
  readonly funcnametab: Span;
  readonly cutab: Span;
  readonly filetab: Span;
  readonly pctab: Span;
  readonly pclntable: Span;
}

/** A NUL-terminated string at an offset of a table, at most 64 KiB of it. */
export function stringAt(image: Image, table: Span, offset: number): string {
  if (offset >= table.length) throw damaged('a name lies outside of its table');
  let length = 256;
  for (;;) {
    const bytes = image.bytes(table.address + offset, Math.min(length, table.length - offset));
    const end = bytes.indexOf(0);
    if (end !== -1) return bytes.toString('utf8', 0, end);
    if (bytes.length < length || length >= 65536) throw damaged('a name has no end');
    length *= 16;
  }
}
