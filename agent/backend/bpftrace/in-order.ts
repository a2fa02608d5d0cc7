import { REQUEST, RequestFlag } from '../../record/layout.ts';

/** When a record's last event was, in the script's clock, ns. */
export interface What {
  readonly time: number;
  /** Of a wait, or of a request that has ended: its goroutine and start. */
  readonly goroutine?: string;
  /** Of a request that has ended: times that it waited. */
  readonly waits?: number;
}

export type Emit = (bytes: Buffer, end: number, what: What) => void;

interface Held extends What {
  readonly bytes: Buffer;
  /** Ticks that it was held for waits of its own that had not come. */
  late: number;
}

/** So long are waits of a request waited for: on a busy machine the lines of one processor come after those of another. */
const MAX_LATE_TICKS = 20;

/** Waits are counted for this many requests at once; more are forgotten, oldest first. */
const MAX_COUNTED = 16_384;

/**
 * Each processor has a buffer of its own, so lines come a little out of order; but who held a lock can be told only when
 * the release has come before the wait that it ended, and the wait before its request. Records are held until nothing
 * older can come: for one tick, two at most; a request of whose waits one is missing, for some more.
 */
export class InOrder {
  readonly #emit: (bytes: Buffer) => void;
  #held: Held[] = [];
  /** The newest time at the last tick: what is older has all come by the next one. */
  #newest = Number.NEGATIVE_INFINITY;
  /** Waits that came, by goroutine and start of its request. */
  readonly #waits = new Map<string, number>();

  constructor(emit: (bytes: Buffer) => void) {
    this.#emit = emit;
  }

  /** The bytes up to `end` are copied. */
  readonly add: Emit = (bytes, end, what) => {
    this.#held.push({ ...what, bytes: Buffer.from(bytes.subarray(0, end)), late: 0 });
  };

  tick(): void {
    if (this.#held.length === 0) return;
    const until = this.#newest;
    this.#newest = this.#held.reduce((newest, { time }) => Math.max(newest, time), until);
    this.#release(until);
  }

  flush(): void {
    this.#release(Number.POSITIVE_INFINITY);
  }

  #release(until: number): void {
    const ready = this.#held.filter(({ time }) => time <= until).sort((a, b) => a.time - b.time);
    this.#held = this.#held.filter(({ time }) => time > until);
    for (const held of ready) {
      if (this.#misses(held) && until < Number.POSITIVE_INFINITY && held.late++ < MAX_LATE_TICKS) {
        this.#held.push(held);
        continue;
      }
      this.#count(held);
      this.#emit(held.bytes);
    }
  }

  #misses({ goroutine, waits }: Held): boolean {
    return goroutine !== undefined && waits !== undefined && (this.#waits.get(goroutine) ?? 0) < waits;
  }

  /** A request whose waits did not all come says so: their sum is not known then. */
  #count({ goroutine, waits, bytes }: Held): void {
    if (goroutine === undefined) return;
    const came = this.#waits.get(goroutine) ?? 0;
    if (waits === undefined) {
      this.#waits.set(goroutine, came + 1);
      if (this.#waits.size > MAX_COUNTED)
        for (const oldest of this.#waits.keys()) return void this.#waits.delete(oldest);
      return;
    }
    this.#waits.delete(goroutine);
    if (came < waits) bytes.writeUInt16LE(bytes.readUInt16LE(REQUEST.flags) | RequestFlag.waitsCut, REQUEST.flags);
  }
}
