/**
 * The plan: what to watch in one process, and where. Pure data, made from the
 * binary alone; a backend carries it out, `--dry-run` prints it.
 */

/** What a probe is for. Order and names mirror `enum role` in bpf/record.h. */
export const ROLES = [
  'http1_serve',
  'http1_write_header',
  'http1_finish',
  'http1_conn_done',
  'http2_headers',
  'http2_handler',
  'http2_write_header',
  'http2_handler_done',
  'http2_close_stream',
  'tls_start',
  'tls_done',
  'panic',
  'http1_read',
  'http1_serve_inlined',
  'stw_begin',
  'stw_end',
  'stw_counted',
  'assist_begin',
  'assist_end',
  'sem_wait',
  'sem_woken',
  'sem_release',
  'mutex_unlock',
  'cond_wait',
  'cond_woken',
  'client_gone',
  'deadline',
  'http2_mux',
  'sched_park',
  'sched_ready',
  'sched_execute',
  'sched_yield',
  'sched_yield_to',
  'sched_preempt',
  'sched_syscall_slow',
  'sched_spawn',
  'sched_netpoll',
] as const;

export type Role = (typeof ROLES)[number];

/**
 * How the kernel runs the instruction under the probe (docs/probes.md):
 * `nop5` is patched to a call, `emulated` costs one trap, `stepped` two.
 */
export type CostClass = 'nop5' | 'emulated' | 'stepped';

/**
 * Why this instruction is a sound place.
 * - `push`: the frame push after the stack check; reached once, arguments still in registers.
 * - `stack-check`: the check's conditional branch; the program ignores hits that take it (it is run again after the stack grew).
 * - `inlined-call`: a direct call inside the inlined body of the watched function, on every path through it.
 * - `inlined`: a jump (passed whether it is taken or not) or a one-byte no-op there.
 * - `call`: a direct call in the body of the watched function, to one that is called there alone.
 * - `entry`: the first instruction; may fire again when the stack grows.
 */
export type SiteKind = 'push' | 'stack-check' | 'inlined-call' | 'inlined' | 'call' | 'entry';

export interface PlannedProbe {
  readonly role: Role;
  /** Which implementation of HTTP/2: 0 the standard library's, 1 golang.org/x/net/http2. 0 for all other roles. */
  readonly variant: 0 | 1;
  /** The Go function that is watched, e.g. `net/http.serverHandler.ServeHTTP`. */
  readonly symbol: string;
  /** The function whose code holds the site; differs from `symbol` where that is inlined. */
  readonly host: string;
  /** Link-time virtual address of the instruction. */
  readonly address: number;
  /** Its offset in the file: what a uprobe is attached to. */
  readonly fileOffset: number;
  /** Its text, e.g. `push rbp`. */
  readonly instruction: string;
  readonly site: SiteKind;
  readonly cost: CostClass;
  /** How often it is hit. */
  readonly per: 'request' | 'connection' | 'rare' | 'switch';
  /** Attached while there are few requests, or where it is needed (libbpf backend; bpf/loader/spare.h). */
  readonly spare?: true;
}

export interface Unavailable {
  /** A role, or the name of a feature such as `http.route`. */
  readonly what: string;
  readonly variant: 0 | 1;
  /** For a person: what is missing, and what they will not see. */
  readonly reason: string;
}

/**
 * Values for the members of `struct target_config` (bpf/config.h) by member name: byte offsets; addresses of
 * type descriptors (link-time: the backend adds the load bias); `map_kind`; `http2.0.rws_stream` for arrays.
 * A member that is not named is absent in this binary.
 */
export type Layout = Readonly<Record<string, number>>;

export interface Plan {
  readonly executable: string;
  readonly goVersion: string;
  readonly arch: 'amd64' | 'arm64';
  readonly probes: readonly PlannedProbe[];
  readonly unavailable: readonly Unavailable[];
  readonly layout: Layout;
  /** Names of layout members that are addresses, to be moved by the load bias. */
  readonly addresses: readonly string[];
}
