/** One machine instruction, as much of it as the choice of a site needs. */
export interface Instruction {
  readonly address: number;
  readonly length: number;
  /** Where control goes after it. `indirect`: a jump to an unknown place. `call` also falls through. */
  readonly flow: 'next' | 'call' | 'branch' | 'jump' | 'return' | 'indirect' | 'stop';
  /** Of a direct call, branch or jump. */
  readonly target: number | undefined;
  /** The kernel runs it itself, without a single step (docs/probes.md). */
  readonly emulated: boolean;
  /** What it means to the start of a function. */
  readonly part: ProloguePart;
}

/**
 * - `nop`: does nothing.
 * - `guard`: computes or compares with the stack limit, and touches nothing else.
 * - `compare`: the last of these, the comparison with `g.stackguard0`.
 * - `grow`: a forward branch that is taken when the stack must grow: not above, or borrow.
 * - `push`: saves the caller's frame pointer.
 */
export type ProloguePart = 'nop' | 'guard' | 'compare' | 'grow' | 'push' | 'other';

/** Decodes a function from its first byte on. An instruction that is not valid ends the list. */
export interface Disassembler {
  decode(code: Uint8Array, address: number): Decoded;
  /** The instruction's text, e.g. `push rbp`. */
  text(code: Uint8Array, address: number): string;
}

export interface Decoded {
  readonly instructions: readonly Instruction[];
  /** Where decoding met an instruction that is not valid. */
  readonly invalidAt: number | undefined;
}
