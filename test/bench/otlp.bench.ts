/**
 * Is an encoder of our own needed, and are histograms? Spans to OTLP bytes: ours against the serializer that
 * @opentelemetry/exporter-trace-otlp-grpc uses, on the same spans, in one run; then records to OTLP bytes on one
 * core; then http.server.request.duration of the same spans: ours against @opentelemetry/sdk-metrics.
 * Run: node test/bench/otlp.bench.ts
 */

import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { Bench } from 'tinybench';
import { RequestCorrelator } from '../../agent/correlate/requests.ts';
import type { RequestSpan } from '../../agent/correlate/span.ts';
import { REQUEST_BOUNDS } from '../../agent/export/metrics/instruments.ts';
import { TargetMetrics } from '../../agent/export/metrics/target-metrics.ts';
import { BatchBuilder } from '../../agent/export/otlp/batch.ts';
import { encodeEnvelope } from '../../agent/export/otlp/request-encoder.ts';
import { SpanEncoder } from '../../agent/export/otlp/span-encoder.ts';
import { FrameSplitter } from '../../agent/record/frames.ts';
import { Tag } from '../../agent/record/layout.ts';
import { timeBase } from '../../agent/record/time-base.ts';
import { NOTHING_WATCHED } from '../../agent/session/attached.ts';
import { loadOracle } from '../export/otlp/oracle.ts';
import { CLOCK } from '../export/spans.ts';
import { BASE, buildRequest, plainRequest } from '../record/build-record.ts';
import { readableSpan } from './readable-span.ts';

const RECORDS = 512;
const HEADERS = ['Traceparent', 'Tracestate', 'User-Agent', 'Upgrade'];
const RESOURCE = new Map([['service.name', 'shop']]);
// Spans are grouped by the identity of their resource.
const THEIR_RESOURCE = resourceFromAttributes(Object.fromEntries(RESOURCE));

const correlator = new RequestCorrelator({
  base: timeBase(BASE),
  headers: HEADERS,
  shownHeaders: [],
  omitQuery: false,
  exceptionMessageBytes: 256,
  watchedOf: () => NOTHING_WATCHED,
  resolverOf: () => undefined,
});
const stream = recordStream();
const spans: RequestSpan[] = [];
splitInto((span) => spans.push(span));
const builder = new BatchBuilder(
  encodeEnvelope(RESOURCE, '0.1.0'),
  new SpanEncoder(CLOCK, { count: 128, valueLength: undefined }),
);
const readable = spans.map((span) => readableSpan(span, CLOCK, THEIR_RESOURCE));

const ours = encodeOurs();
const theirs = ProtobufTraceSerializer.serializeRequest(readable) ?? new Uint8Array();
const { request } = loadOracle();
print(`bytes for ${RECORDS} spans: ours ${ours.length}, theirs ${theirs.length}`);
if (spanCount(ours) !== RECORDS || spanCount(theirs) !== RECORDS) throw new Error('an encoder left spans out');

const metrics = new TargetMetrics(NOTHING_WATCHED, true);
const histogram = theirHistogram();

const bench = new Bench({ time: 3_000, warmupTime: 1_000 });
bench.add('spans to bytes, ours', encodeOurs);
bench.add('spans to bytes, OpenTelemetry', () => {
  ProtobufTraceSerializer.serializeRequest(readable);
});
bench.add('spans to bytes, OpenTelemetry, with the conversion to its spans', () => {
  ProtobufTraceSerializer.serializeRequest(spans.map((span) => readableSpan(span, CLOCK, THEIR_RESOURCE)));
});
bench.add('records to spans', () => splitInto(() => {}));
bench.add('records to bytes, ours', () => {
  splitInto((span) => builder.add(span));
  builder.seal();
});
bench.add('requests into a histogram, ours', () => {
  for (const span of spans) metrics.span(span, true);
});
bench.add('requests into a histogram, OpenTelemetry', () => {
  for (const span of spans) histogram.record((span.end - span.start) / 1e9, theirAttributes(span));
});
await bench.run();

const rates = new Map<string, number>();
for (const task of bench.tasks) {
  if (task.result.state !== 'completed') throw new Error(`${task.name} did not complete`);
  rates.set(task.name, (RECORDS * 1_000) / task.result.latency.p50);
}
for (const [name, rate] of rates) print(`${Math.round(rate).toLocaleString('en').padStart(9)} /s  ${name}`);
const [own = 0, serializer = 0, converted = 0, , , recorded = 0, theirRecorded = 0] = rates.values();
print(
  `recording a request: ours ${Math.round(1e9 / recorded)} ns, theirs ${Math.round(1e9 / theirRecorded)} ns; at 60,000 requests/s ours is ${(6e6 / recorded).toFixed(1)} % of a core`,
);
print(
  `ours is ${(own / serializer).toFixed(1)} times as fast as the serializer, ${(own / converted).toFixed(1)} with the conversion`,
);

function theirHistogram() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const advice = { explicitBucketBoundaries: [...REQUEST_BOUNDS.seconds] };
  const meter = new MeterProvider({ resource: THEIR_RESOURCE, readers: [reader] }).getMeter('httptrace');
  return meter.createHistogram('http.server.request.duration', { unit: 's', advice });
}

/** What it takes: an object of its own for each request, without what is absent. */
function theirAttributes({ method, route, status, attributes }: RequestSpan): Record<string, string | number> {
  const own: Record<string, string | number> = { 'http.request.method': method };
  if (route !== undefined) own['http.route'] = route;
  if (status !== undefined) own['http.response.status_code'] = status;
  for (const name of ['url.scheme', 'network.protocol.version', 'error.type']) {
    const value = attributes.get(name);
    if (typeof value === 'string') own[name] = value;
  }
  return own;
}

function encodeOurs(): Buffer {
  for (const span of spans) builder.add(span);
  return builder.seal().request;
}

function splitInto(take: (span: RequestSpan) => void): void {
  const splitter = new FrameSplitter((_, bytes, start, end) => {
    const span = correlator.request(bytes, start, end);
    if (span) take(span);
  });
  splitter.push(stream);
}

/** Requests as a shop serves them: many paths, few hosts, half of them in a trace. */
function recordStream(): Buffer {
  const records = Array.from({ length: RECORDS }, (_, i) => {
    const id = (i + 1).toString(16).padStart(16, '0');
    const trace = i % 2 ? [{ tag: Tag.header, value: `00-${id}${id}-${id}-01` }] : [];
    return buildRequest(
      plainRequest({
        goid: 100 + (i % 64),
        fields: [
          { tag: Tag.method, value: 'GET' },
          { tag: Tag.uri, value: `/orders/${i}?page=2` },
          { tag: Tag.host, value: 'shop.example:8080' },
          { tag: Tag.peer, value: `127.0.0.1:${50_000 + (i % 64)}` },
          { tag: Tag.header + 2, value: 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101' },
          ...trace,
          { tag: Tag.pattern, value: 'GET /orders/{id}' },
        ],
      }),
    );
  });
  return Buffer.concat(records);
}

function spanCount(bytes: Uint8Array): number {
  const decoded = request.toObject(request.decode(bytes));
  return decoded['resourceSpans'][0].scopeSpans[0].spans.length;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
