import type { GoBinary, GoFunction, InlinedRange } from '../gobinary/binary.ts';
import type { InlinedHost } from './definition.ts';
import { buildFlow, type Flow, reachable } from './flow.ts';
import type { Decoded, Instruction } from './instruction.ts';
import { hasSite, type SiteChoice } from './site.ts';

/**
 * A site inside the body of `name` where it was inlined into `host`: an emulated instruction (a branch or a direct
 * call; no argument is in a register there) that is passed exactly once between two calls of `where.between`, and
 * before any call of `where.before` (absent: any call at all) that the body makes.
 */
export function inlinedSite(
  binary: GoBinary,
  host: GoFunction,
  decoded: Decoded,
  name: string,
  where: InlinedHost,
): SiteChoice {
  const refused = (why: string) => ({ refused: `${name} is inlined into ${host.name}, ${why}` });
  const ranges = binary.inlined(host).filter((range) => range.name === name);
  const { instructions, invalidAt } = decoded;
  if (invalidAt !== undefined) return refused(`whose code could not be decoded at 0x${invalidAt.toString(16)}`);
  const flow = buildFlow(instructions, (target) => neverReturns(binary, target));
  if (flow === undefined) return refused('whose flow has jumps to unknown places');
  const body = indicesWhere(instructions, ({ address }) => isWithin(ranges, address));
  const turns = turnsOf(binary, host, decoded, where);
  if (turns.length === 0) return refused(`where no request begins with ${where.between}`);
  const calls = where.before === undefined ? returningCalls(flow) : callsOf(binary, instructions, where.before);
  const guarded = calls.filter((index) => body.has(index));
  const afterTurn = turns.flatMap((turn) => flow.successors(turn));

  for (const candidate of body) {
    const instruction = instructions[candidate];
    if (instruction?.emulated !== true || !alternates(flow, candidate, turns, afterTurn)) continue;
    const bypassing = reachable(flow, afterTurn, new Set([candidate]));
    if (guarded.some((index) => bypassing.has(index))) continue;
    const kind = instruction.flow === 'call' ? 'inlined-call' : 'inlined';
    return { site: { instruction, kind, cost: 'emulated' } };
  }
  return refused('where no cheap instruction is on every path through it');
}

/** Calls of `between`; where it is inlined into the same function, the site inside of it, which every turn passes once. */
function turnsOf(binary: GoBinary, host: GoFunction, decoded: Decoded, where: InlinedHost): readonly number[] {
  const calls = callsOf(binary, decoded.instructions, where.between);
  if (calls.length > 0 || where.betweenInlined === undefined) return calls;
  const choice = inlinedSite(binary, host, decoded, where.between, where.betweenInlined);
  return hasSite(choice) ? [decoded.instructions.indexOf(choice.site.instruction)] : [];
}

function returningCalls({ instructions, successors }: Flow): number[] {
  return [...instructions.keys()].filter((i) => instructions[i]?.flow === 'call' && successors(i).length > 0);
}

/** Between two turns the candidate is passed once: not missed, not twice. (A path that leaves the function may miss it.) */
function alternates(flow: Flow, candidate: number, turns: readonly number[], afterTurn: readonly number[]): boolean {
  const missed = reachable(flow, afterTurn, new Set([candidate]));
  if (turns.some((turn) => missed.has(turn))) return false;
  const before = reachable(flow, [0, ...flow.successors(candidate)], new Set(turns));
  return !before.has(candidate);
}

function callsOf(binary: GoBinary, instructions: readonly Instruction[], name: string): number[] {
  const start = binary.find(name)?.start;
  if (start === undefined) return [];
  return [...indicesWhere(instructions, ({ flow, target }) => flow === 'call' && target === start)];
}

function indicesWhere(instructions: readonly Instruction[], test: (instruction: Instruction) => boolean): Set<number> {
  const found = new Set<number>();
  for (const [index, instruction] of instructions.entries()) if (test(instruction)) found.add(index);
  return found;
}

function isWithin(ranges: readonly InlinedRange[], address: number): boolean {
  return ranges.some(({ start, end }) => address >= start && address < end);
}

/** Calls after which the compiler puts no code of the same path (cmd/compile/internal/ssagen). */
function neverReturns(binary: GoBinary, target: number): boolean {
  const name = binary.functionAt(target)?.name ?? '';
  return /^runtime\.(goPanic|panic|gopanic|throw|fatal|block$|goexit)/.test(name);
}
