import type { Plan, Role } from '../../../probe/plan.ts';
import type { TargetProcess } from '../../../target/process.ts';
import type { Dialect } from '../dialect.ts';
import type { ScriptSite } from '../place.ts';

/** What a script is made for. */
export interface ScriptInput {
  readonly target: TargetProcess;
  readonly plan: Plan;
  readonly dialect: Dialect;
  /** Where each probe of the plan can stand with this bpftrace. */
  readonly sites: readonly ScriptSite[];
  readonly identity: Identity;
  /** Header names in canonical form. */
  readonly headers: readonly string[];
  /** 0 to 1 */
  readonly sampleRatio: number;
  readonly minDurationNs: number;
  readonly toolVersion: string;
}

/** How a script knows its own process. */
export interface Identity {
  /** What the probes name: a path that only this process has. */
  readonly path: string;
  /** Of the Go build ID; undefined: the binary has none. */
  readonly buildId: string | undefined;
  /** Words of the executable's memory that another build would have differently, at run-time addresses. */
  readonly words: readonly { readonly address: number; readonly value: bigint }[];
}

/** The input with what all concerns ask of it. */
export interface ScriptContext extends ScriptInput {
  readonly pid: number;
  site(role: Role, variant?: 0 | 1): ScriptSite | undefined;
  /** Of a member of the plan's layout that is an offset; undefined: the binary does not have it. */
  offset(member: string): number | undefined;
  /** Of a member that is an address, moved to where the process has it; `0x0`: not linked in. */
  address(member: string): string;
}

/** One part of the script: a title and its probes. Undefined: the plan has nothing of it. */
export type Concern = (context: ScriptContext) => string | undefined;

export function scriptContext(input: ScriptInput): ScriptContext {
  const { plan, sites, target } = input;
  return {
    ...input,
    pid: target.pid,
    site: (role, variant = 0) => sites.find(({ probe }) => probe.role === role && probe.variant === variant),
    offset: (member) => plan.layout[member],
    address: (member) => hex(plan.layout[member] === undefined ? 0 : (plan.layout[member] ?? 0) + target.loadBias),
  };
}

export function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}
