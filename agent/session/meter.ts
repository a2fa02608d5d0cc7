import type { PanicCounts } from '../correlate/exceptions.ts';
import type { LossReason } from '../correlate/span.ts';
import type { WaitReport } from '../correlate/waits/explainer.ts';
import { ROLES, type Role } from '../probe/plan.ts';
import type { StatsRecord } from '../record/decode-loader.ts';
import { HIST_BUCKETS_PER_OCTAVE, HIST_MIN_SHIFT, KERNEL_LOSSES } from '../record/layout.ts';
import type { AgentUsage, KernelHistogram, ProbeCost, RuntimeLockWaits, SessionStats } from '../view.ts';
import { addCounts, noCounts } from './totals.ts';
import { processCpuNs, processResidentBytes } from './usage.ts';

/** What only the session knows. */
export interface MeterInputs {
  readonly targetPids: readonly number[];
  readonly loaderPid: number | undefined;
  readonly shown: number;
  readonly exported: number;
  /** Losses counted outside of the kernel. */
  readonly losses: Readonly<Partial<Record<LossReason, number>>>;
  readonly sampleRatio: number;
  readonly waits: WaitReport;
  readonly runtimeLocks: RuntimeLockWaits | undefined;
  readonly panics: PanicCounts;
}

interface Reading {
  readonly record: StatsRecord;
  readonly agentCpuNs: number;
  readonly targetCpuNs: ReadonlyMap<number, number>;
}

const NS_PER_US = 1_000;

/** Turns the loader's counters into rates and shares, one interval after the other. */
export class Meter {
  #last: Reading;
  /** What loaders counted that are gone by now. */
  #before: StatsRecord | undefined;
  #newest: StatsRecord | undefined;
  readonly #ownCpuAtStart = ownCpuNs();
  /** Of the loader as last seen, and of those that are gone. */
  #loaderCpu = 0;
  #loadersBefore = 0;

  /** @param time nanoseconds since the clock base: what the first interval begins with */
  constructor(time: number) {
    this.#last = { record: noCounts(time), agentCpuNs: 0, targetCpuNs: new Map() };
  }

  /** The loader was started again: it counts from zero. */
  restarted(): void {
    this.#before = this.#newest;
    this.#loadersBefore += this.#loaderCpu;
    this.#loaderCpu = 0;
  }

  read(counted: StatsRecord, inputs: MeterInputs): SessionStats {
    const record = this.#before === undefined ? counted : addCounts(this.#before, counted);
    const reading: Reading = {
      record,
      agentCpuNs: this.#agentCpuNs(inputs.loaderPid),
      targetCpuNs: new Map(inputs.targetPids.map((pid) => [pid, processCpuNs(pid) ?? 0])),
    };
    const last = this.#last;
    const intervalNs = Math.max(1, record.time - last.record.time);
    this.#newest = record;
    // The final statistics follow the last ones closely: rates over a moment say nothing.
    if (intervalNs > MIN_INTERVAL_NS) this.#last = reading;
    return {
      time: record.time,
      intervalNs,
      totals: {
        finished: record.finished,
        shown: inputs.shown,
        exported: inputs.exported,
        histogram: histogramOf(record),
      },
      cost: costOf(last, reading, intervalNs),
      agent: usageOf(last, reading, intervalNs, inputs.loaderPid),
      losses: { ...kernelLosses(record), ...inputs.losses },
      waits: inputs.waits,
      process: {
        assists: record.assists,
        assistTime: record.assistNs,
        waits: record.waits,
        waitTime: record.waitNs,
        delays: record.delays,
        delayTime: record.delayNs,
        runtimeLocks: inputs.runtimeLocks,
        panics: inputs.panics,
      },
      sampleRatio: inputs.sampleRatio,
    };
  }

  /** Since the start of the session; never less than before. */
  #agentCpuNs(loaderPid: number | undefined): number {
    const loader = loaderPid === undefined ? undefined : processCpuNs(loaderPid);
    this.#loaderCpu = Math.max(this.#loaderCpu, loader ?? 0);
    return ownCpuNs() - this.#ownCpuAtStart + this.#loadersBefore + this.#loaderCpu;
  }
}

const MIN_INTERVAL_NS = 200e6;

/** Losses that the kernel side counted, those that are not zero. */
export function kernelLosses({ lost }: StatsRecord): Partial<Record<LossReason, number>> {
  const counted = KERNEL_LOSSES.map((reason, index) => [reason, lost[index] ?? 0] as const);
  return Object.fromEntries(counted.filter(([, count]) => count > 0));
}

function histogramOf({ histogram }: StatsRecord): KernelHistogram {
  return { minShift: HIST_MIN_SHIFT, bucketsPerOctave: HIST_BUCKETS_PER_OCTAVE, counts: histogram };
}

/** Hits times the cost of an empty one, measured on this machine, and the time of the programs themselves. */
function costOf(last: Reading, now: Reading, intervalNs: number): ProbeCost {
  const perSecond = (count: number): number => (Math.max(0, count) * 1e9) / intervalNs;
  const byRole: Partial<Record<Role, number>> = {};
  const hitsByRole: Partial<Record<Role, number>> = {};
  let hits = 0;
  ROLES.forEach((role, index) => {
    const total = now.record.hits[index] ?? 0;
    const count = total - (last.record.hits[index] ?? 0);
    if (total > 0) hitsByRole[role] = total;
    hits += count;
    if (count > 0) byRole[role] = perSecond(count);
  });
  const stepped = now.record.steppedHits - last.record.steppedHits;
  const totalHits = now.record.hits.reduce((sum, count) => sum + count, 0);
  const unitNs = known(now.record.unitNs);
  const steppedNs = known(now.record.steppedNs);
  // progNs is all hits so far times the mean of the programs: this interval's part of it goes by its hits.
  const meanNs = totalHits > 0 ? known(now.record.progNs / totalHits) : undefined;
  const programNs = meanNs === undefined ? undefined : meanNs * hits;
  const spent =
    unitNs === undefined ? undefined : (hits - stepped) * unitNs + stepped * (steppedNs ?? unitNs) + (programNs ?? 0);
  const syscallNs = known(now.record.syscallNs);
  const syscallShare = syscallNs === undefined ? undefined : syscallNs / 1e9;
  const serverNs = [...now.targetCpuNs].reduce((sum, [pid, ns]) => sum + ns - (last.targetCpuNs.get(pid) ?? ns), 0);
  return {
    hitsPerSecond: perSecond(hits),
    hitsPerSecondByRole: byRole,
    hitsByRole,
    steppedHitsPerSecond: perSecond(stepped),
    unitNs,
    steppedNs,
    programNsPerSecond: programNs === undefined ? undefined : perSecond(programNs),
    syscallShare,
    coreShare: spent === undefined ? undefined : spent / intervalNs + (syscallShare ?? 0),
    serverCpuShare: spent === undefined || serverNs <= 0 ? undefined : Math.min(1, spent / serverNs),
  };
}

function usageOf(last: Reading, now: Reading, intervalNs: number, loaderPid: number | undefined): AgentUsage {
  const loaderBytes = loaderPid === undefined ? 0 : (processResidentBytes(loaderPid) ?? 0);
  return {
    cpuShare: Math.max(0, now.agentCpuNs - last.agentCpuNs) / intervalNs,
    cpuNs: now.agentCpuNs,
    residentBytes: process.memoryUsage.rss() + loaderBytes,
    mapBytes: known(now.record.mapBytes),
  };
}

function ownCpuNs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * NS_PER_US;
}

function known(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}
