import type { AttributeValue } from '../../correlate/span.ts';
import type { MetricAttributes } from './metric.ts';

export type Label = AttributeValue | undefined;

/** One combination of attribute values, and what is counted for it. */
export interface Series<T> {
  readonly attributes: MetricAttributes;
  readonly of: T;
}

/**
 * A step of the way from the first label to the last. Looking labels up one by one costs less than making a key of
 * them: they are the same strings again and again, whose hashes are known.
 */
class Step<T> {
  readonly next = new Map<Label, Step<T>>();
  of: T | undefined;
}

/** OpenTelemetry metrics SDK, "Overflow attribute". */
const OVERFLOW: MetricAttributes = new Map([['otel.metric.overflow', true]]);

/** Series by their labels: at most `limit`, the last of which takes all that have no room of their own. */
export class SeriesTable<T> {
  readonly #names: readonly string[];
  readonly #make: () => T;
  readonly #limit: number;
  readonly #first = new Step<T>();
  readonly #series: Series<T>[] = [];
  #overflow: Series<T> | undefined;

  constructor(names: readonly string[], make: () => T, limit: number) {
    this.#names = names;
    this.#make = make;
    this.#limit = limit;
  }

  /** @param labels in the order of the names; undefined: the attribute is absent */
  find(labels: readonly Label[]): T {
    let step: Step<T> | undefined = this.#first;
    for (let i = 0; i < labels.length && step !== undefined; i++) step = step.next.get(labels[i]);
    return step?.of ?? this.#add(labels);
  }

  list(): readonly Series<T>[] {
    return this.#overflow === undefined ? this.#series : [...this.#series, this.#overflow];
  }

  #add(labels: readonly Label[]): T {
    if (this.#series.length >= this.#limit - 1) {
      this.#overflow ??= { attributes: OVERFLOW, of: this.#make() };
      return this.#overflow.of;
    }
    let step = this.#first;
    const attributes = new Map<string, AttributeValue>();
    labels.forEach((label, i) => {
      const next = step.next.get(label) ?? new Step<T>();
      step.next.set(label, next);
      step = next;
      if (label !== undefined) attributes.set(this.#names[i] as string, label);
    });
    const of = this.#make();
    step.of = of;
    this.#series.push({ attributes, of });
    return of;
  }
}
