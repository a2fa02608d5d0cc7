import type { GoBinary } from '../gobinary/binary.ts';
import type { ProbeDefinition } from './definition.ts';
import type { Layout } from './plan.ts';

/** The world is stopped and started again, for the garbage collector and for others (runtime/proc.go). */
export const WORLD: readonly ProbeDefinition[] = [
  {
    role: 'stw_begin',
    variant: 0,
    per: 'rare',
    symbols: ['runtime.stopTheWorldWithSema'],
    together: ['stw_end'],
    needs: ['stw_has_reason'],
    loses: 'stop-the-world pauses are not seen',
  },
  {
    role: 'stw_end',
    variant: 0,
    per: 'rare',
    symbols: ['runtime.startTheWorldWithSema'],
    // Its last step, when all others were let go.
    call: { callee: 'runtime.wakep', which: 'only' },
    together: ['stw_begin'],
    needs: [],
    loses: 'stop-the-world pauses are not seen',
  },
  {
    role: 'stw_counted',
    variant: 0,
    per: 'rare',
    // The second of its two: the time that MemStats.PauseTotalNs counts up to.
    symbols: ['runtime.gcMarkTermination'],
    call: { callee: 'runtime.nanotime1', which: 'last' },
    together: ['stw_end'],
    needs: [],
    loses: 'pauses are as long as the world stood still, which is a little more than the runtime counts',
  },
];

/** stopTheWorldWithSema has a parameter from Go 1.21 on; the binary does not tell the parameters of functions. */
export function worldLayout({ version }: GoBinary): Layout {
  return { stw_has_reason: version.minor >= 21 ? 1 : 0 };
}
