import type { GoroutineReport } from '../../agent/correlate/goroutines.ts';
import type { Losses, RequestSpan } from '../../agent/correlate/span.ts';
import type { AttachedTarget, SessionInfo, SessionStats, TargetExit } from '../../agent/view.ts';
import { printable } from '../text.ts';
import { CauseBook } from './causes.ts';
import { CostMeter } from './mean-cost.ts';
import { RouteTable } from './routes.ts';
import { SlowestEver, SlowestRequests } from './slowest.ts';

const WARNINGS_KEPT = 20;
const SUMMARY_SLOWEST = 10;

/** What a session has shown so far; the live view and the summary are drawn from it. Its size is bounded. */
export class SessionState {
  readonly routes = new RouteTable();
  readonly slowest = new SlowestRequests();
  readonly slowestEver = new SlowestEver(SUMMARY_SLOWEST);
  readonly causes = new CauseBook();
  readonly cost = new CostMeter();
  info: SessionInfo | undefined;
  targets: AttachedTarget[] = [];
  readonly exited = new Set<number>();
  stats: SessionStats | undefined;
  /** The last of each process. */
  readonly goroutines = new Map<number, GoroutineReport>();
  losses: Losses = {};
  warnings: string[] = [];
  readonly shown = { finished: 0, unfinished: 0 };
  /** Latest session time that is known, ns. */
  now = 0;

  start(info: SessionInfo): void {
    this.info = info;
    this.targets = [...info.targets];
  }

  attached(target: AttachedTarget): void {
    // Of processes that have ended, only so many are kept that a crash loop does not fill the memory.
    if (this.targets.length >= 64) this.#forgetExited();
    this.exited.delete(target.process.pid);
    this.targets.push(target);
  }

  exit(exit: TargetExit): void {
    this.exited.add(exit.pid);
  }

  add(span: RequestSpan): void {
    if (span.attributes.get('httptrace.unfinished') === true) this.shown.unfinished++;
    else this.shown.finished++;
    this.now = Math.max(this.now, span.end);
    this.routes.add(span);
    this.slowest.add(span);
    this.slowestEver.add(span);
    this.causes.add(span);
  }

  update(stats: SessionStats): void {
    this.stats = stats;
    this.cost.add(stats);
    this.losses = stats.losses;
    this.now = Math.max(this.now, stats.time);
  }

  warn(text: string): void {
    this.warnings = [...this.warnings, printable(text)].slice(-WARNINGS_KEPT);
  }

  #forgetExited(): void {
    this.targets = this.targets.filter((target) => !this.exited.has(target.process.pid));
    for (const pid of this.exited) this.goroutines.delete(pid);
    this.exited.clear();
  }
}
