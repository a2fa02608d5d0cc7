import type { GoBinary, GoFunction } from '../gobinary/binary.ts';
import type { Decoded, Instruction } from './instruction.ts';
import type { Site, SiteChoice } from './site.ts';

/**
 * The cheapest sound site at the start of a function: every call passes it once, with all arguments still in their
 * registers and the stack pointer still at the return address.
 *
 * `push` after the stack check is passed only when the stack is large enough. Where there is no push (Go to 1.20,
 * arm64), the check's own branch is: hits that take it come again, and the program ignores them.
 */
export function prologueSite(binary: GoBinary, fn: GoFunction, decoded: Decoded): SiteChoice {
  const { instructions, invalidAt } = decoded;
  const entry = instructions[0];
  if (invalidAt !== undefined || entry === undefined) {
    return { refused: `its machine code could not be decoded at 0x${(invalidAt ?? fn.start).toString(16)}` };
  }
  const site = findPush(instructions) ?? findStackCheck(instructions) ?? atEntry(entry);
  if (isReachedAgain(binary, instructions, site.instruction.address)) {
    return { refused: 'its code jumps back to where the probe would stand' };
  }
  return { site };
}

function findPush(instructions: readonly Instruction[]): Site | undefined {
  const check = stackCheckEnd(instructions);
  const push = instructions.slice(check).find(({ part }) => part !== 'nop');
  return push?.part === 'push' ? { instruction: push, kind: 'push', cost: 'emulated' } : undefined;
}

function findStackCheck(instructions: readonly Instruction[]): Site | undefined {
  const branch = instructions[stackCheckEnd(instructions) - 1];
  return branch && { instruction: branch, kind: 'stack-check', cost: 'emulated' };
}

function atEntry(instruction: Instruction): Site {
  return { instruction, kind: 'entry', cost: instruction.emulated ? 'emulated' : 'stepped' };
}

/** Index behind the branch of the stack check; 0 for a function without one (nosplit). */
function stackCheckEnd(instructions: readonly Instruction[]): number {
  for (let i = 0; i < MAX_PROLOGUE; i++) {
    const instruction = instructions[i];
    if (instruction === undefined || instruction.part === 'push' || instruction.part === 'other') return 0;
    if (instruction.part === 'grow' && instructions[i - 1]?.part === 'compare') return i + 1;
  }
  return 0;
}

/** The longest form, for huge frames on arm64, has eight instructions. */
const MAX_PROLOGUE = 12;

/**
 * True if something inside the function jumps to its site, or between its entry and the site; also if it jumps to
 * the entry for another reason than a stack that has grown.
 */
function isReachedAgain(binary: GoBinary, instructions: readonly Instruction[], site: number): boolean {
  const entry = instructions[0]?.address ?? 0;
  let lastCall: number | undefined;
  for (const { flow, target } of instructions) {
    if (flow === 'call') lastCall = target;
    else if (target !== undefined && target > entry && target <= site) return true;
    else if (target === entry && !isMorestack(binary, lastCall)) return true;
  }
  return false;
}

function isMorestack(binary: GoBinary, address: number | undefined): boolean {
  return address !== undefined && binary.functionAt(address)?.name.startsWith('runtime.morestack') === true;
}
