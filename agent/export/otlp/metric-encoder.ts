import type { Clock } from '../../correlate/span.ts';
import type { Exemplar, HistogramPoint, Instrument, Metric, NumberPoint } from '../metrics/metric.ts';
import { UnixTime } from '../unix-time.ts';
import { AttributeEncoder } from './attribute-encoder.ts';
import { FIXED64, LENGTH, type ProtobufWriter, tagOf, VARINT } from './protobuf-writer.ts';
import { writeTime } from './time-field.ts';

// opentelemetry/proto/metrics/v1/metrics.proto: ScopeMetrics.metrics
const METRICS = tagOf(2, LENGTH);

const MetricField = {
  name: tagOf(1, LENGTH),
  description: tagOf(2, LENGTH),
  unit: tagOf(3, LENGTH),
  gauge: tagOf(5, LENGTH),
  sum: tagOf(7, LENGTH),
  histogram: tagOf(9, LENGTH),
} as const;

/** Gauge, Sum and Histogram: the same numbers. */
const Data = {
  points: tagOf(1, LENGTH),
  temporality: tagOf(2, VARINT),
  isMonotonic: tagOf(3, VARINT),
} as const;

const NumberField = {
  start: tagOf(2, FIXED64),
  time: tagOf(3, FIXED64),
  asDouble: tagOf(4, FIXED64),
  asInt: tagOf(6, FIXED64),
  attributes: tagOf(7, LENGTH),
} as const;

const HistogramField = {
  start: tagOf(2, FIXED64),
  time: tagOf(3, FIXED64),
  count: tagOf(4, FIXED64),
  sum: tagOf(5, FIXED64),
  buckets: tagOf(6, LENGTH),
  bounds: tagOf(7, LENGTH),
  exemplars: tagOf(8, LENGTH),
  attributes: tagOf(9, LENGTH),
  min: tagOf(11, FIXED64),
  max: tagOf(12, FIXED64),
} as const;

const ExemplarField = {
  time: tagOf(2, FIXED64),
  asDouble: tagOf(3, FIXED64),
  spanId: tagOf(4, LENGTH),
  traceId: tagOf(5, LENGTH),
} as const;

const CUMULATIVE = 2;
/** Of attribute values: names from a hostile binary could be of any length. */
const VALUE_LENGTH = 1024;

/** The stretch of time that points are about, nanoseconds since the clock base. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** Writes metrics as the repeated `metrics` field of a ScopeMetrics message. */
export class MetricEncoder {
  readonly #time: UnixTime;
  readonly #attributes = new AttributeEncoder({ count: undefined, valueLength: VALUE_LENGTH });

  constructor(clock: Clock) {
    this.#time = new UnixTime(clock.baseUnixNano);
  }

  write(writer: ProtobufWriter, metric: Metric, interval: Interval): void {
    const { instrument } = metric;
    writer.tag(METRICS);
    const body = writer.open(3);
    writer.tag(MetricField.name);
    writer.string(instrument.name);
    writer.tag(MetricField.description);
    writer.string(instrument.description);
    writer.tag(MetricField.unit);
    writer.string(instrument.unit);
    writer.tag(dataField(instrument));
    const data = writer.open(3);
    if (metric.bounds !== undefined) {
      for (const point of metric.points) this.#histogramPoint(writer, point, metric.bounds, interval);
    } else {
      const isInteger = instrument.unit !== 's' && instrument.kind !== 'gauge';
      for (const point of metric.points) this.#numberPoint(writer, point, isInteger, interval);
    }
    if (instrument.kind !== 'gauge') {
      writer.tag(Data.temporality);
      writer.varint(CUMULATIVE);
    }
    if (instrument.kind === 'counter') {
      writer.tag(Data.isMonotonic);
      writer.varint(1);
    }
    writer.close(data, 3);
    writer.close(body, 3);
  }

  #numberPoint(writer: ProtobufWriter, { attributes, value }: NumberPoint, isInteger: boolean, at: Interval): void {
    writer.tag(Data.points);
    const body = writer.open(1);
    writeTime(writer, NumberField.start, this.#time, at.start);
    writeTime(writer, NumberField.time, this.#time, at.end);
    writer.tag(isInteger ? NumberField.asInt : NumberField.asDouble);
    if (isInteger) writer.fixed64(value);
    else writer.double(value);
    this.#attributes.write(writer, NumberField.attributes, attributes);
    writer.close(body, 1);
  }

  #histogramPoint(writer: ProtobufWriter, point: HistogramPoint, bounds: readonly number[], at: Interval): void {
    writer.tag(Data.points);
    const body = writer.open(2);
    writeTime(writer, HistogramField.start, this.#time, at.start);
    writeTime(writer, HistogramField.time, this.#time, at.end);
    writer.tag(HistogramField.count);
    writer.fixed64(point.count);
    optionalDouble(writer, HistogramField.sum, point.sum);
    writer.tag(HistogramField.buckets);
    writer.varint(point.buckets.length * 8);
    for (const count of point.buckets) writer.fixed64(count);
    writer.tag(HistogramField.bounds);
    writer.varint(bounds.length * 8);
    for (const bound of bounds) writer.double(bound);
    if (point.exemplar) this.#exemplar(writer, point.exemplar);
    this.#attributes.write(writer, HistogramField.attributes, point.attributes);
    optionalDouble(writer, HistogramField.min, point.min);
    optionalDouble(writer, HistogramField.max, point.max);
    writer.close(body, 2);
  }

  #exemplar(writer: ProtobufWriter, { time, value, traceId, spanId }: Exemplar): void {
    writer.tag(HistogramField.exemplars);
    const body = writer.open(1);
    writeTime(writer, ExemplarField.time, this.#time, time);
    writer.tag(ExemplarField.asDouble);
    writer.double(value);
    writer.tag(ExemplarField.spanId);
    writer.varint(8);
    writer.hex(spanId);
    writer.tag(ExemplarField.traceId);
    writer.varint(16);
    writer.hex(traceId);
    writer.close(body, 1);
  }
}

function dataField({ kind }: Instrument): number {
  if (kind === 'histogram') return MetricField.histogram;
  return kind === 'gauge' ? MetricField.gauge : MetricField.sum;
}

function optionalDouble(writer: ProtobufWriter, tag: number, value: number | undefined): void {
  if (value === undefined) return;
  writer.tag(tag);
  writer.double(value);
}
