import type { RequestSpan } from '../correlate/span.ts';
import type { Watched } from '../correlate/waits/explainer.ts';
import type { LockWait } from '../correlate/waits/lock-wait.ts';
import type { Pause } from '../correlate/waits/pauses.ts';
import type { RuntimeLocksRecord } from '../record/decode-loader.ts';
import type { SessionStats } from '../view.ts';
import type { ExportTarget } from './exporter.ts';

/** Where what is counted goes (docs/metrics.md). All but `shutdown` return at once; none throws. */
export interface MetricsExporter {
  /** A target was attached to: its counters begin. What is not watched in it is not reported. */
  begin(target: ExportTarget, watched: Watched): void;
  /**
   * Every finished request that the session sees, also one that no view shows.
   * @param isExported whether a trace with it can be found: it may serve as an example
   */
  span(span: RequestSpan, target: ExportTarget, isExported: boolean): void;
  pause(pause: Pause, target: ExportTarget): void;
  lockWait(wait: LockWait, target: ExportTarget): void;
  /** Sleeps for locks of the runtime, all since `begin`. */
  runtimeLocks(waits: RuntimeLocksRecord, target: ExportTarget): void;
  /** The number of goroutines as last seen. */
  goroutines(count: number, target: ExportTarget): void;
  /** Of the session as a whole, about once a second. */
  stats(stats: SessionStats): void;
  /** Nothing more comes for this target: its last figures are sent. */
  forget(target: ExportTarget): void;
  /** Data points that no receiver took. Later ones hold the newer totals. */
  readonly lost: number;
  /** Sends the last figures, for at most this long. */
  shutdown(deadlineMs: number): Promise<{ readonly lost: number }>;
}
