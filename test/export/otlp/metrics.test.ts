import { readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServerCredentials, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AttributeValue, RequestSpan } from '../../../agent/correlate/span.ts';
import type { Watched } from '../../../agent/correlate/waits/explainer.ts';
import type { LockWait } from '../../../agent/correlate/waits/lock-wait.ts';
import { INSTRUMENTS } from '../../../agent/export/metrics/instruments.ts';
import type { MetricsExporter } from '../../../agent/export/metrics.ts';
import type { OtlpFlags } from '../../../agent/export/otlp/connection.ts';
import { metricsConfig } from '../../../agent/export/otlp/metrics-config.ts';
import { otlpMetricsExporter } from '../../../agent/export/otlp/metrics-exporter.ts';
import { stats as syntheticStats } from '../../cli/synthetic.ts';
import { NO_WAITS } from '../../correlate/no-waits.ts';
import { CLOCK, sampleSpan } from '../spans.ts';
import { makeCertificates } from './certificates.ts';
import { MetricsReceiver } from './metrics-receiver.ts';
import type { OraclePoint } from './oracle.ts';

const FLAGS: OtlpFlags = {
  endpoint: undefined,
  protocol: undefined,
  headers: new Map(),
  insecure: undefined,
  caFile: undefined,
  certFile: undefined,
  keyFile: undefined,
  compression: undefined,
};
const TARGET = { resource: new Map<string, AttributeValue>([['service.name', 'shop']]) };
const ALL: Watched = { locks: true, conds: true, pauses: true, assists: true, scheduler: false };
const START = 5_000_000_000;
const NOW = 65_000_000_000;

const warnings: string[] = [];
let time = START;

interface Setup {
  readonly flags?: Partial<OtlpFlags>;
  readonly env?: Record<string, string>;
  readonly requestsAreWhole?: boolean;
}

function exporterTo(endpoint: string, { flags, env = {}, requestsAreWhole = true }: Setup = {}): MetricsExporter {
  const { config } = metricsConfig({ ...FLAGS, endpoint, ...flags }, env);
  return otlpMetricsExporter({
    config,
    clock: CLOCK,
    now: () => time,
    toolVersion: '0.1.0',
    agentResource: new Map([['service.name', 'httptrace']]),
    requestsAreWhole,
    onWarning: (text) => warnings.push(text),
  });
}

/** A request that took this long. */
function request(ms: number, changes: Partial<RequestSpan> = {}, attributes: [string, AttributeValue][] = []) {
  return sampleSpan({
    start: 10_000_000_000,
    end: 10_000_000_000 + ms * 1e6,
    attributes: new Map<string, AttributeValue>([
      ['url.scheme', 'http'],
      ['network.protocol.version', '1.1'],
      ...attributes,
    ]),
    ...changes,
  });
}

function lockWait(us: number, line: number): LockWait {
  return {
    tgid: 4242,
    goid: 7,
    handlerStart: Number.NaN,
    parentGoid: 0,
    kind: 'mutex',
    lock: 0xc000,
    start: 1_000,
    end: 1_000 + us * 1_000,
    place: { function: 'main.(*Store).Add', file: '/src/store.go', line },
    asleep: [],
    holder: undefined,
  };
}

/** Attributes as a plain object. */
function plain({ attributes = [] }: OraclePoint): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

let receiver: MetricsReceiver;
beforeEach(() => {
  receiver = new MetricsReceiver();
  warnings.length = 0;
  time = START;
});
afterEach(() => receiver.stop());

async function started(setup: Setup = {}, watched = ALL): Promise<MetricsExporter> {
  const exporter = exporterTo(`http://127.0.0.1:${await receiver.start()}`, setup);
  exporter.begin(TARGET, watched);
  time = NOW;
  return exporter;
}

