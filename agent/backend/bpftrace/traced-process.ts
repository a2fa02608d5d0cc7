import type { Plan, Role } from '../../probe/plan.ts';
import type { KERNEL_LOSSES } from '../../record/layout.ts';
import type { TargetProcess } from '../../target/process.ts';
import { type AttachOptions, type AttachReport, BackendError, type BackendEvents } from '../backend.ts';
import { Assembler } from './assembler.ts';
import { monotonicMinusBoottime } from './clock.ts';
import type { Dialect } from './dialect.ts';
import { InOrder } from './in-order.ts';
import { makeScript } from './make-script.ts';
import type { Message } from './message.ts';
import type { RecordWriter } from './record-writer.ts';
import { BpftraceRun } from './run.ts';
import { scriptError } from './script-error.ts';

export interface TracedOptions {
  readonly path: string;
  /** Written before it, so that it does not outlive the agent. */
  readonly guard: readonly string[];
  readonly dialect: Dialect;
  readonly target: TargetProcess;
  readonly plan: Plan;
  readonly attach: AttachOptions;
  /** Requests that a sent one stands for. */
  readonly weight: number;
  readonly toolVersion: string;
  readonly mapKeys: number;
  readonly writer: RecordWriter;
}

export interface TracedEvents extends Pick<BackendEvents, 'record' | 'log'> {
  readonly ended: (how: string) => void;
}

/** Counted since the start. */
export interface Totals {
  finished: number;
  hits: Map<Role, number>;
  lost: Partial<Record<(typeof KERNEL_LOSSES)[number], number>>;
  histogram: number[];
  assists: number;
  assistNs: number;
  waits: number;
  waitNs: number;
}

const STOP_TIMEOUT_MS = 10_000;
/** Lines of different processors are no more than this late. */
const ORDER_INTERVAL_MS = 50;
/** Warnings that are handed on; the others say the same. */
const MAX_WARNINGS = 5;
/**
 * bpftrace says these of every script that is right: addresses are checked here, pointers are the target's, words of a
 * build are compared for equality alone, and settings are given by their older and newer names.
 */
const EXPECTED =
  /instruction boundary|resolves outside of any symbol|forcing attachment|Addrspace|Misaligned|is deprecated|different signs/;

/** One process under one bpftrace: its script, its lines, its records. */
export class TracedProcess {
  readonly #options: TracedOptions;
  readonly #events: TracedEvents;
  readonly #assembler: Assembler;
  readonly #order: InOrder;
  #timer: NodeJS.Timeout | undefined;
  #run: BpftraceRun | undefined;
  #ready: (() => void) | undefined;
  #stopping = false;
  #warnings = 0;
  #lostEvents = 0;
  #unreadable = 0;
  readonly #maps = new Map<string, ReadonlyMap<string, number>>();

