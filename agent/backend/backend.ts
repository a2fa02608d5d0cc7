import type { Plan, PlannedProbe } from '../probe/plan.ts';
import type { RecordSink } from '../record/frames.ts';
import type { TargetProcess } from '../target/process.ts';

/** Carries out plans and yields records. All methods but `stop` throw BackendError. */
export interface Backend {
  readonly name: 'libbpf' | 'bpftrace';
  /** How records leave the kernel; undefined: in a way of its own. */
  readonly transport: 'ring' | 'perf' | undefined;
  /** The process that does the work, for its CPU and memory. */
  readonly pid: number | undefined;
  /** Puts the probes of one process in place, then arms them all at once. */
  attach(target: TargetProcess, plan: Plan, options: AttachOptions): Promise<AttachReport>;
  detach(pid: number): Promise<void>;
  /** No more targets will come, or only those of `--follow`: gives up the privileges that are not needed for that. */
  seal(follow: boolean): Promise<void>;
  /** Disarms, hands out what is left, detaches. Resolves when the last probe is out. */
  stop(): Promise<void>;
}

export interface AttachOptions {
  /** Header names in canonical form, at most MAX_HEADERS. */
  readonly headers: readonly string[];
  /** 0 to 1 */
  readonly sampleRatio: number;
  readonly minDurationNs: number;
}

export interface AttachReport {
  readonly attached: readonly PlannedProbe[];
  /** Probes that are not in place, because the kernel refused them or the backend cannot carry them out, with the reason. */
  readonly refused: readonly { readonly probe: PlannedProbe; readonly reason: string }[];
}

export interface BackendEvents {
  readonly record: RecordSink;
  /** A sentence for the person. */
  readonly log: (text: string) => void;
  /** It ended without being asked to. */
  readonly died: (error: BackendError) => void;
}

/**
 * - `permission`: the kernel refuses this user.
 * - `feature`: the kernel cannot do it.
 * - `loader`: the loader or bpftrace is missing, of another build, or broken.
 * - `target`: this one process cannot be attached to.
 */
export type BackendErrorCode = 'permission' | 'feature' | 'loader' | 'target';

/** `message` says what is wrong, `hint` what to do next. */
export class BackendError extends Error {
  override readonly name = 'BackendError';
  readonly code: BackendErrorCode;
  readonly hint: string;

  constructor(code: BackendErrorCode, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
  }
}