describe('requests', () => {
  test('a histogram by method, route, status, scheme, version and error', async () => {
    const exporter = await started({ flags: { headers: new Map([['X-Token', 'secret']]), compression: 'gzip' } });
    exporter.span(request(3), TARGET, true);
    exporter.span(request(5), TARGET, true);
    exporter.span(request(20, { weight: 10, spanId: '00000000000000aa' }), TARGET, true);
    exporter.span(request(20_000, { spanId: '00000000000000bb' }), TARGET, false);
    exporter.span(request(1, { status: 500, route: undefined }, [['error.type', '500']]), TARGET, true);
    expect(await exporter.shutdown(10_000)).toEqual({ lost: 0 });

    const [resource] = receiver.received;
    expect(resource?.resource.attributes).toEqual([{ key: 'service.name', value: { stringValue: 'shop' } }]);
    expect(resource?.schemaUrl).toBe('https://opentelemetry.io/schemas/1.44.0');
    expect(resource?.scopeMetrics[0]?.scope).toEqual({ name: 'httptrace', version: '0.1.0' });
    expect(receiver.metadata[0]?.get('x-token')).toEqual(['secret']);

    const metric = receiver.last('shop').get('http.server.request.duration');
    expect(metric).toMatchObject({ unit: 's', description: 'Duration of HTTP server requests.' });
    expect(metric?.histogram?.aggregationTemporality).toBe('AGGREGATION_TEMPORALITY_CUMULATIVE');
    const [ok, failed] = metric?.histogram?.dataPoints ?? [];
    expect(plain(ok as OraclePoint)).toEqual({
      'http.request.method': 'GET',
      'http.route': '/orders/{id}',
      'http.response.status_code': '200',
      'url.scheme': 'http',
      'network.protocol.version': '1.1',
    });
    expect(ok).toMatchObject({
      startTimeUnixNano: String(CLOCK.baseUnixNano + BigInt(START)),
      timeUnixNano: String(CLOCK.baseUnixNano + BigInt(NOW)),
      count: '13',
      min: 0.003,
      max: 20,
      explicitBounds: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
      // A bound belongs to the bucket below it.
      bucketCounts: ['2', '0', '10', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '1'],
    });
    expect(ok?.sum).toBeCloseTo(0.003 + 0.005 + 10 * 0.02 + 20, 12);
    // The slowest of those that have a span.
    expect(ok?.exemplars).toEqual([
      {
        timeUnixNano: String(CLOCK.baseUnixNano + 10_020_000_000n),
        asDouble: 0.02,
        traceId: '0af7651916cd43dd8448eb211c80319c',
        spanId: '00000000000000aa',
      },
    ]);
    expect(plain(failed as OraclePoint)).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': '500',
      'url.scheme': 'http',
      'network.protocol.version': '1.1',
      'error.type': '500',
    });
  });

  test('the totals go on from one export to the next', async () => {
    const exporter = await started({
      env: { OTEL_METRIC_EXPORT_INTERVAL: '20', OTEL_METRICS_EXEMPLAR_FILTER: 'always_off' },
    });
    exporter.span(request(3), TARGET, true);
    while (receiver.received.length < 2) await sleep(5);
    exporter.span(request(3), TARGET, true);
    await exporter.shutdown(10_000);
    const counts = receiver.received.map(
      ({ scopeMetrics }) =>
        scopeMetrics[0]?.metrics.find(({ name }) => name === 'http.server.request.duration')?.histogram?.dataPoints[0],
    );
    expect(counts.slice(0, 2).map((point) => point?.count)).toEqual(['1', '1']);
    expect(counts.at(-1)?.count).toBe('2');
    expect(counts.at(-1)?.exemplars).toBeUndefined();
    expect(new Set(counts.map((point) => point?.startTimeUnixNano)).size).toBe(1);
  });

  test('series are bounded; what has no room is counted together', async () => {
    const exporter = await started();
    for (let i = 0; i < 2_500; i++) exporter.span(request(1, { route: `/r${i}` }), TARGET, false);
    exporter.span(request(1, { route: '/r0' }), TARGET, false);
    await exporter.shutdown(10_000);
    const points = receiver.last('shop').get('http.server.request.duration')?.histogram?.dataPoints ?? [];
    expect(points).toHaveLength(2_000);
    const overflow = points.filter((point) => plain(point)['otel.metric.overflow'] === true);
    expect(overflow.map(({ count, attributes }) => [count, attributes?.length])).toEqual([['501', 1]]);
    expect(points.reduce((sum, { count }) => sum + Number(count), 0)).toBe(2_501);
  });

  test('unfinished ones have no duration', async () => {
    const exporter = await started();
    exporter.span(request(3, {}, [['httptrace.unfinished', true]]), TARGET, false);
    await exporter.shutdown(10_000);
    expect(receiver.last('shop').has('http.server.request.duration')).toBe(false);
  });

  test('nothing is said of requests when only the slow ones are seen', async () => {
    const exporter = await started({ requestsAreWhole: false });
    exporter.span(request(3), TARGET, true);
    await exporter.shutdown(10_000);
    expect([...receiver.last('shop').keys()].sort()).toEqual(['go.memory.gc.cycles', 'go.memory.gc.pause.duration']);
  });
});

