import type { AttributeValue } from '../../correlate/span.ts';

/** What is measured, by the naming rules of OpenTelemetry. */
export interface Instrument {
  readonly name: string;
  /** UCUM. */
  readonly unit: string;
  readonly description: string;
  readonly kind: 'counter' | 'up_down_counter' | 'gauge' | 'histogram';
}

export type MetricAttributes = ReadonlyMap<string, AttributeValue>;

/** One instrument as it stands at a moment. Totals count from `start`. */
export type Metric =
  | { readonly instrument: Instrument; readonly points: readonly NumberPoint[]; readonly bounds?: undefined }
  | {
      readonly instrument: Instrument;
      readonly points: readonly HistogramPoint[];
      /** Inclusive upper bounds of all buckets but the last, in the unit of the instrument. */
      readonly bounds: readonly number[];
    };

export interface NumberPoint {
  readonly attributes: MetricAttributes;
  readonly value: number;
}

export interface HistogramPoint {
  readonly attributes: MetricAttributes;
  readonly count: number;
  /** In the unit of the instrument, as are the others. */
  readonly sum: number;
  /** Undefined: nothing was recorded. */
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly buckets: readonly number[];
  readonly exemplar: Exemplar | undefined;
}

/** A request that stands for others in its histogram. */
export interface Exemplar {
  /** Nanoseconds since the clock base. */
  readonly time: number;
  readonly value: number;
  readonly traceId: string;
  readonly spanId: string;
}
