import { DEFINITIONS } from '../../probe/definitions.ts';
import type { Plan, PlannedProbe } from '../../probe/plan.ts';
import type { TargetProcess } from '../../target/process.ts';
import type { AttachOptions } from '../backend.ts';
import type { Dialect } from './dialect.ts';
import { identityOf } from './identity.ts';
import { type Placement, placeProbes } from './place.ts';
import { bpftraceScript } from './script/script.ts';
import { tryAddress } from './trial.ts';

export interface MakeScriptInput {
  readonly target: TargetProcess;
  readonly plan: Plan;
  readonly dialect: Dialect;
  readonly options: AttachOptions;
  readonly toolVersion: string;
  /** The one that the script is for; undefined: some current one. */
  readonly bpftrace: string | undefined;
}

/** The script for one process, and which of its probes it holds. Throws BinaryError. */
export async function makeScript(input: MakeScriptInput): Promise<Placement & { readonly script: string }> {
  const { target, plan, dialect, options, toolVersion, bpftrace } = input;
  // Asked only where a probe needs it, and once: the answer is the same for all of a file.
  let takes: boolean | undefined = bpftrace === undefined ? true : undefined;
  let asked: number | undefined;
  let placement = placeProbes(target, plan, (address) => {
    asked ??= address;
    return takes ?? true;
  });
  if (asked !== undefined && takes === undefined && bpftrace !== undefined) {
    takes = await tryAddress(bpftrace, target.exePath, asked);
    placement = placeProbes(target, plan, () => takes === true);
  }
  const first = placement.sites.find(({ probe }) => probe.role === 'http1_serve') ?? placement.sites[0];
  const script = bpftraceScript({
    target,
    plan,
    dialect,
    sites: placement.sites,
    identity: identityOf(target, first),
    headers: options.headers,
    sampleRatio: options.sampleRatio,
    minDurationNs: options.minDurationNs,
    toolVersion,
  });
  return { ...heldBy(script, placement), script };
}

/** The script is the truth: a probe whose place it does not name is not carried out. */
function heldBy(script: string, { sites, refused }: Placement): Placement {
  const named = new Set([...script.matchAll(/reg\("ip"\) == (0x[0-9a-f]+)/g)].map(([, ip]) => Number(ip)));
  const left = sites.filter(({ ip }) => !named.has(ip));
  return {
    sites: sites.filter(({ ip }) => named.has(ip)),
    refused: [
      ...refused,
      ...left.map(({ probe }) => ({ probe, reason: `the script has no part for it${loses(probe)}` })),
    ],
  };
}

function loses({ role, variant }: PlannedProbe): string {
  const definition = DEFINITIONS.find((entry) => entry.role === role && entry.variant === variant);
  return definition === undefined ? '' : `: ${definition.loses}`;
}