describe('the runtime', () => {
  test('sleeps for its own locks, as the kernel side has put them into buckets', async () => {
    const exporter = await started();
    const buckets = new Array<number>(18).fill(0).with(1, 3).with(17, 1);
    exporter.runtimeLocks({ tgid: 4242, totalNs: 9_000, longestNs: 6_000, buckets }, TARGET);
    exporter.runtimeLocks({ tgid: 4242, totalNs: 4e9, longestNs: 3e9, buckets }, TARGET);
    await exporter.shutdown(10_000);
    const [point] = receiver.last('shop').get('httptrace.runtime.lock.wait.duration')?.histogram?.dataPoints ?? [];
    expect(point).toMatchObject({ count: '4', sum: 4, max: 3, bucketCounts: buckets.map(String) });
    expect(point?.explicitBounds).toHaveLength(17);
    expect(point).not.toHaveProperty('min');
  });

  test('pauses, cycles, assists, goroutines', async () => {
    const exporter = await started();
    exporter.pause(
      { start: 0, end: 30_000, reason: 'GC sweep termination', isGc: true, byRuntime: 30_000 - 0 },
      TARGET,
    );
    exporter.pause({ start: 0, end: 70_000, reason: 'GC mark termination', isGc: true, byRuntime: 70_000 - 0 }, TARGET);
    exporter.pause({ start: 0, end: 900_000, reason: 'read mem stats', isGc: false, byRuntime: 900_000 - 0 }, TARGET);
    exporter.span(request(3, { weight: 2, waits: { ...NO_WAITS, gcAssist: 250_000 } }), TARGET, true);
    exporter.goroutines(17, TARGET);
    await exporter.shutdown(10_000);

    const metrics = receiver.last('shop');
    const gc = metrics.get('go.memory.gc.pause.duration')?.histogram?.dataPoints[0];
    expect(gc).toMatchObject({ count: '2', min: 30e-6, max: 70e-6 });
    expect(gc?.sum).toBeCloseTo(100e-6, 12);
    expect(metrics.get('go.memory.gc.cycles')).toMatchObject({
      unit: '{gc_cycle}',
      sum: { isMonotonic: true, dataPoints: [{ asInt: '1' }] },
    });
    expect(metrics.get('go.goroutine.count')?.sum?.isMonotonic).toBeUndefined();
    expect(metrics.get('go.goroutine.count')?.sum?.dataPoints[0]?.asInt).toBe('17');
    expect(metrics.get('httptrace.gc.assist.time')?.sum?.dataPoints[0]?.asDouble).toBeCloseTo(500e-6, 12);
    const pauses = metrics.get('httptrace.pause.duration')?.histogram?.dataPoints ?? [];
    expect(pauses.map((point) => [plain(point)['httptrace.pause.reason'], point.count])).toEqual([
      ['GC sweep termination', '1'],
      ['GC mark termination', '1'],
      ['read mem stats', '1'],
    ]);
  });

  test('what is watched and did not happen is zero, what is not watched is absent', async () => {
    const quiet = await started();
    await quiet.shutdown(10_000);
    const known = receiver.last('shop');
    expect([...known.keys()].sort()).toEqual([
      'go.memory.gc.cycles',
      'go.memory.gc.pause.duration',
      'httptrace.gc.assist.time',
    ]);
    const empty = known.get('go.memory.gc.pause.duration')?.histogram?.dataPoints[0];
    // The decoder leaves out a field that is zero, unless it may be absent.
    expect(empty?.count ?? '0').toBe('0');
    expect(empty?.sum).toBe(0);
    expect(new Set(empty?.bucketCounts)).toEqual(new Set(['0']));
    expect(empty?.min).toBeUndefined();
    receiver.stop();
    receiver = new MetricsReceiver();
    const blind = await started({}, { locks: false, conds: false, pauses: false, assists: false, scheduler: false });
    await blind.shutdown(10_000);
    expect(receiver.received).toEqual([]);
  });

  test('waits for locks by kind and place', async () => {
    const exporter = await started();
    for (const us of [20, 400, 3_000_000]) exporter.lockWait(lockWait(us, 88), TARGET);
    exporter.lockWait({ ...lockWait(5, 0), kind: 'other', place: undefined }, TARGET);
    await exporter.shutdown(10_000);
    const [store, nowhere] = receiver.last('shop').get('httptrace.lock.wait.duration')?.histogram?.dataPoints ?? [];
    expect(plain(store as OraclePoint)).toEqual({
      'httptrace.lock.kind': 'mutex',
      'code.function.name': 'main.(*Store).Add',
      'code.file.path': '/src/store.go',
      'code.line.number': '88',
    });
    expect(store).toMatchObject({ count: '3', max: 3 });
    expect(store?.bucketCounts?.reduce((sum, count) => sum + Number(count), 0)).toBe(3);
    expect(store?.bucketCounts?.at(-1)).toBe('1');
    expect(plain(nowhere as OraclePoint)).toEqual({ 'httptrace.lock.kind': 'other' });
  });
});

