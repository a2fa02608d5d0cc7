import type { RuntimeLocksRecord } from '../record/decode-loader.ts';
import type { RuntimeLockWaits } from '../view.ts';

/** Sums over targets. The loader counts anew whenever one is attached to. */
export class RuntimeLockTotals {
  /** The last of each target. */
  readonly #running = new Map<number, RuntimeLockWaits>();
  #ended: RuntimeLockWaits | undefined;

  take({ tgid, totalNs, longestNs, buckets }: RuntimeLocksRecord): void {
    const count = buckets.reduce((sum, bucket) => sum + bucket, 0);
    this.#running.set(tgid, { count, total: totalNs, longest: longestNs });
  }

  /** Nothing more comes for this target, or it begins at zero. */
  end(pid: number): void {
    const last = this.#running.get(pid);
    this.#running.delete(pid);
    if (last !== undefined) this.#ended = add(this.#ended, last);
  }

  /** Undefined: watched in no target so far. */
  report(): RuntimeLockWaits | undefined {
    return [...this.#running.values()].reduce<RuntimeLockWaits | undefined>(add, this.#ended);
  }
}

function add(a: RuntimeLockWaits | undefined, b: RuntimeLockWaits): RuntimeLockWaits {
  if (a === undefined) return b;
  return { count: a.count + b.count, total: a.total + b.total, longest: Math.max(a.longest, b.longest) };
}
