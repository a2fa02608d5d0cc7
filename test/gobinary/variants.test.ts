import { closeSync, copyFileSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'vitest';
import { checkBinary, checkFixture } from './check-binary.ts';
import { ARM64, buildFixture, NATIVE } from './fixture.ts';

const BUILD_MS = 300_000;

describe.each(NATIVE)('a program built $name', (variant) => {
  test('agrees with itself and with known layouts', { timeout: BUILD_MS }, () => {
    checkBinary(buildFixture(variant));
  });

  test('is read as it describes itself while it runs', { timeout: BUILD_MS }, () => {
    checkFixture(buildFixture(variant));
  });
});

test.each(NATIVE)('a program built $name is read without its section headers', { timeout: BUILD_MS }, (variant) => {
  const path = join(mkdtempSync(join(tmpdir(), 'gobinary-')), variant.name);
  copyFileSync(buildFixture(variant), path);
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(8), 0, 8, 40);
  writeSync(file, Buffer.alloc(6), 0, 6, 58);
  closeSync(file);
  checkBinary(path);
  rmSync(dirname(path), { recursive: true });
});

test('a program built for arm64 agrees with itself and with known layouts', { timeout: BUILD_MS }, () => {
  checkBinary(buildFixture(ARM64));
});
