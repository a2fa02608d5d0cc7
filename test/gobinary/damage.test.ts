import { closeSync, copyFileSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GoBinary } from '../../agent/gobinary/binary.ts';
import { type Elf, readElf, type Section } from '../../agent/gobinary/elf.ts';
import { BinaryError } from '../../agent/gobinary/errors.ts';
import { openGoBinary } from '../../agent/gobinary/open.ts';
import { openFile } from '../../agent/gobinary/reader.ts';
import { buildFixture, NATIVE, type Variant } from './fixture.ts';

const SPECIMENS = NATIVE.filter((variant) => ['stripped', 'pie', 'cgo-pie'].includes(variant.name));
const SECTIONS = [
  '.go.buildinfo',
  '.go.module',
  '.gopclntab',
  '.rodata',
  '.data.rel.ro',
  '.dynamic',
  '.rela',
  '.rela.dyn',
  '.noptrdata',
];
/** Numbers that break careless arithmetic. */
const EXTREMES = [
  0n,
  1n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x7fff_ffff_ffff_ffffn,
  0xffff_ffff_ffff_ffffn,
  0x40_0000n,
];

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gobinary-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

describe.each(SPECIMENS)('a damaged $name build', (variant) => {
  test('is refused when it is cut off anywhere', { timeout: 300_000 }, () => {
    const path = specimen(variant);
    for (const size of cuts(readFileSync(path).length)) {
      truncateSync(path, size);
      expect(() => openGoBinary(path)).toThrow(
        expect.objectContaining({ name: 'BinaryError', code: size < 4 ? 'not_elf' : 'truncated' }),
      );
    }
  });

  test('gives an answer or a typed error, whatever was written over it', { timeout: 300_000 }, () => {
    const path = specimen(variant);
    const original = readFileSync(path);
    const places = interesting(path);
    const patch = fc.record({ at: fc.constantFrom(...places), by: fc.nat(2048), bytes: patchBytes() });
    fc.assert(
      fc.property(fc.array(patch, { minLength: 1, maxLength: 4 }), (patches) => {
        const file = openSync(path, 'r+');
        for (const { at, by, bytes } of patches) writeSync(file, bytes, 0, bytes.length, at + by);
        exercise(path);
        for (const { at, by, bytes } of patches) writeSync(file, original, at + by, bytes.length, at + by);
        closeSync(file);
      }),
      { numRuns: 150 },
    );
  });
});

test('an ELF header before noise gives a typed error', () => {
  const path = join(folder, 'noise');
  const header = readFileSync(specimen(SPECIMENS[0] as Variant)).subarray(0, 64);
  fc.assert(
    fc.property(fc.nat(64), fc.uint8Array({ maxLength: 4096 }), (kept, noise) => {
      const file = openSync(path, 'w');
      writeSync(file, Buffer.concat([header.subarray(0, kept), noise]));
      closeSync(file);
      expect(() => openGoBinary(path)).toThrow(BinaryError);
    }),
    { numRuns: 300 },
  );
});

/** Files that would keep a careless reader busy: each place looks right until it is looked at closely. */
describe('a program that is made to be slow', () => {
  test('with data full of pointers to its function table is given up on', { timeout: 60_000 }, () => {
    const path = flooded('.noptrdata', (file) => {
      const word = Buffer.alloc(8);
      word.writeUInt32LE(sectionOf(file, '.gopclntab')?.address ?? 0);
      return word;
    });
    expect(() => openGoBinary(path)).toThrow(expect.objectContaining({ code: 'damaged' }));
  });

  test('with data full of starts of module data is given up on', { timeout: 60_000 }, () => {
    const path = flooded('.noptrdata', (file, bytes) => {
      const start = offsetOf(file, '.go.module');
      return bytes.subarray(start, start + 152);
    });
    expect(() => openGoBinary(path)).toThrow(expect.objectContaining({ code: 'damaged' }));
  });

  test('with copies of one type descriptor behind each other gives an answer or a typed error', {
    timeout: 60_000,
  }, () => {
    const path = specimen(SPECIMENS[0] as Variant);
    const binary = openGoBinary(path);
    const start = binary.fileOffset(binary.struct('net/http', 'response')?.address ?? 0) ?? 0;
    binary.close();
    const descriptor = readFileSync(path).subarray(start, start + 80);
    const copies = Buffer.alloc(descriptor.length * 4000, descriptor);
    const file = openSync(path, 'r+');
    writeSync(file, copies, 0, copies.length, start + 1024);
    closeSync(file);
    exercise(path);
  });
});