test('what the tool lost and what it costs belongs to itself', async () => {
  const exporter = await started();
  const stats = syntheticStats(10);
  exporter.stats({ ...stats, losses: { output_full: 3, not_sampled: 900, filtered: 7 } });
  await exporter.shutdown(10_000);
  const metrics = receiver.last('httptrace');
  const values = (name: string) =>
    [metrics.get(name)].flatMap((metric) =>
      (metric?.sum ?? metric?.gauge)?.dataPoints.map((point) => [
        ...Object.values(plain(point)),
        point.asInt ?? point.asDouble,
      ]),
    );
  expect(values('httptrace.losses')).toEqual([['output_full', '3']]);
  expect(values('httptrace.probe.hits')).toContainEqual(['http1_serve', String(stats.cost.hitsByRole.http1_serve)]);
  expect(values('httptrace.agent.cpu.time')).toEqual([[stats.agent.cpuNs / 1e9]]);
  expect(values('httptrace.agent.memory.usage')).toEqual([
    ['resident', String(stats.agent.residentBytes)],
    ['bpf_maps', String(stats.agent.mapBytes)],
  ]);
  expect(values('httptrace.probe.cpu.utilization')).toEqual([[stats.cost.coreShare]]);
  expect(metrics.get('httptrace.losses')?.sum?.dataPoints[0]?.startTimeUnixNano).toBe(String(CLOCK.baseUnixNano));
});

describe('delivery', () => {
  test('a target that ends sends its last figures at once', async () => {
    const exporter = await started();
    exporter.span(request(3), TARGET, false);
    exporter.forget(TARGET);
    exporter.span(request(3), TARGET, false);
    while (receiver.received.length < 1) await sleep(5);
    await exporter.shutdown(10_000);
    expect(receiver.received).toHaveLength(1);
    expect(receiver.last('shop').get('http.server.request.duration')?.histogram?.dataPoints[0]?.count).toBe('1');
  });

  test('is tried again', async () => {
    const exporter = await started();
    receiver.answer = (call) => (call <= 2 ? { code: status.UNAVAILABLE, details: 'starting' } : {});
    expect(await exporter.shutdown(10_000)).toEqual({ lost: 0 });
    expect(receiver.received).toHaveLength(1);
    expect(exporter.lost).toBe(0);
    expect(warnings.join()).toContain('does not accept metrics at the moment (UNAVAILABLE: starting)');
  });

  test('figures that wait for a receiver do not pile up, and the deadline of a shutdown is kept', async () => {
    const exporter = exporterTo(`http://127.0.0.1:${await receiver.start()}`, {
      env: { OTEL_METRIC_EXPORT_INTERVAL: '5' },
    });
    receiver.stop();
    exporter.begin(TARGET, ALL);
    await sleep(300);
    const before = performance.now();
    // Three data points that waited, and three of the end.
    expect(await exporter.shutdown(100)).toEqual({ lost: 6 });
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(exporter.lost).toBe(6);
  });

  test('a refusal is final and counted', async () => {
    const exporter = await started();
    receiver.answer = () => ({ code: status.INVALID_ARGUMENT, details: 'no' });
    expect(await exporter.shutdown(10_000)).toEqual({ lost: 0 });
    expect(exporter.lost).toBe(3);
    expect(warnings).toEqual(['metrics could not be exported (INVALID_ARGUMENT: no)']);
  });

  test('a partial success counts what was rejected', async () => {
    const exporter = await started();
    receiver.answer = () => ({ partialSuccess: { rejectedDataPoints: 2, errorMessage: 'too old' } });
    await exporter.shutdown(10_000);
    expect(exporter.lost).toBe(2);
    expect(warnings).toEqual(['the OTLP receiver rejected 2 data points (too old)']);
  });

  test('a receiver of traces alone is no failure, and is named once', async () => {
    const exporter = await started({ env: { OTEL_METRIC_EXPORT_INTERVAL: '10' } });
    receiver.answer = () => ({ code: status.UNIMPLEMENTED, details: 'unknown service' });
    while (receiver.calls < 3) await sleep(5);
    expect(await exporter.shutdown(10_000)).toEqual({ lost: 0 });
    expect(exporter.lost).toBe(0);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('takes no metrics; OTEL_METRICS_EXPORTER=none');
  });

  test('mutual TLS', async () => {
    const certificates = makeCertificates();
    const pair = [
      { cert_chain: readFileSync(certificates.serverCert), private_key: readFileSync(certificates.serverKey) },
    ];
    const port = await receiver.start(ServerCredentials.createSsl(readFileSync(certificates.ca), pair, true));
    const exporter = exporterTo(`https://localhost:${port}`, {
      env: {
        OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE: certificates.ca,
        OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE: certificates.clientCert,
        OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY: certificates.clientKey,
      },
    });
    exporter.begin(TARGET, ALL);
    expect(await exporter.shutdown(10_000)).toEqual({ lost: 0 });
    expect(receiver.received).toHaveLength(1);
    rmSync(certificates.folder, { recursive: true });
  });
});