  constructor(options: TracedOptions, events: TracedEvents) {
    this.#options = options;
    this.#events = events;
    this.#order = new InOrder((bytes) => events.record(bytes.readUInt16LE(4), bytes, 0, bytes.length));
    this.#assembler = new Assembler({
      tgid: options.target.pid,
      weight: options.weight,
      clockOffset: options.dialect.monotonic ? 0n : monotonicMinusBoottime(),
      writer: options.writer,
      emit: (bytes, end, what) => this.#order.add(bytes, end, what),
    });
  }

  get pid(): number | undefined {
    return this.#run?.pid;
  }

  get totals(): Totals {
    const sum = (map: string): number => [...(this.#maps.get(map)?.values() ?? [])].reduce((a, b) => a + b, 0);
    const { requests, hits, histogram, malformed, incomplete, unread, waits } = this.#assembler;
    return {
      finished: Math.max(sum('finished'), requests),
      hits,
      histogram,
      assists: sum('assists'),
      assistNs: sum('assist_ns'),
      waits: waits.count,
      waitNs: waits.ns,
      lost: {
        output_full: this.#lostEvents + malformed + incomplete + this.#unreadable,
        requests_full: sum('requests_full'),
        not_sampled: sum('not_sampled'),
        filtered: sum('too_short'),
        read_failed: unread,
        stale: sum('stale'),
      },
    };
  }

  /** Resolves when all probes are in place. Throws BackendError. */
  async start(): Promise<AttachReport> {
    const { path, guard, target, plan, attach } = this.#options;
    const { script, sites, refused } = await makeScript({ ...this.#options, bpftrace: path, options: attach });
    for (const { probe, atEntry } of sites) {
      if (!atEntry) continue;
      this.#events.log(
        `bpftrace can place its probe of ${probe.symbol} only at the function's start, where a hit costs the server several times as much`,
      );
    }
    const ready = new Promise<'ready'>((resolve) => {
      this.#ready = () => resolve('ready');
    });
    const run = new BpftraceRun({
      path,
      guard,
      script,
      pid: target.pid,
      mapKeys: this.#options.mapKeys,
      message: (message) => this.#message(message),
      malformed: () => {
        this.#unreadable++;
      },
      said: (line) => this.#said(line),
    });
    this.#run = run;
    const outcome = await Promise.race([ready, run.ended]);
    if (outcome !== 'ready') throw startError(script, run.stderr, outcome);
    this.#timer = setInterval(() => this.#order.tick(), ORDER_INTERVAL_MS);
    void run.ended.then((how) => {
      this.#order.flush();
      if (!this.#stopping) this.#events.ended(how);
    });
    return {
      attached: plan.probes.filter((probe) => sites.some((site) => site.probe === probe)),
      refused,
    };
  }

  /** Takes the probes out and hands out what is left. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#run?.stop(STOP_TIMEOUT_MS);
    const now = process.hrtime.bigint();
    this.#assembler.unfinished(this.#options.dialect.monotonic ? now : now - monotonicMinusBoottime());
    clearInterval(this.#timer);
    this.#order.flush();
  }

  #message(message: Message): void {
    switch (message.type) {
      case 'printf':
        if (message.text === 'ready\n') this.#ready?.();
        else if (message.text.startsWith('! ')) this.#events.log(message.text.slice(2).trim());
        else this.#assembler.take(message.text);
        break;
      case 'map':
        this.#maps.set(message.name, message.counts);
        break;
      case 'lost':
        this.#lose(message.events);
        break;
      case 'helper_error':
        if (!isHarmless(message)) this.#warn(`bpftrace: ${message.helper}: ${message.text}`);
        break;
    }
  }

  #lose(events: number): void {
    this.#lostEvents += events;
    this.#assembler.lost();
  }

  /** Older versions write losses as text, whatever the format. */
  #said(line: string): void {
    const lost = Number(/^Lost (\d+) events/.exec(line)?.[1]);
    if (lost > 0) this.#lose(lost);
    else if (this.#isWarning(line)) this.#warn(`bpftrace: ${line}`);
  }

  #isWarning(line: string): boolean {
    return /WARNING|ERROR/.test(line) && !EXPECTED.test(line);
  }

  #warn(text: string): void {
    if (this.#warnings++ < MAX_WARNINGS) this.#events.log(text);
  }
}

/**
 * What is deleted twice was gone already. A counter that two processors make at the same moment is there: one count is
 * missing, which the requests that came put right.
 */
function isHarmless({ helper, text }: { readonly helper: string; readonly text: string }): boolean {
  return /delete/.test(helper) || (/update/.test(helper) && /File exists/.test(text));
}

function startError(script: string, stderr: string, how: string): BackendError {
  if (/only supports running as the root user/i.test(stderr)) {
    return new BackendError('permission', 'bpftrace needs root', 'Run the command with sudo');
  }
  return new BackendError(
    'target',
    `bpftrace ended before its probes were in place (${how}): ${scriptError(script, stderr)}`,
    'Run `httptrace doctor`, or look at `httptrace script` for this process',
  );
}
