import { unavailable } from './choose.ts';
import type { ProbeDefinition } from './definition.ts';
import type { PlannedProbe, Unavailable } from './plan.ts';

/** What can be watched, and what cannot. */
export interface Settled {
  readonly probes: readonly PlannedProbe[];
  readonly missing: readonly Unavailable[];
}

/** Takes probes out that are of no use without another one that has no site, and then those that need these. */
export function keepTogether(definitions: readonly ProbeDefinition[], { probes, missing }: Settled): Settled {
  const standing = new Set(probes.map(({ role }) => role));
  const alone = definitions.flatMap((definition) => {
    const lacking = definition.together?.filter((role) => !standing.has(role)) ?? [];
    return standing.has(definition.role) && lacking.length > 0 ? [{ definition, lacking }] : [];
  });
  if (alone.length === 0) return { probes, missing };
  const out = new Set(alone.map(({ definition }) => definition.role));
  return keepTogether(definitions, {
    probes: probes.filter(({ role }) => !out.has(role)),
    missing: [
      ...missing,
      ...alone.map(({ definition, lacking }) => unavailable(definition, `${lacking.join(' and ')} has no site`)),
    ],
  });
}
