import type { ProbeDefinition } from './definition.ts';

const ASSIST = { variant: 0, per: 'rare', symbols: ['runtime.gcAssistAlloc1'], needs: ['g_m', 'm_curg'] } as const;
const LOSES = 'the time that requests are made to mark for the garbage collector is not known';

/** GC assists: between the two calls by which the runtime takes the time itself (runtime/mgcmark.go). */
export const GC_ASSIST: readonly ProbeDefinition[] = [
  {
    ...ASSIST,
    role: 'assist_begin',
    call: { callee: 'runtime.nanotime1', which: 'first' },
    together: ['assist_end'],
    loses: LOSES,
  },
  {
    ...ASSIST,
    role: 'assist_end',
    call: { callee: 'runtime.nanotime1', which: 'last' },
    together: ['assist_begin'],
    loses: LOSES,
  },
];
