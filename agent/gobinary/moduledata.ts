import type { StructType } from './binary.ts';
import type { Elf } from './elf.ts';
import { damaged } from './errors.ts';
import type { Image, Span } from './image.ts';
import type { PclntabHeader, PclntabTables } from './pclntab.ts';
import { take } from './take.ts';
import { readTextMap, type TextMap } from './text-map.ts';
import { TypeTable } from './types.ts';

/** What is read of `runtime.firstmoduledata`. */
export interface Moduledata {
  readonly address: number;
  readonly tables: PclntabTables;
  readonly text: TextMap;
  /** Base of function data offsets (go:func.*). */
  readonly gofunc: number;
  readonly types: TypeTable;
}

/**
 * The words that lead into the structure (Go: runtime.moduledata): the pointer to the pcHeader, then six slices of
 * pointer, length and capacity. Everything after them moved between versions and is found by name.
 */
const TABLES = { funcnametab: 8, cutab: 32, filetab: 56, pctab: 80, pclntable: 104 } as const;
const FTAB = 128;
const HEAD_SIZE = 152;
/** The pair (types, etypes) is looked for in these words. */
const FIRST_TYPES_WORD = 24;
const LAST_TYPES_WORD = 64;
const DESCRIPTION_NAME = Buffer.from('\x13*runtime.moduledata', 'latin1');
const SCAN_CHUNK = 512 * 1024;
/** Bounds for files made to be slow: a real one has one pointer to its function table there, or a few. */
const MAX_POINTERS = 10_000;
const MAX_HEADS = 4;
/** How much is searched for types, in sizes of the file's data. */
const MAX_SEARCHED = 4;

/**
 * Finds and reads the module data that belongs to a function table. It has to describe itself: the types that it
 * leads to must hold `runtime.moduledata`, whose fields must be where they were read. Undefined: none does.
 */
export function findModuledata(image: Image, elf: Elf, header: PclntabHeader): Moduledata | undefined {
  let heads = 0;
  for (const address of take(candidates(image, elf, header), MAX_POINTERS)) {
    if (!hasHead(image, address, header)) continue;
    if (++heads > MAX_HEADS) return undefined;
    const described = findTypes(image, address);
    if (described !== undefined) return readModuledata(image, address, header, described.types, described.layout);
  }
  return undefined;
}

/** Section `.go.module` (Go 1.26 and later), the relocated words of a PIE, then every word of writable data. */
function* candidates(image: Image, elf: Elf, header: PclntabHeader): Generator<number> {
  for (const section of elf.sections) if (section.name === '.go.module') yield section.address;
  yield* image.relocatedTo(header.address);
  for (const { address, fileSize } of image.segments.filter((segment) => segment.writable)) {
    yield* scanWords(image, { address, length: fileSize }, header.address);
  }
}

function* scanWords(image: Image, span: Span, value: number): Generator<number> {
  const low = value % 0x1_0000_0000;
  const high = Math.floor(value / 0x1_0000_0000);
  const words = new Uint32Array(SCAN_CHUNK / 4);
  const chunk = Buffer.from(words.buffer);
  const end = span.address + span.length;
  for (let start = Math.ceil(span.address / 8) * 8; start + 8 <= end; start += SCAN_CHUNK) {
    const length = Math.floor(Math.min(SCAN_CHUNK, end - start) / 8) * 8;
    image.readInto(chunk, start, length);
    for (let i = words.indexOf(low); i !== -1 && i < length / 4; i = words.indexOf(low, i + 1)) {
      if (i % 2 === 0 && words[i + 1] === high) yield start + 4 * i;
    }
  }
}

function hasHead(image: Image, address: number, header: PclntabHeader): boolean {
  if (image.segmentOf(address, HEAD_SIZE) === undefined || image.word(address) !== header.address) return false;
  const names = Object.keys(TABLES) as (keyof typeof TABLES)[];
  return (
    names.every((name) => image.word(address + TABLES[name]) === header[name]) &&
    image.word(address + FTAB) === header.pclntable &&
    image.word(address + FTAB + 8) === header.functionCount + 1
  );
}

/** Tries the ranges that the module data names, short ones first, until one holds types that describe it. */
function findTypes(image: Image, address: number): { types: TypeTable; layout: StructType } | undefined {
  let left = MAX_SEARCHED * image.segments.reduce((sum, segment) => sum + segment.fileSize, 0);
  for (const { word, endWord, span } of typeRanges(image, address)) {
    left -= span.length;
    if (left < 0) return undefined;
    if (image.search(span, DESCRIPTION_NAME).next().done === true) continue;
    const types = new TypeTable(image, span);
    const layout = types.struct('runtime', 'moduledata');
    if (layout !== undefined && describes(layout, 8 * word, 8 * endWord)) return { types, layout };
  }
  return undefined;
}

interface TypeRange {
  readonly word: number;
  readonly endWord: number;
  readonly span: Span;
}

/** Ranges from one word to the next, or (Go 1.27) the next but one, that are data in the file. */
function typeRanges(image: Image, address: number): readonly TypeRange[] {
  const ranges: TypeRange[] = [];
  for (let word = FIRST_TYPES_WORD; word < LAST_TYPES_WORD; word++) {
    for (const endWord of [word + 1, word + 2]) {
      if (image.segmentOf(address, 8 * endWord + 8) === undefined) continue;
      const start = image.word(address + 8 * word);
      const length = image.word(address + 8 * endWord) - start;
      if (length <= 0 || image.segmentOf(start, length)?.executable !== false) continue;
      ranges.push({ word, endWord, span: { address: start, length } });
    }
  }
  return ranges.sort((a, b) => a.span.length - b.span.length);
}

function describes(layout: StructType, types: number, etypes: number): boolean {
  const expected = { pcHeader: 0, ...TABLES, ftab: FTAB, types, etypes };
  return Object.entries(expected).every(([name, offset]) => layout.fields.get(name)?.offset === offset);
}

function readModuledata(
  image: Image,
  address: number,
  header: PclntabHeader,
  types: TypeTable,
  layout: StructType,
): Moduledata {
  const at = (field: string): number => {
    const offset = layout.fields.get(field)?.offset;
    if (offset === undefined) throw damaged(`its module data has no field ${field}`);
    return address + offset;
  };
  const bytes = (field: keyof typeof TABLES, unit = 1): Span => {
    const slice = image.slice(at(field));
    const span = { address: slice.address, length: slice.length * unit };
    if (image.segmentOf(span.address, span.length) === undefined)
      throw damaged(`its ${field} lies outside of the file`);
    return span;
  };
  const text = image.word(at('text'));
  const etext = image.word(at('etext'));
  if (image.segmentOf(text, etext - text)?.executable !== true) throw damaged('its code lies outside of the file');
  return {
    address,
    tables: {
      format: header.format,
      quantum: header.quantum,
      functionCount: header.functionCount,
      funcnametab: bytes('funcnametab'),
      cutab: bytes('cutab', 4),
      filetab: bytes('filetab'),
      pctab: bytes('pctab'),
      pclntable: bytes('pclntable'),
    },
    text: readTextMap(image, text, etext, image.slice(at('textsectmap'))),
    gofunc: image.word(at('gofunc')),
    types,
  };
}
