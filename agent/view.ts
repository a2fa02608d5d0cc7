import type { PanicCounts } from './correlate/exceptions.ts';
import type { GoroutineReport } from './correlate/goroutines.ts';
import type { Clock, Losses, RequestSpan } from './correlate/span.ts';
import type { WaitReport } from './correlate/waits/explainer.ts';
import type { Role, Unavailable } from './probe/plan.ts';
import type { TargetProcess } from './target/process.ts';

/**
 * The seam between a session and what shows it. A session calls these from its read loop, so a view returns
 * quickly and never throws; slow work (a full pipe, a repaint) is the view's own to bound.
 *
 * Order: `start`, then any number of the others, then `finish`, once. Targets that `--follow` finds later
 * arrive through `targetAttached`.
 */
export interface SessionView {
  start(info: SessionInfo): void;
  /** A target that joined after `start`. */
  targetAttached(target: AttachedTarget): void;
  targetExited(exit: TargetExit): void;
  /** Every finished request that passed the filters. */
  span(span: RequestSpan): void;
  /** About once a second. */
  stats(stats: SessionStats): void;
  /** About once a second for each target, where goroutines are sampled. */
  goroutines?(report: GoroutineReport): void;
  /** Totals so far; called when one of them has grown. */
  lost(losses: Losses): void;
  /** One sentence for the person, without control characters: something degraded, what to do next. */
  warning(text: string): void;
  /** Resolves when all of it was written. */
  finish(summary: SessionSummary): Promise<void>;
}

export interface SessionInfo {
  readonly toolVersion: string;
  readonly backend: string;
  /** How records leave the kernel. */
  readonly transport: 'ring' | 'perf' | undefined;
  readonly clock: Clock;
  readonly host: HostInfo;
  readonly targets: readonly AttachedTarget[];
  /** Share of requests that is asked for, 0 to 1. */
  readonly sampleRatio: number;
  readonly minDurationNs: number;
  /** Where spans are exported to, e.g. `http://collector:4317`; undefined: nowhere. */
  readonly exportEndpoint: string | undefined;
}

export interface HostInfo {
  readonly name: string;
  /** `uname -r`. */
  readonly kernel: string;
  readonly cpus: number;
}

/** One process with its probes in place. */
export interface AttachedTarget {
  readonly process: TargetProcess;
  /** `service.name` of its resource. */
  readonly serviceName: string;
  /** E.g. `go1.26.8`. */
  readonly goVersion: string;
  readonly build: BuildKind;
  readonly probes: readonly AttachedProbe[];
  readonly unavailable: readonly Unavailable[];
}

/** How the executable was built, as far as it tells. */
export interface BuildKind {
  readonly arch: 'amd64' | 'arm64';
  readonly stripped: boolean;
  readonly pie: boolean;
  readonly cgo: boolean;
  readonly pgo: boolean;
}

export interface AttachedProbe {
  readonly role: Role;
  readonly variant: 0 | 1;
  readonly symbol: string;
  readonly address: number;
  readonly cost: 'nop5' | 'emulated' | 'stepped';
  readonly per: 'request' | 'connection' | 'rare' | 'switch';
}

export interface TargetExit {
  readonly pid: number;
  /** Nanoseconds since the clock base. */
  readonly time: number;
  /** Requests that were running and are reported as unfinished. */
  readonly unfinished: number;
}

/** What the session measures of itself and of the kernel side. Rates are over the last interval. */
export interface SessionStats {
  /** Nanoseconds since the clock base. */
  readonly time: number;
  readonly intervalNs: number;
  readonly totals: RequestTotals;
  readonly cost: ProbeCost;
  readonly agent: AgentUsage;
  readonly losses: Losses;
  /** What requests waited for, since the start of the session. */
  readonly waits: WaitReport;
  readonly process: ProcessReport;
  /** The ratio in force, 0 to 1; below the one asked for when the agent sheds load. */
  readonly sampleRatio: number;
}

/** Of the targets together, since the start of the session; counted in the kernel. Times in nanoseconds. */
export interface ProcessReport {
  /** Times that a goroutine was made to mark for the garbage collector. */
  readonly assists: number;
  readonly assistTime: number;
  /** Waits for mutexes, wait groups and conditions that ended. */
  readonly waits: number;
  readonly waitTime: number;
  /** --deep: times that a goroutine had to wait for a processor. */
  readonly delays: number;
  readonly delayTime: number;
  /** Threads that slept for locks of the Go runtime itself; undefined: not watched in any of them. */
  readonly runtimeLocks: RuntimeLockWaits | undefined;
  readonly panics: PanicCounts;
}

/** Times in nanoseconds. */
export interface RuntimeLockWaits {
  readonly count: number;
  readonly total: number;
  readonly longest: number;
}

/** Exact, whatever is sampled, filtered or lost: counted in the kernel. Since the start of the session. */
export interface RequestTotals {
  /** Requests that ended. */
  readonly finished: number;
  /** Spans that were handed to the view. */
  readonly shown: number;
  readonly exported: number;
  /** Durations of all of them; undefined until the first statistics record. */
  readonly histogram: KernelHistogram | undefined;
}

/**
 * `counts[statusClass][bucket]`: status class 0 (unknown) to 5; bucket `b` begins at
 * 2^(minShift + b / bucketsPerOctave) nanoseconds, linear inside an octave. Mirrors `rec_stats.hist` (bpf/record.h).
 */
export interface KernelHistogram {
  readonly minShift: number;
  readonly bucketsPerOctave: number;
  readonly counts: readonly (readonly number[])[];
}

/** What the probes cost the server. Absent: not measured. */
export interface ProbeCost {
  readonly hitsPerSecond: number;
  readonly hitsPerSecondByRole: Readonly<Partial<Record<Role, number>>>;
  /** Since the start of the session. */
  readonly hitsByRole: Readonly<Partial<Record<Role, number>>>;
  readonly steppedHitsPerSecond: number;
  /** One empty uprobe on an emulated instruction, measured at start. */
  readonly unitNs: number | undefined;
  /** One on a single-stepped instruction. */
  readonly steppedNs: number | undefined;
  /** Time in our BPF programs for each second of wall-clock time, ns. */
  readonly programNsPerSecond: number | undefined;
  /** The programs on system calls, which run for all processes of the machine, as a share of one core. */
  readonly syscallShare: number | undefined;
  /** Hits times unit cost plus program time, and `syscallShare`, as a share of one core (0.02 is 2 %). */
  readonly coreShare: number | undefined;
  /** The same without `syscallShare` as a share of the CPU time that the targets used. */
  readonly serverCpuShare: number | undefined;
}

/** The agent and its loader together. */
export interface AgentUsage {
  /** Share of one core. */
  readonly cpuShare: number;
  /** CPU time since the start of the session. */
  readonly cpuNs: number;
  readonly residentBytes: number;
  readonly mapBytes: number | undefined;
}

export interface SessionSummary {
  readonly reason: 'interrupted' | 'duration' | 'targets_gone' | 'failed';
  /** Why it failed, for the person. */
  readonly error: string | undefined;
  readonly durationNs: number;
  /** From the request to stop until the last probe was detached. */
  readonly detachNs: number | undefined;
  /** The last statistics, after the final drain. */
  readonly stats: SessionStats | undefined;
  readonly losses: Losses;
  /** Spans that the exporter still held when it gave up; they are among the losses too. */
  readonly unflushed: number;
}
