import type { ScriptSite } from '../place.ts';
import { hex, type ScriptContext } from './context.ts';

/** Bytes of a string that one `str()` takes: with its NUL the default of every version's string length. */
export const PIECE = 63;

/** Text that came from the target, as part of one comment line: ASCII without anything that could end the comment. */
export function comment(text: string, max = 160): string {
  const harmless = text
    .replace(/[^\x20-\x7e]/g, '?')
    .replaceAll('*/', '*?')
    .replaceAll('/*', '/?');
  return harmless.length > max ? `${harmless.slice(0, max)}...` : harmless;
}

/** `str()` of at most 63 of the `length` bytes at `pointer`. Both are expressions. */
export function piece({ dialect }: Pick<ScriptContext, 'dialect'>, pointer: string, length: string): string {
  const [most, all] = dialect.strCountsNul ? [PIECE + 1, `${length} + 1`] : [PIECE, length];
  return `str(${pointer}, ${length} > ${PIECE} ? ${most} : ${all})`;
}

/**
 * Statement: the bytes of `length` behind the first `skip`. In a variable of its own, because what the kernel's verifier
 * knows of a length is what was compared last.
 */
export function rest(name: string, length: string, skip: number): string {
  return `${name} = ${length} > ${skip} ? ${length} - ${skip} : 0;`;
}

/** The head of a probe: its place, and the conditions under which a hit counts. */
export function probe(context: ScriptContext, site: ScriptSite): string {
  const { symbol, host, instruction } = site.probe;
  const where = host === symbol ? '' : `, inlined into ${comment(host)}`;
  const conditions = [`pid == ${context.pid}`, `reg("ip") == ${hex(site.ip)}`];
  if (site.probe.site === 'stack-check' && !site.atEntry) conditions.push('(reg("flags") & 0x41) == 0');
  if (site.atEntry) conditions.push(`reg("sp") - ${site.frameBytes} > *(uint64 *)(reg("r14") + 16)`);
  const stood = site.atEntry ? `its first instruction, where a hit costs several times as much` : instruction;
  return `// ${comment(symbol)}${where}: ${stood}
uprobe:${context.identity.path}:${hex(site.number)}
/${conditions.join(' && ')}/`;
}

/** The time of day of the script: nanoseconds of the clock that the kernel's own records have. */
export function now({ dialect }: Pick<ScriptContext, 'dialect'>): string {
  return dialect.monotonic ? 'nsecs(monotonic)' : 'nsecs';
}

/** Lines moved to the right; empty ones stay empty. */
export function indent(text: string, columns: number): string {
  return text.replace(/^(?=.)/gm, ' '.repeat(columns));
}

/** Joins what is there. */
export function join(parts: readonly (string | false | undefined)[], separator = '\n'): string {
  return parts.filter((part): part is string => typeof part === 'string' && part !== '').join(separator);
}
