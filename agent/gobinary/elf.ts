import { BinaryError, damaged } from './errors.ts';
import type { FileReader } from './reader.ts';

/** A loadable segment (PT_LOAD). Sizes and addresses in bytes. */
export interface Segment {
  readonly address: number;
  readonly offset: number;
  /** Bytes that come from the file. */
  readonly fileSize: number;
  readonly executable: boolean;
  readonly writable: boolean;
}

export interface Section {
  readonly name: string;
  readonly address: number;
  readonly size: number;
}

/** What the ELF headers say (elf(5)). */
export interface Elf {
  readonly arch: 'amd64' | 'arm64';
  readonly pie: boolean;
  /** No symbol table. */
  readonly stripped: boolean;
  readonly segments: readonly Segment[];
  /** Sections with contents that are loaded. */
  readonly sections: readonly Section[];
  /** Where PT_DYNAMIC is in the file; undefined: statically linked. */
  readonly dynamic: { readonly offset: number; readonly size: number } | undefined;
}

const HEADER_SIZE = 64;
const PROGRAM_HEADER_SIZE = 56;
const SECTION_HEADER_SIZE = 64;
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const SHF_ALLOC = 2;
const MACHINES: ReadonlyMap<number, Elf['arch']> = new Map([
  [62, 'amd64'],
  [183, 'arm64'],
]);

/** Reads the headers. Throws `not_elf`, `bits32`, `unsupported_arch`, `truncated` or `damaged`. */
export function readElf(reader: FileReader): Elf {
  const header = readHeader(reader);
  const { segments, dynamic } = readSegments(reader, header);
  const { sections, stripped } = readSections(reader, header);
  return { arch: machineOf(header), pie: header.readUInt16LE(16) === 3, stripped, segments, sections, dynamic };
}

/** A 64-bit word as a number. Above 2^53 it is inexact, and outside of every range it is checked against. */
export function readWord(buffer: Buffer, at: number): number {
  return buffer.readUInt32LE(at) + buffer.readUInt32LE(at + 4) * 0x1_0000_0000;
}

function readHeader(reader: FileReader): Buffer {
  const ident = reader.bytes(0, Math.min(20, reader.size));
  if (ident.length < 4 || ident.readUInt32BE(0) !== 0x7f454c46) {
    throw new BinaryError('not_elf', 'not an ELF executable; name a program built for Linux');
  }
  if (ident[4] === 1) {
    throw new BinaryError(
      'bits32',
      'a 32-bit executable; only 64-bit programs are supported, build for amd64 or arm64',
    );
  }
  const header = reader.bytes(0, HEADER_SIZE);
  if (ident[4] !== 2) throw damaged('the ELF class is unknown');
  machineOf(header);
  return header;
}

function machineOf(header: Buffer): Elf['arch'] {
  const littleEndian = header[5] === 1;
  const arch = littleEndian ? MACHINES.get(header.readUInt16LE(18)) : undefined;
  if (arch === undefined) {
    throw new BinaryError(
      'unsupported_arch',
      'built for an unsupported architecture; only amd64 and arm64 are supported',
    );
  }
  return arch;
}

function readSegments(reader: FileReader, header: Buffer): Pick<Elf, 'segments' | 'dynamic'> {
  const count = header.readUInt16LE(56);
  if (count === 0 || header.readUInt16LE(54) !== PROGRAM_HEADER_SIZE) throw damaged('it has no program headers');
  const table = reader.bytes(readWord(header, 32), count * PROGRAM_HEADER_SIZE);
  const segments: Segment[] = [];
  let dynamic: Elf['dynamic'];
  for (let at = 0; at < table.length; at += PROGRAM_HEADER_SIZE) {
    const type = table.readUInt32LE(at);
    if (type !== PT_LOAD && type !== PT_DYNAMIC) continue;
    const flags = table.readUInt32LE(at + 4);
    const offset = readWord(table, at + 8);
    const fileSize = readWord(table, at + 32);
    checkInFile(reader, offset, fileSize);
    if (type === PT_DYNAMIC) dynamic = { offset, size: fileSize };
    else if (fileSize > 0) {
      const address = readWord(table, at + 16);
      segments.push({ address, offset, fileSize, executable: (flags & 1) !== 0, writable: (flags & 2) !== 0 });
    }
  }
  if (segments.length === 0) throw damaged('nothing of it is loaded');
  return { segments, dynamic };
}

function readSections(reader: FileReader, header: Buffer): Pick<Elf, 'sections' | 'stripped'> {
  const count = header.readUInt16LE(60);
  const start = readWord(header, 40);
  if (count === 0 || start === 0) return { sections: [], stripped: true };
  if (header.readUInt16LE(58) !== SECTION_HEADER_SIZE) throw damaged('its section headers have an unknown size');
  const table = reader.bytes(start, count * SECTION_HEADER_SIZE);
  const names = readNames(reader, table, header.readUInt16LE(62));
  const sections: Section[] = [];
  let stripped = true;
  for (let at = 0; at < table.length; at += SECTION_HEADER_SIZE) {
    const type = table.readUInt32LE(at + 4);
    if (type === 0 || type === SHT_NOBITS) continue;
    const size = readWord(table, at + 32);
    checkInFile(reader, readWord(table, at + 24), size);
    if (type === SHT_SYMTAB) stripped = false;
    if ((table.readUInt32LE(at + 8) & SHF_ALLOC) === 0) continue;
    sections.push({ name: nameAt(names, table.readUInt32LE(at)), address: readWord(table, at + 16), size });
  }
  return { sections, stripped };
}

const MAX_SECTION_NAMES = 1 << 20;

function readNames(reader: FileReader, table: Buffer, index: number): Buffer {
  const at = index * SECTION_HEADER_SIZE;
  if (at + SECTION_HEADER_SIZE > table.length) throw damaged('its section names are missing');
  const size = readWord(table, at + 32);
  checkInFile(reader, readWord(table, at + 24), size);
  return reader.bytes(readWord(table, at + 24), Math.min(size, MAX_SECTION_NAMES));
}

function nameAt(names: Buffer, start: number): string {
  const end = names.indexOf(0, start);
  return start < names.length && end !== -1 && end - start < 256 ? names.toString('latin1', start, end) : '';
}

function checkInFile(reader: FileReader, offset: number, size: number): void {
  if (offset + size > reader.size) {
    throw new BinaryError('truncated', 'the executable ends before its last section; copy or build it again');
  }
}
