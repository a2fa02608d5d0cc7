import type { GoBinary, GoFunction } from '../gobinary/binary.ts';
import type { CallInside } from './definition.ts';
import type { Decoded, Instruction } from './instruction.ts';
import type { Site, SiteChoice } from './site.ts';

/**
 * A direct call in the body of `fn`. The kernel emulates it; the frame pointer is the function's own, arguments are
 * those of the callee. Where more calls of the callee are there than expected, the code is not what we know: refused.
 */
export function callSite(
  binary: GoBinary,
  fn: GoFunction,
  { instructions, invalidAt }: Decoded,
  { callee, which }: CallInside,
): SiteChoice {
  if (invalidAt !== undefined) return { refused: `${fn.name} could not be decoded at 0x${invalidAt.toString(16)}` };
  const calls = callsOf(binary, instructions, callee);
  if (calls.length === 0) return { refused: `${fn.name} does not call ${callee}` };
  if (which === 'only' ? calls.length > 1 : calls.length !== 2) {
    return { refused: `${fn.name} calls ${callee} ${calls.length} times` };
  }
  const instruction = which === 'last' ? calls.at(-1) : calls[0];
  if (instruction?.emulated !== true) return { refused: `the call of ${callee} in ${fn.name} is not a plain one` };
  return { site: { instruction, kind: 'call', cost: 'emulated' } };
}

/** Every direct call of `callee` in the body of `fn` that the kernel emulates. */
export function everyCallSite(binary: GoBinary, { instructions, invalidAt }: Decoded, callee: string): readonly Site[] {
  if (invalidAt !== undefined) return [];
  return callsOf(binary, instructions, callee)
    .filter(({ emulated }) => emulated)
    .map((instruction) => ({ instruction, kind: 'call', cost: 'emulated' }));
}

function callsOf(binary: GoBinary, instructions: readonly Instruction[], callee: string): readonly Instruction[] {
  const start = binary.find(callee)?.start;
  return instructions.filter(({ flow, target }) => flow === 'call' && target !== undefined && target === start);
}
