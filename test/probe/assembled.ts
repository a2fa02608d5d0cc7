import type { GoBinary, GoFunction, InlinedRange } from '../../agent/gobinary/binary.ts';

/** Functions given as machine code, for shapes that no compiler writes. */
export interface Assembled {
  readonly name: string;
  readonly start: number;
  /** In hexadecimal; spaces do not count. */
  readonly code: string;
  readonly inlined?: readonly InlinedRange[];
}

/** What the choice of a site asks of a binary, answered from these functions alone. */
export function assemble(functions: readonly Assembled[]): GoBinary {
  const parsed = functions.map(({ name, start, code, inlined = [] }) => {
    const bytes = Buffer.from(code.replaceAll(/\s/g, ''), 'hex');
    return { fn: { name, start, end: start + bytes.length }, bytes, inlined };
  });
  const of = (fn: GoFunction) => parsed.find((candidate) => candidate.fn.name === fn.name);
  const parts: Partial<GoBinary> = {
    arch: 'amd64',
    find: (name) => parsed.find(({ fn }) => fn.name === name)?.fn,
    findByPrefix: (prefix) => parsed.map(({ fn }) => fn).filter(({ name }) => name.startsWith(prefix)),
    functionAt: (address) => parsed.find(({ fn }) => address >= fn.start && address < fn.end)?.fn,
    code: (fn) => of(fn)?.bytes ?? new Uint8Array(),
    inlined: (fn) => of(fn)?.inlined ?? [],
    fileOffset: (address) => address - 0x1000,
  };
  return parts as GoBinary;
}
