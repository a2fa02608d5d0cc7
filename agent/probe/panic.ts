import type { ProbeDefinition } from './definition.ts';

/** `panic` and run-time errors (runtime/panic.go). */
export const PANIC: readonly ProbeDefinition[] = [
  {
    role: 'panic',
    variant: 0,
    per: 'rare',
    symbols: ['runtime.gopanic'],
    needs: [],
    loses: 'panics are not recorded: a request that ends by one shows as aborted, without message and stack',
  },
];
