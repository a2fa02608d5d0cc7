import type { AddressResolver } from '../../../agent/correlate/resolver.ts';

/** A function that is called at a line; with others inside of it: those were inlined there, innermost first. */
export type CallPath = string | readonly string[];

export interface Program {
  readonly resolver: AddressResolver;
  /** The run-time addresses of a stack with these functions, innermost first. */
  stack(...path: readonly CallPath[]): number[];
}

/** A program that has whatever functions its stacks name. Each function is in a file and at a line of its own. */
export function program(): Program {
  const known = new Map<number, readonly string[]>();
  const address = (path: CallPath): number => {
    const names = typeof path === 'string' ? [path] : path;
    const at = 0x401000 + 0x100 * known.size;
    known.set(at, names);
    return at;
  };
  return {
    stack: (...path) => path.map((one, index) => address(one) + (index === 0 ? 0 : 1)),
    resolver: {
      typeAt: () => undefined,
      frames: (at) =>
        (known.get(at) ?? []).map((name, index, all) => ({
          function: name,
          file: `/src/${name}.go`,
          line: name.length,
          inlined: index < all.length - 1,
        })),
    },
  };
}

/** Ways into the runtime, as Go 1.26 has them. */
export const ACQUIRE = 'runtime.semacquire1';
export const MUTEX = [ACQUIRE, 'internal/sync.runtime_SemacquireMutex', 'internal/sync.(*Mutex).lockSlow'] as const;
export const MUTEX_UNLOCK = ['internal/sync.(*Mutex).unlockSlow'] as const;
