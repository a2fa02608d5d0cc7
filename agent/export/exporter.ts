import type { AttributeValue, LossReason, RequestSpan } from '../correlate/span.ts';

/** What a span belongs to. One object for each target: exporters recognise it by identity. */
export interface ExportTarget {
  readonly resource: ReadonlyMap<string, AttributeValue>;
}

/** Where finished spans go. `export` returns at once and never throws. */
export interface SpanExporter {
  /** @returns whether it is on its way: not left out by sampling, and not lost yet */
  export(span: RequestSpan, target: ExportTarget): boolean;
  /** Nothing more comes for this target. */
  forget(target: ExportTarget): void;
  readonly stats: ExportStats;
  /** Sends what is held, for at most this long. Later spans are dropped and counted. */
  shutdown(deadlineMs: number): Promise<{ readonly lost: number }>;
}

/** Counts of spans since the start. */
export interface ExportStats {
  /** Accepted by the receiver. */
  readonly exported: number;
  /** Held, those in flight included. */
  readonly queued: number;
  /** Left out by sampling: no loss. */
  readonly notSampled: number;
  readonly lost: Readonly<Record<Extract<LossReason, 'export_queue_full' | 'export_failed'>, number>>;
}
