import type { Decoded, Disassembler, Instruction, ProloguePart } from './instruction.ts';

/**
 * AArch64: only the forms that a choice of a site looks at; all others are one `next` of four bytes. Encodings:
 * Arm Architecture Reference Manual, C4.1 "A64 instruction set encoding".
 */
export function arm64Disassembler(): Disassembler {
  return { decode, text };
}

const WORD = 4;

function decode(code: Uint8Array, address: number): Decoded {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const instructions: Instruction[] = [];
  const end = withoutPadding(view);
  for (let at = 0; at < end; at += WORD) {
    const word = view.getUint32(at, true);
    // UDF: permanently undefined.
    if (word >>> 16 === 0) return { instructions, invalidAt: address + at };
    instructions.push(describe(word, address + at));
  }
  return { instructions, invalidAt: undefined };
}

/** The linker fills up functions with zeros. */
function withoutPadding(view: DataView): number {
  let end = view.byteLength - (view.byteLength % WORD);
  while (end > 0 && view.getUint32(end - WORD, true) === 0) end -= WORD;
  return end;
}

function describe(word: number, address: number): Instruction {
  const { flow, target } = flowOf(word, address);
  return { address, length: WORD, flow, target, emulated: isSimulated(word), part: partOf(word) };
}

function flowOf(word: number, address: number): Pick<Instruction, 'flow' | 'target'> {
  const to = (offset: number) => address + offset * WORD;
  if (word >>> 26 === 0b000101) return { flow: 'jump', target: to(signed(word, 0, 26)) };
  if (word >>> 26 === 0b100101) return { flow: 'call', target: to(signed(word, 0, 26)) };
  if (isConditionalBranch(word) || isCompareBranch(word)) return { flow: 'branch', target: to(signed(word, 5, 19)) };
  if (isTestBranch(word)) return { flow: 'branch', target: to(signed(word, 5, 14)) };
  if ((word & 0xfffffc1f) >>> 0 === 0xd61f0000) return { flow: 'indirect', target: undefined };
  if ((word & 0xfffffc1f) >>> 0 === 0xd63f0000) return { flow: 'call', target: undefined };
  if ((word & 0xfffffc1f) >>> 0 === 0xd65f0000) return { flow: 'return', target: undefined };
  if ((word & 0xffe0001f) >>> 0 === 0xd4200000) return { flow: 'stop', target: undefined };
  return { flow: 'next', target: undefined };
}

const isConditionalBranch = (word: number) => word >>> 24 === 0x54 && (word & 0x10) === 0;
const isCompareBranch = (word: number) => (word & 0x7e000000) >>> 0 === 0x34000000;
const isTestBranch = (word: number) => (word & 0x7e000000) >>> 0 === 0x36000000;

/** arch/arm64/kernel/probes/decode-insn.c: branches are simulated. (`nop` only since 6.12: not counted on.) */
function isSimulated(word: number): boolean {
  const branch = (word & 0x7c000000) >>> 0 === 0x14000000;
  return branch || isConditionalBranch(word) || isCompareBranch(word) || isTestBranch(word);
}

const NOP = 0xd503201f;
/** ldr x16, [x28, #16] or [x28, #24]: g.stackguard0 or stackguard1; x28 holds g. */
const LOAD_GUARDS = [0xf9400b90, 0xf9400f90];
const COMPARE_SP = 0xeb3063ff; // cmp sp, x16
const COMPARE_X17 = 0xeb10023f; // cmp x17, x16
const LOWER = 3; // b.lo: a borrow, in functions with a huge frame
const LOWER_OR_SAME = 9; // b.ls

/** The forms that cmd/internal/obj/arm64/obj7.go (stacksplit) writes. x16, x17 and x27 are free there. */
function partOf(word: number): ProloguePart {
  if (word === NOP) return 'nop';
  if (LOAD_GUARDS.includes(word)) return 'guard';
  if (word === COMPARE_SP || word === COMPARE_X17) return 'compare';
  if (isConditionalBranch(word)) return [LOWER, LOWER_OR_SAME].includes(word & 0xf) ? 'grow' : 'other';
  if (isStackArithmetic(word) || isWideMoveToX27(word)) return 'guard';
  return 'other';
}

/** sub or subs x17, sp, #imm; sub or subs x17, sp, x27. */
function isStackArithmetic(word: number): boolean {
  const destination = word & 0x1f;
  const immediate = (word & 0xdf8003e0) >>> 0 === 0xd10003e0;
  const register = (word & 0xdfffffe0) >>> 0 === 0xcb3b63e0;
  return destination === 17 && (immediate || register);
}

/** movz, movk, movn or orr x27, ...: the size of a huge frame. */
function isWideMoveToX27(word: number): boolean {
  const move = (word & 0x1f800000) >>> 0 === 0x12800000;
  const orr = (word & 0xff8003e0) >>> 0 === 0xb20003e0;
  return (word & 0x1f) === 27 && (move || orr);
}

function signed(word: number, shift: number, width: number): number {
  return (word << (32 - width - shift)) >> (32 - width);
}

const CONDITIONS = ['eq', 'ne', 'hs', 'lo', 'mi', 'pl', 'vs', 'vc', 'hi', 'ls', 'ge', 'lt', 'gt', 'le', 'al', 'nv'];

function text(code: Uint8Array, address: number): string {
  const word = new DataView(code.buffer, code.byteOffset, code.byteLength).getUint32(0, true);
  const { target } = flowOf(word, address);
  const to = target === undefined ? '' : `0x${target.toString(16)}`;
  const register = `${word >>> 31 === 1 ? 'x' : 'w'}${word & 0x1f}`;
  if (word >>> 26 === 0b000101) return `b ${to}`;
  if (word >>> 26 === 0b100101) return `bl ${to}`;
  if (isConditionalBranch(word)) return `b.${CONDITIONS[word & 0xf]} ${to}`;
  if (isCompareBranch(word)) return `${(word >>> 24) & 1 ? 'cbnz' : 'cbz'} ${register}, ${to}`;
  if (isTestBranch(word)) {
    const bit = ((word >>> 31) << 5) | ((word >>> 19) & 0x1f);
    return `${(word >>> 24) & 1 ? 'tbnz' : 'tbz'} ${register}, #${bit}, ${to}`;
  }
  if (word === NOP) return 'nop';
  return `.inst 0x${word.toString(16).padStart(8, '0')}`;
}
