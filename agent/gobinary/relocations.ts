import { type Elf, readWord } from './elf.ts';
import { damaged } from './errors.ts';
import type { FileReader } from './reader.ts';

const DT_RELA = 7;
const DT_RELASZ = 8;
const RELATIVE = { amd64: 8, arm64: 1027 } as const;
const ENTRY_SIZE = 24;
const CHUNK_ENTRIES = 16 * 1024;
const MAX_ENTRIES = 8 * 1024 * 1024;
const MAX_DYNAMIC_SIZE = 64 * 1024;

/**
 * The relative relocations (R_X86_64_RELATIVE, R_AARCH64_RELATIVE) of a position-independent executable: the
 * words that are zero in the file and pointers in memory. Values are for a load bias of 0.
 * (RELR entries need nothing: their words are in the file.)
 */
export class Relocations {
  readonly #sites: Uint32Array;
  readonly #values: Uint32Array;

  /** `sites` ascend; `values[i]` is the word at `sites[i]`. */
  constructor(sites: Uint32Array, values: Uint32Array) {
    this.#sites = sites;
    this.#values = values;
  }

  /** The relocated word at an address; undefined: not relocated, what the file says holds. */
  at(address: number): number | undefined {
    let low = 0;
    let high = this.#sites.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sites[middle] as number) < address) low = middle + 1;
      else high = middle;
    }
    return this.#sites[low] === address ? this.#values[low] : undefined;
  }

  /** Addresses of the words that become `value`. */
  *sitesOf(value: number): Generator<number> {
    for (let i = this.#values.indexOf(value); i !== -1; i = this.#values.indexOf(value, i + 1)) {
      yield this.#sites[i] as number;
    }
  }
}

/** Reads what PT_DYNAMIC points at. Empty for an executable with a fixed address. */
export function readRelocations(reader: FileReader, elf: Elf): Relocations {
  const table = elf.pie ? findTable(reader, elf) : undefined;
  if (table === undefined) return new Relocations(new Uint32Array(0), new Uint32Array(0));
  const capacity = Math.floor(table.size / ENTRY_SIZE);
  if (capacity > MAX_ENTRIES) throw damaged('it has too many relocations');
  const sites = new Uint32Array(capacity);
  const values = new Uint32Array(capacity);
  const relative = RELATIVE[elf.arch];
  const chunk = Buffer.allocUnsafeSlow(Math.min(capacity, CHUNK_ENTRIES) * ENTRY_SIZE);
  let count = 0;
  let sorted = true;
  for (let first = 0; first < capacity; first += CHUNK_ENTRIES) {
    const length = Math.min(capacity - first, CHUNK_ENTRIES) * ENTRY_SIZE;
    reader.readInto(chunk, table.offset + first * ENTRY_SIZE, length);
    for (let at = 0; at < length; at += ENTRY_SIZE) {
      const wide = chunk.readUInt32LE(at + 4) !== 0 || chunk.readUInt32LE(at + 20) !== 0;
      if (chunk.readUInt32LE(at + 8) !== relative || wide) continue;
      sites[count] = chunk.readUInt32LE(at);
      values[count] = chunk.readUInt32LE(at + 16);
      if (count > 0 && (sites[count] as number) < (sites[count - 1] as number)) sorted = false;
      count++;
    }
  }
  return sorted
    ? new Relocations(sites.subarray(0, count), values.subarray(0, count))
    : sortBySite(sites.subarray(0, count), values.subarray(0, count));
}

/** One native sort of (site, value) pairs packed in 64-bit words: no comparison function, no BigInt a pair. */
function sortBySite(sites: Uint32Array, values: Uint32Array): Relocations {
  const halves = new Uint32Array(sites.length * 2);
  for (let i = 0; i < sites.length; i++) {
    halves[2 * i] = values[i] as number;
    halves[2 * i + 1] = sites[i] as number;
  }
  new BigUint64Array(halves.buffer).sort();
  for (let i = 0; i < sites.length; i++) {
    values[i] = halves[2 * i] as number;
    sites[i] = halves[2 * i + 1] as number;
  }
  return new Relocations(sites, values);
}

function findTable(reader: FileReader, elf: Elf): { offset: number; size: number } | undefined {
  if (elf.dynamic === undefined) return undefined;
  const dynamic = reader.bytes(elf.dynamic.offset, Math.min(elf.dynamic.size, MAX_DYNAMIC_SIZE));
  let address: number | undefined;
  let size = 0;
  for (let at = 0; at + 16 <= dynamic.length; at += 16) {
    const tag = readWord(dynamic, at);
    if (tag === 0) break;
    if (tag === DT_RELA) address = readWord(dynamic, at + 8);
    if (tag === DT_RELASZ) size = readWord(dynamic, at + 8);
  }
  if (address === undefined || size === 0) return undefined;
  for (const segment of elf.segments) {
    const from = address - segment.address;
    if (from >= 0 && from + size <= segment.fileSize) return { offset: segment.offset + from, size };
  }
  throw damaged('its relocations lie outside of the file');
}
