import type { RequestSpan } from '../../agent/correlate/span.ts';
import { printable } from '../text.ts';
import { DurationHistogram } from './histogram.ts';
import { addPhases, type BarPhases, barPhases, NO_PHASES } from './phases.ts';
import { RateMeter } from './rate.ts';

/** What is known of the requests of one route. Durations in ns; counts include the requests that a sample stands for. */
export interface RouteRow {
  /** Printable span name, `GET /items/{id}`. */
  readonly name: string;
  readonly guessed: boolean;
  readonly count: number;
  readonly errors: number;
  /** A second, over the last ten. */
  readonly rate: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  /** Sums over all requests. */
  readonly phases: BarPhases;
}

export const MAX_ROUTES = 1000;
export const OTHER_ROUTES = '(other)';
const MAX_NAME = 512;

/** Statistics by span name. Past 1,000 names the rest is counted together: a client must not fill the agent's memory. */
export class RouteTable {
  readonly #routes = new Map<string, RouteStats>();

  add(span: RequestSpan): void {
    this.#stats(span).add(span);
  }

  /** @param now session time, ns */
  rows(now: number): RouteRow[] {
    return [...this.#routes.values()].map((stats) => stats.row(now));
  }

  #stats(span: RequestSpan): RouteStats {
    const known = this.#routes.get(span.name);
    if (known !== undefined) return known;
    const full = this.#routes.size >= MAX_ROUTES;
    const key = full ? OTHER_ROUTES : span.name;
    const stats =
      this.#routes.get(key) ?? new RouteStats(printable(key.slice(0, MAX_NAME)), !full && span.routeGuessed);
    this.#routes.set(key, stats);
    return stats;
  }
}

class RouteStats {
  readonly #name: string;
  readonly #guessed: boolean;
  readonly #durations = new DurationHistogram();
  readonly #rate = new RateMeter();
  #errors = 0;
  #phases: BarPhases = NO_PHASES;

  constructor(name: string, guessed: boolean) {
    this.#name = name;
    this.#guessed = guessed;
  }

  add(span: RequestSpan): void {
    this.#durations.record(span.end - span.start, span.weight);
    this.#rate.add(span.end, span.weight);
    if (span.error !== undefined) this.#errors += span.weight;
    this.#phases = addPhases(this.#phases, barPhases(span.phases), span.weight);
  }

  row(now: number): RouteRow {
    const at = (q: number): number => this.#durations.quantile(q) ?? 0;
    return {
      name: this.#name,
      guessed: this.#guessed,
      count: this.#durations.total,
      errors: this.#errors,
      rate: this.#rate.perSecond(now),
      p50: at(0.5),
      p95: at(0.95),
      p99: at(0.99),
      max: this.#durations.max,
      phases: this.#phases,
    };
  }
}
