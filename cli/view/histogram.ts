/** Sub-buckets an octave: a value is known to within 1/16 of itself, 3 % from the middle of its bucket. */
const SUB_BITS = 4;
const SUB = 1 << SUB_BITS;
/** Shorter durations share the first bucket: 1 µs. */
const MIN_SHIFT = 10;
/** Longer ones share the last: 73 minutes. */
const MAX_SHIFT = 42;
const BUCKETS = (MAX_SHIFT - MIN_SHIFT) * SUB + 2;

/** Log-linear histogram of durations (ns): fixed size, 2 KiB, whatever is recorded. */
export class DurationHistogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;
  #max = 0;
  #min = Number.POSITIVE_INFINITY;

  get total(): number {
    return this.#total;
  }

  get max(): number {
    return this.#max;
  }

  record(ns: number, count = 1): void {
    const index = bucketOf(ns);
    this.#counts[index] = (this.#counts[index] ?? 0) + count;
    this.#total += count;
    if (ns > this.#max) this.#max = ns;
    if (ns < this.#min) this.#min = ns;
  }

  /**
   * The duration that a share `q` (0 to 1) of all recorded ones does not exceed: the middle of its bucket, kept
   * between the least and the greatest value. Undefined where nothing was recorded.
   */
  quantile(q: number): number | undefined {
    if (this.#total === 0) return undefined;
    const rank = Math.max(1, Math.ceil(q * this.#total));
    if (rank >= this.#total) return this.#max;
    let seen = 0;
    for (let index = 0; index < BUCKETS; index++) {
      seen += this.#counts[index] ?? 0;
      if (seen >= rank) return Math.min(this.#max, Math.max(this.#min, middleOf(index)));
    }
    return this.#max;
  }
}

function bucketOf(ns: number): number {
  if (!(ns >= 2 ** MIN_SHIFT)) return 0;
  const octave = Math.floor(Math.log2(ns));
  if (octave >= MAX_SHIFT) return BUCKETS - 1;
  const sub = Math.min(SUB - 1, Math.floor((ns / 2 ** octave - 1) * SUB));
  return 1 + (octave - MIN_SHIFT) * SUB + Math.max(0, sub);
}

function middleOf(index: number): number {
  if (index === 0) return 2 ** (MIN_SHIFT - 1);
  const octave = Math.floor((index - 1) / SUB) + MIN_SHIFT;
  return 2 ** octave * (1 + (((index - 1) % SUB) + 0.5) / SUB);
}
