import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BinaryError } from '../../agent/gobinary/errors.ts';
import { openGoBinary } from '../../agent/gobinary/open.ts';
import { buildFixture, STRIPPED } from './fixture.ts';

let folder: string;
let original: Buffer;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gobinary-'));
  original = readFileSync(buildFixture(STRIPPED));
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true }));

test('a file that is not there, or not a file, is unreadable', () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  expect(codeOf(join(folder, 'none'))).toBe('unreadable');
  expect(codeOf(folder)).toBe('unreadable');
  expect(codeOf(pipe)).toBe('unreadable');
});

test('a script, an empty file and a C program are not Go programs', () => {
  expect(codeOf(write(Buffer.from('#!/bin/sh\nexit 0\n')))).toBe('not_elf');
  expect(codeOf(write(Buffer.alloc(0)))).toBe('not_elf');
  expect(codeOf('/bin/ls')).toBe('not_go');
});

test('a 32-bit program is refused as such', () => {
  expect(codeOf(changed((file) => file.writeUInt8(1, 4)))).toBe('bits32');
});

test('an unknown machine and another byte order are unsupported', () => {
  expect(codeOf(changed((file) => file.writeUInt16LE(243, 18)))).toBe('unsupported_arch');
  expect(codeOf(changed((file) => file.writeUInt8(2, 5)))).toBe('unsupported_arch');
});

test('a program built with an old Go is too old', () => {
  const at = original.indexOf('go1.', original.indexOf('\xff Go buildinf:', 'latin1'));
  expect(codeOf(changed((file) => file.write('go1.18.', at)))).toBe('too_old');
  expect(codeOf(changed((file) => file.writeUInt8(0, at - 18)))).toBe('too_old');
});

test('a program without build information or without a function table says so', () => {
  const at = original.indexOf('\xff Go buildinf:', 'latin1');
  expect(codeOf(changed((file) => file.fill(0, at, at + 16)))).toBe('not_go');
  const magic = Buffer.from([0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8]);
  expect(codeOf(changed((file) => file.fill(0, file.indexOf(magic), file.indexOf(magic) + 8)))).toBe('damaged');
});

test('what was closed cannot be read', () => {
  const binary = openGoBinary(write(original));
  binary.close();
  binary.close();
  expect(() => binary.find('runtime.gopanic')).toThrow(expect.objectContaining({ code: 'unreadable' }));
});

function changed(change: (file: Buffer) => void): string {
  const copy = Buffer.from(original);
  change(copy);
  return write(copy);
}

function write(contents: Buffer): string {
  const path = join(folder, 'specimen');
  writeFileSync(path, contents);
  return path;
}

/** The code of the error, whose message tells a person something. */
function codeOf(path: string): string | undefined {
  try {
    openGoBinary(path).close();
    return undefined;
  } catch (error) {
    if (!(error instanceof BinaryError)) throw error;
    expect(error.message).toMatch(/[;:] ?\w/);
    return error.code;
  }
}
