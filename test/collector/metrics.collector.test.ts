import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AttributeValue } from '../../agent/correlate/span.ts';
import { INSTRUMENTS } from '../../agent/export/metrics/instruments.ts';
import { metricsConfig } from '../../agent/export/otlp/metrics-config.ts';
import { otlpMetricsExporter } from '../../agent/export/otlp/metrics-exporter.ts';
import { RUNTIME_LOCK_BUCKETS } from '../../agent/record/layout.ts';
import { stats } from '../cli/synthetic.ts';
import { NO_WAITS } from '../correlate/no-waits.ts';
import { CLOCK, sampleSpan } from '../export/spans.ts';
import { type CollectedMetric, Collector } from './collector.ts';

const TARGET = { resource: new Map<string, AttributeValue>([['service.name', 'shop']]) };
const WATCHED = { locks: true, conds: true, pauses: true, assists: true, scheduler: false };
const MS = 1e6;

let collector: Collector;
beforeEach(() => {
  collector = new Collector();
});
afterEach(() => collector.stop());

/** Something of every instrument. */
async function exportAll(endpoint: string, protocol: 'grpc' | 'http/protobuf'): Promise<string[]> {
  const flags = { insecure: undefined, caFile: undefined, certFile: undefined, keyFile: undefined };
  const { config } = metricsConfig({ ...flags, endpoint, protocol, headers: new Map(), compression: 'gzip' }, {});
  const warnings: string[] = [];
  let now = 1_000;
  const exporter = otlpMetricsExporter({
    config,
    clock: CLOCK,
    now: () => now,
    toolVersion: '0.1.0',
    agentResource: new Map([['service.name', 'httptrace']]),
    requestsAreWhole: true,
    onWarning: (text) => warnings.push(text),
  });
  exporter.begin(TARGET, WATCHED);
  now = 60_000_001_000;
  const waits = { ...NO_WAITS, gcAssist: 2 * MS };
  exporter.span(sampleSpan({ start: 5_000, end: 5_000 + 30 * MS, waits }), TARGET, true);
  exporter.pause({ start: 0, end: 40_000, reason: 'GC mark termination', isGc: true, byRuntime: 40_000 - 0 }, TARGET);
  exporter.lockWait(
    {
      tgid: 4242,
      goid: 35,
      handlerStart: Number.NaN,
      parentGoid: 0,
      kind: 'mutex',
      lock: 0xc000,
      start: 0,
      end: 3 * MS,
      place: { function: 'main.add', file: '/src/größe.go', line: 88 },
      asleep: [],
      holder: undefined,
    },
    TARGET,
  );
  exporter.runtimeLocks(
    { tgid: 4242, totalNs: 2 * MS, longestNs: MS, buckets: new Array(RUNTIME_LOCK_BUCKETS).fill(1) },
    TARGET,
  );
  exporter.goroutines(12, TARGET);
  exporter.stats(stats(60, { losses: { output_full: 2 } }));
  expect(await exporter.shutdown(20_000)).toEqual({ lost: 0 });
  expect(exporter.lost).toBe(0);
  return warnings;
}

/** As the collector types it: `sum` that grows, `sum` that goes up and down, ... */
function kindOf({ sum, gauge, histogram }: CollectedMetric): string | undefined {
  if (sum) return sum.isMonotonic ? 'counter' : 'up_down_counter';
  return gauge ? 'gauge' : histogram && 'histogram';
}

test.each(['grpc', 'http/protobuf'] as const)(
  'the collector reads our metrics as they were meant: %s',
  async (protocol) => {
    const ports = await collector.start();
    const port = protocol === 'grpc' ? ports.grpc : ports.http;
    expect(await exportAll(`http://127.0.0.1:${port}`, protocol)).toEqual([]);

    const [first] = collector.exports[0]?.resourceMetrics ?? [];
    expect(first?.schemaUrl).toBe('https://opentelemetry.io/schemas/1.44.0');
    expect(first?.scopeMetrics[0]?.scope).toEqual({ name: 'httptrace', version: '0.1.0' });

    const metrics = new Map([...collector.metrics('shop'), ...collector.metrics('httptrace')]);
    const read = [...metrics.values()].map((metric) => [metric.name, metric.unit, metric.description, kindOf(metric)]);
    const meant = Object.values(INSTRUMENTS).map(({ name, unit, description, kind }) => [
      name,
      unit,
      description,
      kind,
    ]);
    expect(read.sort()).toEqual(meant.sort());
    for (const { sum, histogram } of metrics.values()) {
      if (sum ?? histogram) expect((sum ?? histogram)?.aggregationTemporality).toBe(2);
    }

    expect(metrics.get('http.server.request.duration')?.histogram?.dataPoints).toEqual([
      {
        attributes: [
          { key: 'http.request.method', value: { stringValue: 'GET' } },
          { key: 'http.route', value: { stringValue: '/orders/{id}' } },
          { key: 'http.response.status_code', value: { intValue: '200' } },
        ],
        startTimeUnixNano: String(CLOCK.baseUnixNano + 1_000n),
        timeUnixNano: String(CLOCK.baseUnixNano + 60_000_001_000n),
        count: '1',
        sum: 0.03,
        min: 0.03,
        max: 0.03,
        bucketCounts: ['0', '0', '0', '1', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0'],
        explicitBounds: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
        exemplars: [
          {
            timeUnixNano: String(CLOCK.baseUnixNano + BigInt(5_000 + 30 * MS)),
            asDouble: 0.03,
            spanId: 'b7ad6b7169203331',
            traceId: '0af7651916cd43dd8448eb211c80319c',
          },
        ],
      },
    ]);
    expect(metrics.get('httptrace.lock.wait.duration')?.histogram?.dataPoints[0]?.attributes).toEqual([
      { key: 'httptrace.lock.kind', value: { stringValue: 'mutex' } },
      { key: 'code.function.name', value: { stringValue: 'main.add' } },
      { key: 'code.file.path', value: { stringValue: '/src/größe.go' } },
      { key: 'code.line.number', value: { intValue: '88' } },
    ]);
    expect(metrics.get('httptrace.losses')?.sum?.dataPoints[0]).toMatchObject({
      attributes: [{ key: 'httptrace.loss.reason', value: { stringValue: 'output_full' } }],
      asInt: '2',
    });
    expect(metrics.get('httptrace.gc.assist.time')?.sum?.dataPoints[0]?.['asDouble']).toBe(0.002);
  },
);

test.each(['grpc', 'http/protobuf'] as const)(
  'a collector without a pipeline for metrics is no failure: %s',
  async (protocol) => {
    const ports = await collector.start(['traces']);
    const port = protocol === 'grpc' ? ports.grpc : ports.http;
    const warnings = await exportAll(`http://127.0.0.1:${port}`, protocol);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('takes no metrics');
  },
);
