import { expect, test } from 'vitest';
import { amd64Disassembler } from '../../agent/probe/disassembler-amd64.ts';
import { arm64Disassembler } from '../../agent/probe/disassembler-arm64.ts';

const ADDRESS = 0x401000;

function amd64(hex: string) {
  const code = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  const { instructions, invalidAt } = amd64Disassembler().decode(code, ADDRESS);
  return { instructions, invalidAt, text: amd64Disassembler().text(code, ADDRESS) };
}

function arm64(...words: number[]) {
  const code = Buffer.alloc(words.length * 4);
  words.forEach((word, i) => {
    code.writeUInt32LE(word, i * 4);
  });
  const { instructions, invalidAt } = arm64Disassembler().decode(code, ADDRESS);
  return { instructions, invalidAt, text: arm64Disassembler().text(code, ADDRESS) };
}

test.each([
  ['55', 'push rbp', { flow: 'next', emulated: true, part: 'push' }],
  ['41 54', 'push r12', { flow: 'next', emulated: true, part: 'other' }],
  ['90', 'nop', { flow: 'next', emulated: true, part: 'nop' }],
  ['0f 86 8a 00 00 00', 'jbe 0x401090', { flow: 'branch', emulated: true, part: 'grow', target: ADDRESS + 0x90 }],
  ['76 0e', 'jbe 0x401010', { flow: 'branch', emulated: true, part: 'grow', target: ADDRESS + 0x10 }],
  ['eb fe', 'jmp 0x401000', { flow: 'jump', emulated: true, target: ADDRESS }],
  ['e8 fb ff ff ff', 'call 0x401000', { flow: 'call', emulated: true, target: ADDRESS }],
  ['ff d0', 'call rax', { flow: 'call', emulated: false, target: undefined }],
  ['ff e0', 'jmp rax', { flow: 'indirect', emulated: false, target: undefined }],
  ['c3', 'ret', { flow: 'return', emulated: false }],
  ['cc', 'int3', { flow: 'stop', emulated: false }],
  ['49 3b 66 10', 'cmp rsp, [r14+0x10]', { flow: 'next', emulated: false, part: 'compare' }],
  ['4d 3b 66 10', 'cmp r12, [r14+0x10]', { flow: 'next', emulated: false, part: 'compare' }],
  ['4c 8d 64 24 e8', 'lea r12, [rsp-0x18]', { flow: 'next', emulated: false, part: 'guard' }],
  ['49 3b 66 18', 'cmp rsp, [r14+0x18]', { flow: 'next', emulated: false, part: 'compare' }],
  ['49 3b 66 20', 'cmp rsp, [r14+0x20]', { part: 'other' }],
  ['48 83 ec 20', 'sub rsp, 0x20', { flow: 'next', emulated: false, part: 'other' }],
  // Prefixed forms: kernels differ, so they count as stepped.
  ['66 90', undefined, { emulated: false }],
  ['2e e8 00 00 00 00', undefined, { emulated: false }],
  ['f3 90', 'pause', { emulated: false }],
  ['0f 1f 44 00 00', undefined, { emulated: false, part: 'nop' }],
])('x86-64: %s is %s', (hex, text, expected) => {
  const decoded = amd64(hex);
  expect(decoded.instructions).toHaveLength(1);
  expect(decoded.instructions[0]).toMatchObject({ address: ADDRESS, length: hex.split(' ').length, ...expected });
  if (text !== undefined) expect(decoded.text).toBe(text);
});

test('x86-64: an instruction that is not valid ends the list', () => {
  expect(amd64('55 90 06 55')).toMatchObject({
    invalidAt: ADDRESS + 2,
    instructions: [{ part: 'push' }, { part: 'nop' }],
  });
});

test.each([
  [0x540005c9, 'b.ls 0x4010b8', { flow: 'branch', emulated: true, part: 'grow', target: ADDRESS + 0xb8 }],
  [0x54000063, 'b.lo 0x40100c', { flow: 'branch', emulated: true, part: 'grow' }],
  [0x54ffff81, 'b.ne 0x400ff0', { flow: 'branch', emulated: true, part: 'other', target: ADDRESS - 0x10 }],
  [0x94000004, 'bl 0x401010', { flow: 'call', emulated: true, target: ADDRESS + 0x10 }],
  [0x17ffffff, 'b 0x400ffc', { flow: 'jump', emulated: true, target: ADDRESS - 4 }],
  [0xb4000060, 'cbz x0, 0x40100c', { flow: 'branch', emulated: true, target: ADDRESS + 12 }],
  [0x35000041, 'cbnz w1, 0x401008', { flow: 'branch', emulated: true, target: ADDRESS + 8 }],
  [0xb6f80043, 'tbz x3, #63, 0x401008', { flow: 'branch', emulated: true, target: ADDRESS + 8 }],
  [0xd63f0040, undefined, { flow: 'call', emulated: false, target: undefined }],
  [0xd61f0040, undefined, { flow: 'indirect', emulated: false }],
  [0xd65f03c0, undefined, { flow: 'return', emulated: false }],
  [0xd4200000, undefined, { flow: 'stop', emulated: false }],
  [0xf9400b90, undefined, { flow: 'next', emulated: false, part: 'guard' }],
  [0xeb3063ff, undefined, { flow: 'next', part: 'compare' }],
  [0xeb10023f, undefined, { flow: 'next', part: 'compare' }],
  [0xd10083f1, undefined, { flow: 'next', part: 'guard' }], // sub x17, sp, #32
  [0xf81e0ffe, undefined, { flow: 'next', part: 'other' }], // str x30, [sp, #-32]!
  [0xd503201f, 'nop', { flow: 'next', emulated: false, part: 'nop' }],
])('AArch64: %i is %s', (word, text, expected) => {
  const decoded = arm64(word);
  expect(decoded.instructions).toHaveLength(1);
  expect(decoded.instructions[0]).toMatchObject({ address: ADDRESS, length: 4, ...expected });
  if (text !== undefined) expect(decoded.text).toBe(text);
});

test('AArch64: zeros at the end are padding, elsewhere they are not valid', () => {
  expect(arm64(0xd503201f, 0, 0)).toMatchObject({ invalidAt: undefined, instructions: [{ part: 'nop' }] });
  expect(arm64(0xd503201f, 0, 0xd65f03c0)).toMatchObject({ invalidAt: ADDRESS + 4 });
});
