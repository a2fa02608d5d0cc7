import { availableParallelism, hostname, release } from 'node:os';
import { dirname, join } from 'node:path';
import type { Backend, BackendError } from './backend/backend.ts';
import { spanFilter } from './correlate/filter.ts';
import { wantedHeaders } from './correlate/headers.ts';
import { RequestCorrelator } from './correlate/requests.ts';
import type { Losses, LossReason, RequestSpan } from './correlate/span.ts';
import type { ExportTarget } from './export/exporter.ts';
import type { MetricsExporter } from './export/metrics.ts';
import type { SessionOptions } from './options.ts';
import { ProgramCache } from './programs.ts';
import { decodeProcess, decodeRuntimeLocks, decodeStats, type StatsRecord } from './record/decode-loader.ts';
import { MAX_HEADERS, RecordType } from './record/layout.ts';
import { attachTarget, exactWaits, type LiveTarget, NOTHING_WATCHED, PlanCache } from './session/attached.ts';
import { startClock } from './session/clock.ts';
import { type Exporting, startExporting } from './session/exporting.ts';
import { Meter } from './session/meter.ts';
import { RuntimeLockTotals } from './session/runtime-locks.ts';
import { startBackend } from './session/start-backend.ts';
import type { TargetProcess } from './target/process.ts';
import { ProcessWatcher } from './target/watch.ts';
import type { AttachedTarget, SessionStats, SessionSummary, SessionView } from './view.ts';

/** Beside the program. */
const LOADER = join(dirname(process.argv[1] ?? ''), 'httptrace-loader');
/** Restarts of the loader before the session gives up. */
const MAX_RESTARTS = 5;
const RESTART_DELAY_MS = 200;
const FLUSH_DEADLINE_MS = 5_000;
const FOLLOW_POLL_MS = 1_000;
/** A process that just ran execve is looked at again when it has had time to open its port. */
const FOLLOW_LOOKS_MS = [20, 200];

/**
 * Attaches, follows the requests until it is told to stop, detaches. The one place where all stages meet.
 * @throws TargetError, BinaryError, PlanError, BackendError when nothing could be attached
 */
export async function runSession(
  options: SessionOptions,
  view: SessionView,
  stop: AbortSignal,
): Promise<SessionSummary> {
  return new Session(options, view, stop).run();
}

class Session {
  readonly #options: SessionOptions;
  readonly #view: SessionView;
  readonly #stop: AbortSignal;
  readonly #clock = startClock();
  readonly #plans: PlanCache;
  readonly #meter = new Meter(this.#clock.now());
  readonly #runtimeLocks = new RuntimeLockTotals();
  readonly #correlator: RequestCorrelator;
  readonly #passes: (span: RequestSpan) => boolean;
  readonly #exporting: Exporting;
  readonly #live = new Map<number, LiveTarget>();
  /** Ended, and not yet detached from: its last figures come with that. */
  readonly #leaving = new Map<number, LiveTarget>();
  readonly #unfinished = new Map<number, number>();
  readonly #watcher: ProcessWatcher | undefined;
  #backend: Backend | undefined;
  #stats: SessionStats | undefined;
  #losses: Partial<Record<LossReason, number>> = {};
  #lossesShown = '';
  #shown = 0;
  #restarts = 0;
  #end: (reason: SessionSummary['reason'], error?: unknown) => void = () => undefined;

