import type { RequestSpan } from '../../agent/correlate/span.ts';

export const SLOWEST_KEPT = 200;
/** Requests that ended longer ago make room, ns. */
export const SLOWEST_AGE = 60e9;

/** Of one route: a slow route must not hide all others. */
export const SLOWEST_PER_NAME = 25;

/** The slowest requests of the last minute, slowest first. */
export class SlowestRequests {
  #spans: RequestSpan[] = [];
  readonly #byName = new Map<string, number>();

  add(span: RequestSpan): void {
    const own = this.#byName.get(span.name) ?? 0;
    if (own >= SLOWEST_PER_NAME) {
      if (!this.#dropQuicker(span, (kept) => kept.name === span.name)) return;
    } else if (this.#spans.length >= SLOWEST_KEPT && !this.#dropQuicker(span, () => true)) return;
    this.#spans.splice(this.#position(duration(span)), 0, span);
    this.#byName.set(span.name, (this.#byName.get(span.name) ?? 0) + 1);
  }

  /** @param now session time, ns */
  list(now: number): readonly RequestSpan[] {
    for (let index = this.#spans.length - 1; index >= 0; index--) {
      const span = this.#spans[index];
      if (span !== undefined && now - span.end > SLOWEST_AGE) this.#remove(index);
    }
    return [...this.#spans];
  }

  /** Makes room for a request by giving up the quickest of those that compete with it. */
  #dropQuicker(span: RequestSpan, competes: (kept: RequestSpan) => boolean): boolean {
    const index = this.#spans.findLastIndex(competes);
    const quickest = this.#spans[index];
    if (quickest === undefined || duration(quickest) >= duration(span)) return false;
    this.#remove(index);
    return true;
  }

  #remove(index: number): void {
    const [removed] = this.#spans.splice(index, 1);
    if (removed === undefined) return;
    const left = (this.#byName.get(removed.name) ?? 1) - 1;
    if (left > 0) this.#byName.set(removed.name, left);
    else this.#byName.delete(removed.name);
  }

  /** Where a request of this length belongs: after those that are as long. */
  #position(length: number): number {
    let low = 0;
    let high = this.#spans.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const span = this.#spans[middle];
      if (span !== undefined && duration(span) >= length) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A list, slowest first, with at most `most` of each route: one slow route must not fill a screen. */
export function spread(spans: readonly RequestSpan[], most: number): readonly RequestSpan[] {
  const seen = new Map<string, number>();
  return spans.filter(({ name }) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count <= most;
  });
}

const EVER_PER_NAME = 3;

/** The slowest of a whole session, for its summary: at most 3 of a route. */
export class SlowestEver {
  readonly #kept: number;
  #spans: RequestSpan[] = [];

  constructor(kept: number) {
    this.#kept = kept;
  }

  add(span: RequestSpan): void {
    const last = this.#spans.at(-1);
    if (this.#spans.length >= this.#kept && last !== undefined && duration(last) >= duration(span)) return;
    const slower = this.#spans.filter((kept) => kept.name === span.name && duration(kept) >= duration(span));
    if (slower.length >= EVER_PER_NAME) return;
    const sorted = [...this.#spans, span].sort((a, b) => duration(b) - duration(a));
    this.#spans = spread(sorted, EVER_PER_NAME).slice(0, this.#kept);
  }

  list(): readonly RequestSpan[] {
    return this.#spans;
  }
}

export function duration(span: RequestSpan): number {
  return span.end - span.start;
}
