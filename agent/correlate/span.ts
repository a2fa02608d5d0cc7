import type { SampledWaits } from './sampled-waits.ts';
import type { Cause } from './waits/cause.ts';
import type { RequestWaits } from './waits/request-waits.ts';

/**
 * One finished request, explained: what `correlate` yields and every exporter and view takes.
 *
 * Times are integer nanoseconds since the session's clock base (`Clock.baseUnixNano`), held in doubles: exact
 * for 104 days. `undefined` and absent keys mean "not observed"; never zero.
 */
export interface RequestSpan {
  /** 32 and 16 lower-case hex digits. */
  readonly traceId: string;
  readonly spanId: string;
  /** From the request's `traceparent`. */
  readonly parentSpanId: string | undefined;
  readonly traceState: string | undefined;
  /** False: the caller decided that this trace is not recorded; it is shown, not exported. */
  readonly sampled: boolean;
  /** `{method} {route}`, else `{method}` (HTTP semantic conventions). */
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** Unset, or error with a short text. Server spans: 5xx, a panic, an abort. */
  readonly error: string | undefined;
  /** Semantic-convention names; insertion order is display order. */
  readonly attributes: ReadonlyMap<string, AttributeValue>;
  readonly events: readonly SpanEvent[];
  /** To requests that held it up. */
  readonly links: readonly SpanLink[];

  // What views and metrics need without a look-up.
  readonly pid: number;
  readonly goid: number;
  readonly method: string;
  readonly route: string | undefined;
  readonly routeGuessed: boolean;
  readonly status: number | undefined;
  readonly phases: Phases;
  readonly waits: RequestWaits;
  /** Why it took so long, where that is known. */
  readonly cause: Cause | undefined;
  /** Requests that this one stands for: 1 without sampling. */
  readonly weight: number;
  /** What its goroutine was seen doing, from samples; undefined: there were too few. */
  readonly sampledWaits?: SampledWaits | undefined;
}

export type AttributeValue = string | number | boolean | readonly string[];

export interface SpanEvent {
  readonly name: string;
  readonly time: number;
  readonly attributes: ReadonlyMap<string, AttributeValue>;
}

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: ReadonlyMap<string, AttributeValue>;
}

/** Lengths in nanoseconds (docs/spans.md gives the exact meaning of each). */
export interface Phases {
  readonly acceptQueue: number | undefined;
  readonly tlsHandshake: number | undefined;
  readonly read: number | undefined;
  readonly handler: number;
  readonly writeHeader: number | undefined;
  readonly write: number | undefined;
  /** Handler returned, to the end of the span. Not an attribute: what is left. */
  readonly finish: number;
}

/** What was lost, and where. Counters since the start of the session; names are stable. */
export type LossReason =
  | 'output_full'
  | 'requests_full'
  | 'overload'
  | 'not_sampled'
  | 'filtered'
  | 'read_failed'
  | 'stale'
  | 'waits_overload'
  | 'export_queue_full'
  | 'export_failed'
  | 'metrics_export_failed'
  | 'loader_restart';

export type Losses = Readonly<Partial<Record<LossReason, number>>>;

/** Joins the kernel's monotonic clock to civil time. */
export interface Clock {
  /** Unix time in nanoseconds of time 0 of all spans. */
  readonly baseUnixNano: bigint;
}