  constructor(options: SessionOptions, view: SessionView, stop: AbortSignal) {
    this.#options = options;
    this.#view = view;
    this.#stop = stop;
    this.#plans = new PlanCache(options.deep);
    this.#passes = spanFilter(options.filter);
    this.#exporting = startExporting(options, this.#clock, (text) => view.warning(text));
    this.#correlator = new RequestCorrelator({
      base: this.#clock.base,
      headers: wantedHeaders(options.headers, MAX_HEADERS),
      shownHeaders: options.headers,
      omitQuery: options.omitQuery,
      exceptionMessageBytes: options.exceptionMessageBytes,
      resolverOf: (tgid) => this.#live.get(tgid)?.resolver,
      watchedOf: (tgid) => this.#live.get(tgid)?.watched ?? NOTHING_WATCHED,
      exactWaitsOf: (tgid) => exactWaits(this.#live.get(tgid)?.watched ?? NOTHING_WATCHED),
      ...(options.goroutineSampleHz > 0 && { waitReasonsOf: (tgid) => this.#live.get(tgid)?.waitReasons }),
      observer: {
        pause: (tgid, pause) => this.#measure(tgid, (metrics, target) => metrics.pause(pause, target)),
        lockWait: (wait) => this.#measure(wait.tgid, (metrics, target) => metrics.lockWait(wait, target)),
      },
    });
    if (options.follow) {
      this.#watcher = new ProcessWatcher({
        selectors: options.follow,
        readProgram: new ProgramCache().readProgram,
        known: options.targets,
      });
    }
  }

  async run(): Promise<SessionSummary> {
    const startedAt = this.#clock.now();
    // The loader loads its programs while the binaries are read.
    const [backend] = await Promise.all([this.#startBackend(), this.#readBinaries()]);
    this.#backend = backend;
    try {
      await this.#attachAll(this.#options.targets);
    } catch (error) {
      await backend.stop();
      throw error;
    }
    // It waits for the measurement of a probe's cost; the first spans do not.
    void backend.seal(this.#watcher !== undefined).catch(() => undefined);
    this.#announce(backend);
    const { reason, error } = await this.#untilDone();

    const stopAt = this.#clock.now();
    await this.#backend?.stop();
    const detachNs = this.#clock.now() - stopAt;
    const [flushed] = await Promise.all([
      this.#exporting.spans?.shutdown(FLUSH_DEADLINE_MS),
      this.#exporting.metrics?.shutdown(FLUSH_DEADLINE_MS),
    ]);
    this.#showLosses();
    const summary: SessionSummary = {
      reason,
      error: error instanceof Error ? error.message : undefined,
      durationNs: this.#clock.now() - startedAt,
      detachNs,
      stats: this.#stats,
      losses: this.#allLosses(),
      unflushed: flushed?.lost ?? 0,
    };
    await this.#view.finish(summary);
    return summary;
  }

  #startBackend(): Promise<Backend> {
    return startBackend(this.#options, this.#options.loader ?? LOADER, {
      record: (type, bytes, start, end) => this.#record(type, bytes, start, end),
      log: (text) => this.#view.warning(text),
      died: (error) => void this.#restart(error),
    });
  }

  /** Binaries are read before the loader is asked to attach; what is wrong with one is reported then. */
  async #readBinaries(): Promise<void> {
    // Let the loader's process start first: reading is synchronous.
    await new Promise((resolve) => setImmediate(resolve));
    for (const { exePath } of this.#options.targets) {
      try {
        this.#plans.read(exePath);
      } catch {
        // attachTarget meets the same error and reports it.
      }
    }
  }

  /** One target that fails is reported; all of them failing is the session's failure. */
  async #attachAll(targets: readonly TargetProcess[]): Promise<void> {
    let failure: unknown;
    for (const target of targets) {
      try {
        await this.#attach(target);
      } catch (error) {
        failure ??= error;
        if (targets.length > 1) this.#view.warning(sentence(error));
      }
    }
    if (this.#live.size === 0 && failure !== undefined) throw failure;
  }

  async #attach(process: TargetProcess): Promise<AttachedTarget> {
    if (!this.#backend) throw new Error('no backend');
    const target = await attachTarget(process, this.#plans, this.#backend, this.#options);
    this.#live.set(process.pid, target);
    this.#exporting.metrics?.begin(target.exported, target.watched);
    return target.attached;
  }

  #announce(backend: Backend): void {
    this.#view.start({
      toolVersion: this.#options.toolVersion,
      backend: backend.name,
      transport: backend.transport,
      clock: this.#clock.clock,
      host: { name: hostname(), kernel: release(), cpus: availableParallelism() },
      targets: [...this.#live.values()].map(({ attached }) => attached),
      sampleRatio: this.#options.sampleRatio,
      minDurationNs: this.#options.minDurationNs,
      exportEndpoint: this.#exporting.endpoint,
    });
  }

  #untilDone(): Promise<{ reason: SessionSummary['reason']; error: unknown }> {
    const stop = this.#stop;
    const { durationNs } = this.#options;
    return new Promise((resolve) => {
      const timers: NodeJS.Timeout[] = [];
      const interrupted = (): void => this.#end('interrupted');
      this.#end = (reason, error) => {
        timers.forEach(clearTimeout);
        stop.removeEventListener('abort', interrupted);
        resolve({ reason, error });
      };
      stop.addEventListener('abort', interrupted);
      if (durationNs !== undefined) timers.push(setTimeout(() => this.#end('duration'), durationNs / 1e6));
      if (this.#watcher) timers.push(setInterval(() => void this.#look(), FOLLOW_POLL_MS));
      if (stop.aborted) interrupted();
      this.#endWhenAlone();
    });
  }

  #record(type: number, bytes: Buffer, start: number, end: number): void {
    switch (type) {
      case RecordType.request:
        this.#request(this.#correlator.request(bytes, start, end));
        break;
      case RecordType.pause:
        this.#correlator.waits.pause(bytes, start, end);
        break;
      case RecordType.wait:
        this.#correlator.waits.wait(bytes, start, end);
        break;
      case RecordType.deadline:
        this.#correlator.waits.deadline(bytes, start, end);
        break;
      case RecordType.release:
        this.#correlator.waits.release(bytes, start, end);
        break;
      case RecordType.panic:
        this.#correlator.panic(bytes, start, end);
        break;
      case RecordType.samples:
        this.#correlator.samples(bytes, start, end);
        break;
      case RecordType.goroutines: {
        const report = this.#correlator.goroutines(bytes, start, end);
        if (report) this.#view.goroutines?.(report);
        break;
      }
      case RecordType.runtimeLocks: {
        const waits = decodeRuntimeLocks(bytes, start, end);
        this.#runtimeLocks.take(waits);
        this.#measure(waits.tgid, (metrics, target) => metrics.runtimeLocks(waits, target));
        break;
      }
      case RecordType.stats:
        this.#statistics(decodeStats(bytes, start, end, this.#clock.base));
        break;
      case RecordType.exec:
        for (const delay of FOLLOW_LOOKS_MS) setTimeout(() => void this.#look(), delay).unref();
        break;
      case RecordType.exit: {
        const { tgid, time } = decodeProcess(bytes, start, end, this.#clock.base);
        void this.#exited(tgid, time);
        break;
      }
    }
  }

  #request(span: RequestSpan | undefined): void {
    if (span === undefined) return;
    const target = this.#live.get(span.pid);
    let isExported = false;
    if (this.#passes(span)) {
      this.#shown++;
      this.#view.span(span);
      if (target) isExported = this.#exporting.spans?.export(span, target.exported) ?? false;
    }
    if (target) this.#exporting.metrics?.span(span, target.exported, isExported);
  }

  #measure(tgid: number, take: (metrics: MetricsExporter, target: ExportTarget) => void): void {
    const target = this.#live.get(tgid) ?? this.#leaving.get(tgid);
    if (target && this.#exporting.metrics) take(this.#exporting.metrics, target.exported);
  }

  #statistics(record: StatsRecord): void {
    const stats = this.#meter.read(record, {
      targetPids: [...this.#live.keys()],
      loaderPid: this.#backend?.pid,
      shown: this.#shown,
      exported: this.#exporting.spans?.stats.exported ?? 0,
      losses: this.#ownLosses(),
      sampleRatio: this.#options.sampleRatio,
      waits: this.#correlator.waits.report(),
      runtimeLocks: this.#runtimeLocks.report(),
      panics: this.#correlator.panics,
    });
    this.#stats = stats;
    this.#view.stats(stats);
    this.#exporting.metrics?.stats(stats);
    this.#showLosses();
  }

  #ownLosses(): Losses {
    const { spans, metrics } = this.#exporting;
    const lost = Object.entries({ ...spans?.stats.lost, metrics_export_failed: metrics?.lost ?? 0 });
    return { ...this.#losses, ...Object.fromEntries(lost.filter(([, count]) => count > 0)) };
  }

  #allLosses(): Losses {
    return { ...this.#stats?.losses, ...this.#ownLosses() };
  }

  #showLosses(): void {
    const losses = this.#allLosses();
    const text = JSON.stringify(losses);
    if (text === this.#lossesShown || text === '{}') return;
    this.#lossesShown = text;
    this.#view.lost(losses);
  }

  async #exited(pid: number, time: number): Promise<void> {
    const target = this.#live.get(pid);
    if (!target) return;
    this.#live.delete(pid);
    this.#leaving.set(pid, target);
    this.#view.targetExited({ pid, time, unfinished: this.#unfinished.get(pid) ?? 0 });
    await this.#backend?.detach(pid).catch(() => undefined);
    this.#leaving.delete(pid);
    this.#forget(target);
    this.#correlator.forget(pid);
    this.#endWhenAlone();
  }

  #forget({ exported, attached }: LiveTarget): void {
    this.#runtimeLocks.end(attached.process.pid);
    this.#exporting.spans?.forget(exported);
    this.#exporting.metrics?.forget(exported);
  }

  #endWhenAlone(): void {
    if (this.#live.size === 0 && this.#watcher === undefined) this.#end('targets_gone');
  }

  /** Processes that match by now. */
  async #look(): Promise<void> {
    for (const process of this.#watcher?.poll() ?? []) {
      if (this.#live.has(process.pid)) continue;
      try {
        this.#view.targetAttached(await this.#attach(process));
      } catch (error) {
        this.#view.warning(sentence(error));
      }
    }
  }

  /** The loader was killed or crashed: its probes are gone with it, the target runs on. Start again. */
  async #restart(error: BackendError): Promise<void> {
    this.#losses['loader_restart'] = (this.#losses['loader_restart'] ?? 0) + 1;
    this.#backend = undefined;
    this.#meter.restarted();
    if (++this.#restarts > MAX_RESTARTS) {
      this.#end('failed', error);
      return;
    }
    this.#view.warning(`${sentence(error)} Starting it again; requests in between are not seen.`);
    await new Promise((resolve) => setTimeout(resolve, RESTART_DELAY_MS * this.#restarts));
    const targets = [...this.#live.values()].map(({ attached }) => attached.process);
    try {
      this.#backend = await this.#startBackend();
      for (const target of this.#live.values()) this.#forget(target);
      this.#live.clear();
      await this.#attachAll(targets);
      await this.#backend.seal(this.#watcher !== undefined);
      this.#endWhenAlone();
    } catch (failure) {
      this.#end('failed', failure);
    }
  }
}

function sentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? ` ${error.hint}.` : '';
  return `${message}.${hint}`;
}
