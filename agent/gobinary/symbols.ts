import { readWord } from './elf.ts';
import type { FileReader } from './reader.ts';

/** A stretch of addresses with a name in a symbol table (elf(5), Elf64_Sym). */
export interface SymbolRange {
  readonly start: number;
  readonly end: number;
}

const SECTION_HEADER_SIZE = 64;
const SYMBOL_SIZE = 24;
const SHT_SYMTAB = 2;
const SHT_DYNSYM = 11;
const MAX_SYMBOLS = 4_000_000;

/**
 * The symbols of both tables that have a size, in order of their start. Go's own function table is another thing: these
 * are what tools see that know nothing of Go.
 */
export function readSymbols(reader: FileReader): readonly SymbolRange[] {
  const header = reader.bytes(0, 64);
  const start = readWord(header, 40);
  const count = header.readUInt16LE(60);
  if (start === 0 || count === 0) return [];
  const sections = reader.bytes(start, count * SECTION_HEADER_SIZE);
  const ranges: SymbolRange[] = [];
  for (let at = 0; at < sections.length; at += SECTION_HEADER_SIZE) {
    const type = sections.readUInt32LE(at + 4);
    if (type !== SHT_SYMTAB && type !== SHT_DYNSYM) continue;
    const size = Math.min(readWord(sections, at + 32), MAX_SYMBOLS * SYMBOL_SIZE);
    const table = reader.bytes(readWord(sections, at + 24), size - (size % SYMBOL_SIZE));
    for (let symbol = 0; symbol < table.length; symbol += SYMBOL_SIZE) {
      const address = readWord(table, symbol + 8);
      const length = readWord(table, symbol + 16);
      if (address !== 0 && length !== 0) ranges.push({ start: address, end: address + length });
    }
  }
  return ranges.sort((a, b) => a.start - b.start);
}
