import { type Plan, type PlannedProbe, ROLES } from '../../probe/plan.ts';
import type { TargetProcess } from '../../target/process.ts';
import type { AttachOptions } from '../backend.ts';

/** Roles whose program exists once for each implementation of HTTP/2. */
const HTTP2 = /^http2_/;
const FULL_THRESHOLD = 0xffff_ffff;
const MAX_WEIGHT = 0xffff_ffff;

/** The BPF program of a probe (bpf/*.bpf.c). */
export function programName({ role, variant }: Pick<PlannedProbe, 'role' | 'variant'>): string {
  if (role === 'panic') return 'go_panic';
  return HTTP2.test(role) ? `${role}_${variant}` : role;
}

/** What the kernel compares a random 32-bit number with, and how many requests a sent one stands for. */
export function sampling(ratio: number): { readonly threshold: number; readonly weight: number } {
  if (ratio >= 1) return { threshold: FULL_THRESHOLD, weight: 1 };
  const weight = ratio > 0 ? Math.min(Math.round(1 / ratio), MAX_WEIGHT) : 1;
  return { threshold: Math.max(0, Math.floor(ratio * 2 ** 32) - 1), weight };
}

/**
 * The commands that attach one target (bpf/loader/main.c lists them), without their sequence numbers. The last
 * one is `attach`, the only one that is answered when all is well.
 */
export function attachCommands(target: TargetProcess, plan: Plan, options: AttachOptions): string[] {
  const { threshold, weight } = sampling(options.sampleRatio);
  const fields: [string, number][] = Object.entries(plan.layout).map(([name, value]) => [
    name,
    plan.addresses.includes(name) ? value + target.loadBias : value,
  ]);
  return [
    `target ${target.pid} ${target.exePath}`,
    ...fields.map(([name, value]) => `field ${name} ${value}`),
    `field jump_roles ${roleBits(plan.probes.filter(({ site }) => site === 'stack-check'))}`,
    `field stepped_roles ${roleBits(plan.probes.filter(({ cost }) => cost === 'stepped'))}`,
    `field min_duration ${options.minDurationNs}`,
    `field sample_threshold ${threshold}`,
    `field weight ${weight}`,
    ...options.headers.map((name, index) => `header ${index} ${name}`),
    ...plan.probes.map((probe) => `probe ${programName(probe)} ${probe.fileOffset}${probe.spare ? ' spare' : ''}`),
    'attach',
  ];
}

function roleBits(probes: readonly PlannedProbe[]): number {
  // More roles than a bitwise operation has bits.
  return probes.reduce((bits, { role }) => bits + 2 ** ROLES.indexOf(role), 0);
}
