import type { ScriptContext } from './context.ts';

/** Return addresses that are shown: the place that waits is the first one outside of package sync. */
const FRAMES = 10;

export interface Stack {
  /** Sets $s0 and on, innermost first; 0: there are no more. */
  readonly statements: string;
  /** Of printf. */
  readonly format: string;
  readonly values: string;
}

/** Go keeps frame pointers. In a function's body its own is in the register, at its entry that of its caller. */
export function stackOf(where: 'entry' | 'body'): Stack {
  const names = Array.from({ length: FRAMES }, (_, index) => `$s${index}`);
  const known = where === 'entry' ? ['reg("ip")', '*(uint64 *)reg("sp")'] : ['reg("ip")'];
  const lines = names
    .slice(known.length)
    .map((name) => `${name} = *(uint64 *)($frame + 8); $frame = *(uint64 *)$frame;`);
  return {
    statements: `// The stack, by frame pointers: behind the last one there is nothing but zeros.
$frame = reg("bp");
${lines.join('\n')}`,
    format: names.map(() => '%llx').join(' '),
    values: [...known, ...names.slice(known.length)].join(', '),
  };
}

/** Of printf, for a person: names where bpftrace is quick to find them, else the addresses of `stack`. */
export function readable({ dialect }: Pick<ScriptContext, 'dialect'>, { values }: Stack): Omit<Stack, 'statements'> {
  if (dialect.cachesSymbols) return { format: '%s', values: `ustack(${FRAMES})` };
  return { format: `${'\\n        0x%llx'.repeat(FRAMES)}\\n`, values };
}
