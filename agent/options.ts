import type { TargetProcess } from './target/process.ts';

/** What a session is asked to do. The command line makes it; `agent/session.ts` carries it out. */
export interface SessionOptions {
  readonly toolVersion: string;
  /** Processes to attach to at once; may be empty when `follow` waits for one. */
  readonly targets: readonly TargetProcess[];
  /** Processes that start later and match are attached too; undefined: none. */
  readonly follow: readonly TargetSelector[] | undefined;
  /** Ends the session after this long; undefined: until interrupted or all targets are gone. */
  readonly durationNs: number | undefined;
  /** Head sampling in the kernel, 0 to 1. */
  readonly sampleRatio: number;
  /** How often a second the goroutines of requests in flight are looked at; 0: not. */
  readonly goroutineSampleHz: number;
  /** Shorter requests are not sent from the kernel. */
  readonly minDurationNs: number;
  /** The scheduler is followed: what requests wait for is exact and adds up to their durations. */
  readonly deep: boolean;
  readonly filter: SpanFilter;
  /** Extra request headers to capture, canonical form. At most 10: traceparent and tracestate take two of 12. */
  readonly headers: readonly string[];
  /** Requests followed at one time in the kernel; undefined: the backend's default. */
  readonly maxRequestsInFlight: number | undefined;
  /** Requests a second that are sent at most; the others are counted. Undefined: 10,500 for each processor (libbpf). */
  readonly maxRate: number | undefined;
  /** Requests a second up to which the end of each handler has a probe of its own. Undefined: 5,000 (libbpf). */
  readonly exactRate: number | undefined;
  readonly backend: 'auto' | 'libbpf' | 'bpftrace';
  readonly transport: 'auto' | 'ring' | 'perf';
  /** `url.query` is left out of spans. */
  readonly omitQuery: boolean;
  /** Bytes of panic messages that are kept; 0: none. */
  readonly exceptionMessageBytes: number;
  /** Wins over what is found in the target and in OTEL_SERVICE_NAME. */
  readonly serviceName: string | undefined;
  /** Path of httptrace-loader; undefined: beside the program. */
  readonly loader: string | undefined;
  /** Path of bpftrace; undefined: the first in PATH. */
  readonly bpftrace: string | undefined;
  /** Undefined: nothing is exported. */
  readonly otlp: OtlpOptions | undefined;
}

/** One way to name processes. */
export type TargetSelector =
  | { readonly kind: 'pid'; readonly pid: number }
  /** Base name of the executable, or the last element of the main module's or package's path. */
  | { readonly kind: 'name'; readonly name: string }
  /** A TCP port that the process listens on. */
  | { readonly kind: 'port'; readonly port: number }
  /** Absolute path of the executable, as this mount namespace or the process's own sees it. */
  | { readonly kind: 'exe'; readonly path: string };

/** Empty lists let everything through. */
export interface SpanFilter {
  /** Globs over the route, else the path: `*` inside a segment, `**` across. */
  readonly routes: readonly string[];
  /** Inclusive. */
  readonly statuses: readonly { readonly from: number; readonly to: number }[];
}

export interface OtlpOptions {
  readonly traces: boolean;
  readonly metrics: boolean;
  /** `http://host:4317`, `https://…`, or `host:port`. Undefined: from OTEL_EXPORTER_OTLP_*. */
  readonly endpoint: string | undefined;
  readonly protocol: 'grpc' | 'http/protobuf' | undefined;
  readonly headers: ReadonlyMap<string, string>;
  readonly insecure: boolean | undefined;
  /** Paths of PEM files. */
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly compression: 'gzip' | 'none' | undefined;
}
