/** A line of probe-me's /debug/requests (test/servers/probe-me/app/log.go). */
export interface ServerRequest {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly proto: string;
  readonly status: number;
  readonly pattern: string;
  readonly returned: boolean;
  readonly hijacked: boolean;
  readonly informational: number;
  readonly superfluous: number;
  readonly content_length: number;
  readonly request_bytes: number;
  readonly response_bytes: number;
  readonly handler_ns: number;
  readonly write_header_ns: number;
  readonly context_end_ns: number;
  readonly start_unix_ns: number;
}

/** A line of the load client (test/load/result.go). */
export interface ClientRequest {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly protocol: string;
  readonly status: number;
  readonly sent: number;
  readonly received: number;
  readonly trace_id: string;
  readonly parent_id: string;
  readonly sampled: boolean;
  readonly tracestate: string;
  readonly local_port: number;
  readonly start_unix_ns: number;
  readonly end_unix_ns: number;
  readonly outcome: 'ok' | 'aborted' | 'closed' | 'wrong';
  readonly expected: string;
  readonly detail?: string;
}

/** `data` of a span line (docs/ndjson.md). */
export interface Span {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id?: string;
  readonly trace_state?: string;
  readonly trace_flags: number;
  readonly name: string;
  readonly kind: string;
  readonly start_unix_nano: string;
  readonly end_unix_nano: string;
  readonly duration_ns: number;
  readonly pid: number;
  readonly attributes: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  readonly events: readonly SpanEvent[];
  readonly status: { readonly code: 'UNSET' | 'ERROR'; readonly message?: string };
}

export interface SpanEvent {
  readonly name: string;
  readonly time_unix_nano: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** `data` of the summary line. */
export interface Summary {
  readonly reason: string;
  readonly error?: string;
  readonly detach_ns?: number;
  readonly requests?: { readonly finished: number; readonly shown: number };
  readonly lost: Readonly<Record<string, number>>;
}

/** What three parties say of the same requests. */
export interface Evidence {
  readonly goMinor: number;
  readonly server: readonly ServerRequest[];
  readonly client: readonly ClientRequest[];
  readonly spans: readonly Span[];
  /** Port whose requests are not part of the test. */
  readonly ignorePort: number;
  /** Roles that the plan says are not watched in all places: what they alone show may be absent. */
  readonly unwatched?: ReadonlySet<string>;
}

export interface Mismatch {
  /** A request id, or a span id where no request is known. */
  readonly id: string;
  /** The request, for a person. */
  readonly request: string;
  /** What differs, e.g. `status`. */
  readonly what: string;
  readonly expected: unknown;
  readonly got: unknown;
}

/** One request as the server saw it, with its span and what the client knows. */
export interface Pair {
  readonly request: ServerRequest;
  readonly span: Span;
  /** Undefined for requests that a proxy made. */
  readonly client: ClientRequest | undefined;
  /** The client's request that this one belongs to: the same, or the one that the proxy was asked for. */
  readonly origin: ClientRequest | undefined;
  readonly goMinor: number;
  /** Every call of WriteHeader passes a probe: a profile can make the compiler inline it in places. */
  readonly seesWriteHeader: boolean;
}

/** Compares one side of a pair; `Known` is what it needs of it. */
export type Check<Known = Pair> = (known: Known, expect: Expect) => void;

/** Notes a mismatch where the two differ. */
export type Expect = (what: string, expected: unknown, got: unknown) => void;