/** A stripped build whose section is filled with copies of something, and whose `.go.module` is gone. */
function flooded(section: string, pattern: (path: string, bytes: Buffer) => Buffer): string {
  const path = specimen(SPECIMENS[0] as Variant);
  const flood = pattern(path, readFileSync(path));
  const length = Math.floor((sectionOf(path, section)?.size ?? 0) / flood.length) * flood.length;
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(length, flood), 0, length, offsetOf(path, section));
  writeSync(file, Buffer.alloc(64), 0, 64, offsetOf(path, '.go.module'));
  closeSync(file);
  return path;
}

function specimen(variant: Variant): string {
  const path = join(folder, variant.name);
  copyFileSync(buildFixture(variant), path);
  return path;
}

/** Sizes from one byte less than all, by even steps, to the headers and nothing. */
function cuts(size: number): number[] {
  const steps = Array.from({ length: 40 }, (_, i) => Math.floor((size * (40 - i)) / 41));
  return [size - 1, ...steps, 4096, 640, 120, 65, 64, 63, 20, 19, 5, 4, 3, 1, 0];
}

function patchBytes(): fc.Arbitrary<Uint8Array> {
  const extreme = fc.constantFrom(...EXTREMES).map((word) => new Uint8Array(new BigUint64Array([word]).buffer));
  return fc.oneof(extreme, fc.uint8Array({ minLength: 1, maxLength: 16 }));
}

/** The headers of the file, the start of each section that is read, and what the functions asked for point at. */
function interesting(path: string): number[] {
  const binary = openGoBinary(path);
  const types = [binary.struct('runtime', 'moduledata'), binary.struct('net/http', 'response')];
  const addresses = types.map((type) => type?.address ?? 0);
  binary.close();
  const starts = SECTIONS.map((name) => offsetOf(path, name));
  const descriptors = addresses.map((address) => binary.fileOffset(address) ?? 0);
  return [0, ...starts, ...descriptors].filter((offset, i) => i === 0 || offset > 0);
}

function offsetOf(path: string, name: string): number {
  const section = sectionOf(path, name);
  const segment = elfOf(path).segments.find(({ address, fileSize }) => {
    return section !== undefined && section.address >= address && section.address < address + fileSize;
  });
  return section === undefined || segment === undefined ? 0 : section.address - segment.address + segment.offset;
}

function sectionOf(path: string, name: string): Section | undefined {
  return elfOf(path).sections.find((section) => section.name === name);
}

function elfOf(path: string): Elf {
  const reader = openFile(path);
  try {
    return readElf(reader);
  } finally {
    reader.close();
  }
}

function exercise(path: string): void {
  const binary = attempt(() => openGoBinary(path));
  if (binary === undefined) return;
  for (const name of ['net/http.serverHandler.ServeHTTP', 'main.outermost', 'runtime.gopanic']) {
    attempt(() => exerciseFunction(binary, name));
  }
  attempt(() => binary.findByPrefix('net/http.('));
  for (const name of ['response', 'conn', 'Request', 'Header']) {
    const type = attempt(() => binary.struct('net/http', name));
    const pointer = attempt(() => binary.pointerType('net/http', name));
    for (const field of type?.fields.values() ?? []) binary.typeAt(field.type);
    if (pointer !== undefined) binary.typeAt(pointer);
  }
  binary.close();
}

function exerciseFunction(binary: GoBinary, name: string): void {
  const fn = binary.find(name);
  if (fn === undefined) return;
  binary.inlined(fn);
  binary.code(fn);
  for (let at = fn.start; at < Math.min(fn.end, fn.start + 4096); at += 16) binary.frames(at);
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof BinaryError) return undefined;
    throw error;
  }
}
