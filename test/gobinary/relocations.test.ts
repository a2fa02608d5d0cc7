import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Elf } from '../../agent/gobinary/elf.ts';
import { openFile } from '../../agent/gobinary/reader.ts';
import { type Relocations, readRelocations } from '../../agent/gobinary/relocations.ts';

const BASE = 0x1000;
const DYNAMIC_SIZE = 48;
const RELATIVE = 8n;
const OTHER_TYPE = 6n;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gobinary-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

test('relative relocations are found in any order, others are left out', () => {
  const entry = fc.tuple(fc.integer({ min: 0, max: 0xffff_ffff }), fc.integer({ min: 0, max: 0xffff_ffff }));
  fc.assert(
    fc.property(fc.uniqueArray(entry, { selector: ([site]) => site, maxLength: 50 }), (entries) => {
      const relocations = read(entries.map(([site, value]) => [BigInt(site), RELATIVE, BigInt(value)]));
      for (const [site, value] of entries) {
        expect(relocations.at(site)).toBe(value);
        expect([...relocations.sitesOf(value)]).toContain(site);
      }
      const sites = new Set(entries.map(([site]) => site));
      for (const [site] of entries) if (!sites.has(site + 1)) expect(relocations.at(site + 1)).toBeUndefined();
    }),
    { numRuns: 50 },
  );
  expect(read([[0x2000n, OTHER_TYPE, 0x3000n]]).at(0x2000)).toBeUndefined();
});

test('a program with a fixed address has none', () => {
  expect(read([[0x2000n, RELATIVE, 0x3000n]], { pie: false }).at(0x2000)).toBeUndefined();
});

test('a table outside of the file is damage', () => {
  expect(() => read([[0x2000n, RELATIVE, 0x3000n]], { announced: 1000n })).toThrow(
    expect.objectContaining({ code: 'damaged' }),
  );
});

/** A file of a dynamic section (DT_RELA, DT_RELASZ, DT_NULL) and the table behind it, loaded at BASE. */
function read(
  entries: readonly (readonly [bigint, bigint, bigint])[],
  { pie = true, announced = BigInt(entries.length) } = {},
): Relocations {
  const dynamic = [7n, BigInt(BASE + DYNAMIC_SIZE), 8n, announced * 24n, 0n, 0n];
  const words = new BigUint64Array([...dynamic, ...entries.flat()]);
  const path = join(folder, 'image');
  writeFileSync(path, words);
  const elf: Elf = {
    arch: 'amd64',
    pie,
    stripped: true,
    segments: [{ address: BASE, offset: 0, fileSize: words.byteLength, executable: false, writable: true }],
    sections: [],
    dynamic: { offset: 0, size: DYNAMIC_SIZE },
  };
  const reader = openFile(path);
  try {
    return readRelocations(reader, elf);
  } finally {
    reader.close();
  }
}
