import type { Instruction } from './instruction.ts';

/** The control flow of one function: which instruction can follow which. */
export interface Flow {
  readonly instructions: readonly Instruction[];
  /** Addresses of the instructions that can come directly after the one at this index. */
  successors(index: number): readonly number[];
  indexOf(address: number): number | undefined;
}

/**
 * Undefined where the flow cannot be known: a jump through a register or a table. `endsAt` says of a call that it
 * does not return.
 */
export function buildFlow(
  instructions: readonly Instruction[],
  endsAt: (callTarget: number) => boolean,
): Flow | undefined {
  if (instructions.some(({ flow }) => flow === 'indirect')) return undefined;
  const byAddress = new Map(instructions.map(({ address }, index) => [address, index]));
  const following = instructions.map((instruction, index) => {
    const next = index + 1 < instructions.length ? [index + 1] : [];
    const target = instruction.target === undefined ? undefined : byAddress.get(instruction.target);
    const jump = target === undefined ? [] : [target];
    switch (instruction.flow) {
      case 'next':
        return next;
      case 'call':
        return instruction.target !== undefined && endsAt(instruction.target) ? [] : next;
      case 'branch':
        return [...next, ...jump];
      case 'jump':
        return jump;
      default:
        return [];
    }
  });
  return {
    instructions,
    successors: (index) => following[index] ?? [],
    indexOf: (address) => byAddress.get(address),
  };
}

/** Indices that can be reached from `starts` without passing any of `without`. Starts are included unless excluded. */
export function reachable(flow: Flow, starts: readonly number[], without: ReadonlySet<number>): Set<number> {
  const seen = new Set<number>();
  const pending = starts.filter((start) => !without.has(start));
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    for (const next of flow.successors(at)) if (!without.has(next)) pending.push(next);
  }
  return seen;
}
