import type { GoBinary } from '../agent/gobinary/binary.ts';
import { describePlan } from '../agent/probe/describe.ts';
import type { Plan } from '../agent/probe/plan.ts';
import { planProbes } from '../agent/probe/planner.ts';
import { buildKind } from '../agent/programs.ts';
import type { BuildKind } from '../agent/view.ts';

/** What `inspect` and `attach --dry-run` show of one executable. */
export interface PlanReport {
  readonly build: BuildKind;
  readonly plan: Plan;
}

/** @throws PlanError where there is nothing to attach to */
export function makePlanReport(binary: GoBinary, deep = false): PlanReport {
  return { build: buildKind(binary), plan: planProbes(binary, deep) };
}

/** Lines of text; `describePlan` makes what came from the binary harmless. */
export function planLines(report: PlanReport): string[] {
  return describePlan(report.plan).trimEnd().split('\n');
}

/** Addresses as hexadecimal text, everything else as it stands in the plan. */
export function planJson({ plan, build }: PlanReport): object {
  return {
    ...plan,
    build,
    probes: plan.probes.map((probe) => ({ ...probe, address: hex(probe.address), fileOffset: hex(probe.fileOffset) })),
  };
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
