import { hostname } from 'node:os';
import type { Backend } from '../backend/backend.ts';
import { wantedHeaders } from '../correlate/headers.ts';
import type { AddressResolver } from '../correlate/resolver.ts';
import type { WaitKind } from '../correlate/sampled-waits.ts';
import type { Watched } from '../correlate/waits/explainer.ts';
import type { ExportTarget } from '../export/exporter.ts';
import { type ResourceInput, resourceOf, serviceName } from '../export/otlp/resource.ts';
import type { GoBinary } from '../gobinary/binary.ts';
import { openGoBinary } from '../gobinary/open.ts';
import type { SessionOptions } from '../options.ts';
import { type Plan, type PlannedProbe, ROLES, type Unavailable } from '../probe/plan.ts';
import { planProbes } from '../probe/planner.ts';
import { buildKind, fileKey } from '../programs.ts';
import { MAX_HEADERS } from '../record/layout.ts';
import { assertSameProcess } from '../target/describe.ts';
import { readTargetEnvironment } from '../target/environ.ts';
import type { TargetProcess } from '../target/process.ts';
import type { AttachedTarget } from '../view.ts';

/** A binary that was read, and what to watch in it. */
export interface PlannedBinary {
  readonly binary: GoBinary;
  readonly plan: Plan;
}

/** Executables are read once: replicas and restarts of a service share one. */
export class PlanCache {
  readonly #deep: boolean;
  readonly #plans = new Map<string, PlannedBinary>();

  constructor(deep: boolean) {
    this.#deep = deep;
  }

  /** Throws BinaryError or PlanError. */
  read(path: string): PlannedBinary {
    const key = fileKey(path) ?? path;
    const known = this.#plans.get(key);
    if (known) return known;
    const binary = openGoBinary(path);
    const planned = { binary, plan: planProbes(binary, this.#deep) };
    this.#plans.set(key, planned);
    return planned;
  }
}

/** A process with its probes in place, and what the later stages need to know of it. */
export interface LiveTarget {
  readonly attached: AttachedTarget;
  readonly resolver: AddressResolver;
  readonly exported: ExportTarget;
  readonly watched: Watched;
  /** Texts of g.waitreason; undefined: goroutines are not sampled. */
  readonly waitReasons: readonly string[] | undefined;
}

export const NOTHING_WATCHED: Watched = { locks: false, conds: false, pauses: false, assists: false, scheduler: false };

/** Attaches to one process. Throws TargetError, BinaryError, PlanError or BackendError. */
export async function attachTarget(
  target: TargetProcess,
  plans: PlanCache,
  backend: Backend,
  options: SessionOptions,
): Promise<LiveTarget> {
  const { binary, plan } = plans.read(target.exePath);
  assertSameProcess(target);
  const report = await backend.attach(target, plan, {
    headers: wantedHeaders(options.headers, MAX_HEADERS),
    sampleRatio: options.sampleRatio,
    minDurationNs: options.minDurationNs,
  });
  try {
    assertSameProcess(target);
  } catch (error) {
    await backend.detach(target.pid);
    throw error;
  }
  const refused: Unavailable[] = report.refused.map(({ probe, reason }) => ({
    what: probe.role,
    variant: probe.variant,
    reason: `${backend.name} has no probe in ${probe.host}: ${reason}`,
  }));
  const resource = resourceInput(target, binary, options);
  return {
    attached: {
      process: target,
      serviceName: serviceName(resource),
      goVersion: plan.goVersion,
      build: buildKind(binary),
      probes: report.attached,
      unavailable: [...plan.unavailable, ...refused],
    },
    resolver: resolverOf(target, binary),
    exported: { resource: resourceOf(resource) },
    watched: watchedOf(report.attached),
    waitReasons: options.goroutineSampleHz > 0 ? waitReasonsOf(binary) : undefined,
  };
}

/** Waits that probes measure: samples of them are not needed. */
export function exactWaits({ locks, assists }: Watched): ReadonlySet<WaitKind> {
  return new Set<WaitKind>([...(locks ? (['mutex'] as const) : []), ...(assists ? (['gc_assist'] as const) : [])]);
}

/** Without one of these the times do not add up. */
const SCHEDULER_ROLES = ROLES.filter((role) => role.startsWith('sched_') && role !== 'sched_netpoll');

function watchedOf(probes: readonly PlannedProbe[]): Watched {
  const roles = new Set(probes.map(({ role }) => role));
  return {
    locks: roles.has('sem_woken'),
    conds: roles.has('cond_woken'),
    pauses: roles.has('stw_end'),
    assists: roles.has('assist_end'),
    scheduler: SCHEDULER_ROLES.every((role) => roles.has(role)),
  };
}

/** Read once a binary: replicas of a service share one. */
const waitReasons = new WeakMap<GoBinary, readonly string[] | undefined>();

function waitReasonsOf(binary: GoBinary): readonly string[] | undefined {
  if (!waitReasons.has(binary)) waitReasons.set(binary, binary.waitReasons());
  return waitReasons.get(binary);
}

/** Names of types and code addresses of a running process, which may be moved (PIE). */
function resolverOf(process: TargetProcess, binary: GoBinary): AddressResolver {
  return {
    typeAt: (address) => binary.typeAt(address - process.loadBias),
    frames: (address) => binary.frames(address - process.loadBias),
  };
}

function resourceInput(target: TargetProcess, binary: GoBinary, options: SessionOptions): ResourceInput {
  return {
    process: target,
    environment: readTargetEnvironment(target.pid),
    ownEnvironment: process.env,
    serviceName: options.serviceName,
    goVersion: binary.version.raw,
    arch: binary.arch,
    mainModule: binary.buildInfo.main?.path,
    hostName: hostname(),
    toolVersion: options.toolVersion,
  };
}