describe('configuration', () => {
  const configOf = (env: Record<string, string>, flags: Partial<OtlpFlags> = {}) =>
    metricsConfig({ ...FLAGS, ...flags }, env);

  test('the variables of metrics win over the general ones; those of traces do not matter', () => {
    const { config, warnings: none } = configOf({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://general:1',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://traces:2',
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://own:3',
      OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'a=1',
      OTEL_EXPORTER_OTLP_HEADERS: 'b=2',
      OTEL_EXPORTER_OTLP_TIMEOUT: '5000',
      OTEL_EXPORTER_OTLP_METRICS_COMPRESSION: 'gzip',
      OTEL_METRIC_EXPORT_INTERVAL: '1500',
      OTEL_TRACES_EXPORTER: 'none',
    });
    expect(config).toMatchObject({
      enabled: true,
      signal: 'metrics',
      endpoint: { address: 'own:3' },
      timeoutMs: 5_000,
      compression: 'gzip',
      intervalMs: 1_500,
      giveUpMs: 30_000,
      exemplars: true,
    });
    expect([...config.headers]).toEqual([['a', '1']]);
    expect(none).toEqual([]);
  });

  test.each([
    [{ OTEL_METRICS_EXPORTER: 'none' }, false],
    [{ OTEL_METRICS_EXPORTER: 'none, otlp' }, true],
    [{ OTEL_METRICS_EXPORTER: '' }, true],
    [{ OTEL_SDK_DISABLED: 'true' }, false],
  ])('%o', (env: Record<string, string>, enabled) => expect(configOf(env).config.enabled).toBe(enabled));

  test('values that are not known warn and fall back', () => {
    const { config, warnings: told } = configOf({
      OTEL_METRICS_EXPORTER: 'prometheus',
      OTEL_METRIC_EXPORT_INTERVAL: '0',
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta',
    });
    expect(config).toMatchObject({ enabled: true, intervalMs: 60_000 });
    expect(told).toHaveLength(3);
  });

  test.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c/base/' }, {}, 'http://c/base/v1/metrics'],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://c/x' }, {}, 'http://c/x'],
    [{}, { endpoint: 'http://c:1' }, 'http://c:1/v1/metrics'],
    // A flag with a path is the URL of the traces.
    [{}, { endpoint: 'http://c:1/adapt_x/api/otlp/traces' }, 'http://c:1/adapt_x/api/otlp/metrics'],
  ])('over HTTP %o %o', (env, flags, url) => {
    expect(configOf({ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf', ...env }, flags).config.endpoint.url).toBe(url);
  });
});

test('docs/metrics.md has every instrument with its unit and type', () => {
  const text = readFileSync(resolve(import.meta.dirname, '../../../docs/metrics.md'), 'utf8');
  const kinds = { counter: 'counter', up_down_counter: 'up-down counter', gauge: 'gauge', histogram: 'histogram' };
  for (const { name, unit, kind } of Object.values(INSTRUMENTS)) {
    expect(text).toContain(`| \`${name}\` | ${kinds[kind]} | \`${unit}\` |`);
  }
});
