import type { GoBinary } from '../gobinary/binary.ts';
import type { ProbeDefinition } from './definition.ts';
import type { Layout } from './plan.ts';
import { reasonWaits } from './reason-waits.ts';

const LOSES = 'what requests wait for does not add up to their duration';

const onSwitch = (
  role: ProbeDefinition['role'],
  symbols: readonly string[],
  more: Partial<ProbeDefinition> = {},
): ProbeDefinition => ({ role, variant: 0, per: 'switch', symbols, needs: [], loses: LOSES, deep: true, ...more });

const NETPOLL: Partial<ProbeDefinition> = {
  call: { callee: 'runtime.casgstatus', which: 'each' },
  loses: 'a request that waits for a processor after the network counts as waiting for the network',
};

/**
 * --deep: every step of the scheduler (runtime/proc.go). park_m and those that mcall calls are called through a
 * pointer: no profile inlines them.
 */
export const SCHEDULER: readonly ProbeDefinition[] = [
  onSwitch('sched_park', ['runtime.park_m'], { needs: ['g_waitreason', 'reason_wait.0'] }),
  onSwitch('sched_ready', ['runtime.ready'], { callers: ['runtime.goready.func1', 'runtime.readyWithTime'] }),
  onSwitch('sched_execute', ['runtime.execute'], { callers: ['runtime.schedule'] }),
  onSwitch('sched_yield', ['runtime.goschedImpl'], { callers: ['runtime.gopreempt_m', 'runtime.gosched_m'] }),
  onSwitch('sched_yield_to', ['runtime.goyield_m']),
  onSwitch('sched_preempt', ['runtime.preemptPark']),
  // exitsyscall0 to Go 1.25.
  onSwitch('sched_syscall_slow', ['runtime.exitsyscallNoP', 'runtime.exitsyscall0']),
  onSwitch('sched_spawn', ['runtime.newproc1'], { call: { callee: 'runtime.casgstatus', which: 'last' } }),
  // Whom the poller finds is not made ready by ready. findRunnable does so with one of them itself.
  onSwitch('sched_netpoll', ['runtime.injectglist'], NETPOLL),
  onSwitch('sched_netpoll', ['runtime.findRunnable'], NETPOLL),
];

/** `reason_wait.N`: which wait a number of runtime.waitReason is. Empty where the binary does not hold the texts. */
export function schedulerLayout(binary: GoBinary): Layout {
  const waits = reasonWaits(binary);
  return Object.fromEntries((waits ?? []).map((wait, reason) => [`reason_wait.${reason}`, wait]));
}
