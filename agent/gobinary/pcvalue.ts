import { damaged } from './errors.ts';
import type { Image } from './image.ts';
import type { PclntabTables } from './pclntab.ts';

/** One step of a pc-value table: `value` holds for [start, end), in bytes from the function's entry. */
export interface PcRange {
  readonly start: number;
  readonly end: number;
  readonly value: number;
}

const CHUNK = 1024;
const MAX_STEPS = 256 * 1024;

/**
 * Decodes a pc-value table (Go: runtime.pcvalue and runtime.step), from its offset in pctab. Offset 0: no table.
 * Stops at `limit` bytes from the entry.
 */
export function* pcRanges(image: Image, tables: PclntabTables, offset: number, limit: number): Generator<PcRange> {
  if (offset === 0) return;
  const next = byteReader(image, tables, offset);
  let start = 0;
  let value = -1;
  for (let steps = 0; start < limit; steps++) {
    if (steps === MAX_STEPS) throw damaged('a program counter table is too long');
    const encoded = readVarint(next);
    if (encoded === 0 && start > 0) return;
    value = (value + ((encoded >>> 1) ^ -(encoded & 1))) | 0;
    const end = start + readVarint(next) * tables.quantum;
    if (end <= start) throw damaged('a program counter table goes backwards');
    yield { start, end: Math.min(end, limit), value };
    start = end;
  }
}

/** The value at `pc` bytes from the entry; -1: none. */
export function pcValue(image: Image, tables: PclntabTables, offset: number, pc: number): number {
  for (const range of pcRanges(image, tables, offset, pc + 1)) if (pc < range.end) return range.value;
  return -1;
}

function byteReader(image: Image, tables: PclntabTables, offset: number): () => number {
  const end = tables.pctab.address + tables.pctab.length;
  let from = tables.pctab.address + offset;
  let chunk: Buffer = Buffer.alloc(0);
  let at = 0;
  return () => {
    if (at === chunk.length) {
      if (from >= end) throw damaged('a program counter table has no end');
      chunk = image.bytes(from, Math.min(CHUNK, end - from));
      from += chunk.length;
      at = 0;
    }
    return chunk[at++] as number;
  };
}

function readVarint(next: () => number): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = next();
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value >>> 0;
  }
  throw damaged('a number in a program counter table is too long');
}
