import type { RequestSpan } from '../../agent/correlate/span.ts';
import { causeGroup } from './cause.ts';

/** Requests that were slow for the same reason. */
export interface CauseRow {
  readonly text: string;
  readonly count: number;
  /** Nanoseconds that it took of them all, and of the one that suffered most. */
  readonly total: number;
  readonly longest: number;
}

const MAX_CAUSES = 500;

/** Adds up causes over a session. Past 500 the rarest make room: names come from the target. */
export class CauseBook {
  readonly #causes = new Map<string, { count: number; total: number; longest: number }>();

  add({ cause, weight }: RequestSpan): void {
    if (cause === undefined) return;
    const text = causeGroup(cause.text);
    const known = this.#causes.get(text);
    if (known === undefined) {
      if (this.#causes.size >= MAX_CAUSES) this.#dropRarest();
      this.#causes.set(text, { count: weight, total: cause.time * weight, longest: cause.time });
      return;
    }
    known.count += weight;
    known.total += cause.time * weight;
    known.longest = Math.max(known.longest, cause.time);
  }

  /** The most frequent first. */
  rows(): CauseRow[] {
    return [...this.#causes]
      .map(([text, totals]) => ({ text, ...totals }))
      .sort((a, b) => b.count - a.count || b.total - a.total);
  }

  #dropRarest(): void {
    for (const { text } of this.rows().slice(-MAX_CAUSES / 4)) this.#causes.delete(text);
  }
}
