import type { Role } from '../../agent/probe/plan.ts';
import type { AttachedTarget } from '../../agent/view.ts';

/** Whether a probe stands in one of the targets: a figure of what nobody watches is unknown, not zero. */
export function isWatched(targets: readonly AttachedTarget[], role: Role): boolean {
  return targets.some(({ probes }) => probes.some((probe) => probe.role === role));
}
