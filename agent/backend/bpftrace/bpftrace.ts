import { existsSync } from 'node:fs';
import type { Plan } from '../../probe/plan.ts';
import { ROLES } from '../../probe/plan.ts';
import { HIST_BUCKETS, HIST_CLASSES, KERNEL_LOSSES, STATS } from '../../record/layout.ts';
import type { TargetProcess } from '../../target/process.ts';
import { type AttachOptions, type AttachReport, type Backend, BackendError, type BackendEvents } from '../backend.ts';
import { sampling } from '../libbpf/commands.ts';
import { RecordWriter } from './record-writer.ts';
import { type TracedOptions, TracedProcess } from './traced-process.ts';
import { bpftraceVersion, ensureTracefs, findBpftrace, tryDialect, tryGuard } from './trial.ts';

export interface BpftraceOptions {
  /** Path of bpftrace; undefined: the first in PATH. */
  readonly bpftrace: string | undefined;
  readonly toolVersion: string;
  readonly maxRequestsInFlight: number | undefined;
}

/** The bpftrace in hand, and what was tried of it. */
type Found = Pick<TracedOptions, 'path' | 'dialect' | 'guard'>;

const STATS_INTERVAL_MS = 1_000;
const DEFAULT_IN_FLIGHT = 4_096;

/** Finds bpftrace and tries what it can do. Throws BackendError where it is missing or cannot trace. */
export async function startBpftrace(options: BpftraceOptions, events: BackendEvents): Promise<Backend> {
  const path = await findBpftrace(options.bpftrace);
  if (path === undefined)
    throw new BackendError('loader', 'bpftrace is not installed', 'Install it: apt install bpftrace');
  await bpftraceVersion(path);
  await ensureTracefs();
  return new BpftraceBackend({ path, dialect: await tryDialect(path), guard: await tryGuard() }, options, events);
}

/** One bpftrace for each process: a script is made for one. */
class BpftraceBackend implements Backend {
  readonly name = 'bpftrace';
  readonly transport = undefined;
  readonly #found: Found;
  readonly #options: BpftraceOptions;
  readonly #events: BackendEvents;
  readonly #writer = new RecordWriter();
  readonly #traced = new Map<number, TracedProcess>();
  /** Those that are gone by now: totals stay. */
  readonly #past: TracedProcess[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(found: Found, options: BpftraceOptions, events: BackendEvents) {
    this.#found = found;
    this.#options = options;
    this.#events = events;
    this.#timer = setInterval(() => this.#stats(), STATS_INTERVAL_MS);
  }

  get pid(): number | undefined {
    const [first] = this.#traced.values();
    return first?.pid;
  }

  async attach(target: TargetProcess, plan: Plan, attach: AttachOptions): Promise<AttachReport> {
    if (plan.arch !== 'amd64') {
      throw new BackendError(
        'feature',
        `scripts are made for amd64 only, not for ${plan.arch}`,
        'Use --backend libbpf',
      );
    }
    const traced = new TracedProcess(
      {
        ...this.#found,
        target,
        plan,
        attach,
        weight: sampling(attach.sampleRatio).weight,
        toolVersion: this.#options.toolVersion,
        mapKeys: 2 * (this.#options.maxRequestsInFlight ?? DEFAULT_IN_FLIGHT),
        writer: this.#writer,
      },
      {
        record: this.#events.record,
        log: this.#events.log,
        ended: (how) => this.#ended(target, how),
      },
    );
    const report = await traced.start();
    this.#traced.set(target.pid, traced);
    return report;
  }

  async detach(pid: number): Promise<void> {
    const traced = this.#traced.get(pid);
    if (traced === undefined) return;
    this.#traced.delete(pid);
    this.#past.push(traced);
    await traced.stop();
  }

  /** bpftrace keeps the privileges that it was started with. */
  async seal(): Promise<void> {}

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#traced.keys()].map((pid) => this.detach(pid)));
    this.#stats();
  }

  /** It ends by itself with the process that it traces. */
  #ended(target: TargetProcess, how: string): void {
    const traced = this.#traced.get(target.pid);
    if (traced === undefined) return;
    if (!existsSync(target.exePath)) {
      const { bytes, end } = this.#writer.exit(target.pid, process.hrtime.bigint());
      this.#events.record(bytes.readUInt16LE(4), bytes, 0, end);
      return;
    }
    clearInterval(this.#timer);
    for (const pid of this.#traced.keys()) if (pid !== target.pid) void this.detach(pid);
    this.#events.died(new BackendError('loader', `bpftrace ended (${how})`, 'Run `httptrace doctor`'));
  }

  #stats(): void {
    const all = [...this.#traced.values(), ...this.#past];
    const sum = (of: (traced: TracedProcess) => number): number => all.reduce((total, traced) => total + of(traced), 0);
    const { bytes, end } = this.#writer.stats((record) => {
      record.writeBigUInt64LE(process.hrtime.bigint(), STATS.time);
      const write = (at: number, value: number): void => void record.writeBigUInt64LE(BigInt(Math.max(0, value)), at);
      ROLES.forEach((role, index) => {
        write(
          STATS.hits + index * 8,
          sum(({ totals }) => totals.hits.get(role) ?? 0),
        );
      });
      KERNEL_LOSSES.forEach((reason, index) => {
        write(
          STATS.lost + index * 8,
          sum(({ totals }) => totals.lost[reason] ?? 0),
        );
      });
      write(
        STATS.finished,
        sum(({ totals }) => totals.finished),
      );
      for (const name of ['assists', 'assistNs', 'waits', 'waitNs'] as const) {
        write(
          STATS[name],
          sum(({ totals }) => totals[name]),
        );
      }
      for (let index = 0; index < HIST_CLASSES * HIST_BUCKETS; index++) {
        const count = sum(({ totals }) => totals.histogram[index] ?? 0);
        if (count > 0) write(STATS.hist + index * 8, count);
      }
    });
    this.#events.record(bytes.readUInt16LE(4), bytes, 0, end);
  }
}
