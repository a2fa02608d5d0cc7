import { describe, expect, test } from 'vitest';
import type { OtlpFlags } from '../../../agent/export/otlp/connection.ts';
import { createSampler } from '../../../agent/export/otlp/sampler.ts';
import { tracesConfig } from '../../../agent/export/otlp/traces-config.ts';
import { sampleSpan } from '../spans.ts';

const NONE: OtlpFlags = {
  endpoint: undefined,
  protocol: undefined,
  headers: new Map(),
  insecure: undefined,
  caFile: undefined,
  certFile: undefined,
  keyFile: undefined,
  compression: undefined,
};

const configOf = (env: Record<string, string>, flags: Partial<OtlpFlags> = {}) =>
  tracesConfig({ ...NONE, ...flags }, env);

test('defaults', () => {
  const { config, warnings } = configOf({});
  expect(config).toMatchObject({
    enabled: true,
    protocol: 'grpc',
    endpoint: { url: 'http://localhost:4317', address: 'localhost:4317', secure: false },
    compression: 'none',
    timeoutMs: 10_000,
    sampler: 'parentbased_always_on',
  });
  expect(warnings).toEqual([]);
});

test('flags win over variables, the signal’s own variable over the general one, empty is unset', () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://general:1',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://own:2',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: '',
    OTEL_EXPORTER_OTLP_TIMEOUT: '5000',
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '2500',
    OTEL_EXPORTER_OTLP_CERTIFICATE: '/ca.pem',
  };
  const own = configOf(env).config;
  expect([own.endpoint.address, own.compression, own.timeoutMs, own.tls.caFile]).toEqual([
    'own:2',
    'gzip',
    2_500,
    '/ca.pem',
  ]);
  const flagged = configOf(env, { endpoint: 'https://flag:3', compression: 'none', caFile: '/mine.pem' }).config;
  expect([flagged.endpoint.url, flagged.endpoint.secure, flagged.compression, flagged.tls.caFile]).toEqual([
    'https://flag:3',
    true,
    'none',
    '/mine.pem',
  ]);
});

describe('endpoints', () => {
  test.each([
    ['http://c', { url: 'http://c:4317', address: 'c:4317', secure: false }],
    ['https://c:443/path', { url: 'https://c:4317', address: 'c:4317', secure: true }],
    ['http://[::1]:9', { url: 'http://[::1]:9', address: '[::1]:9', secure: false }],
    ['http://user:pass@c:9', { url: 'http://c:9', address: 'c:9', secure: false }],
    ['c:9', { url: 'https://c:9', address: 'c:9', secure: true }],
  ])('gRPC %s', (endpoint, expected) => expect(configOf({}, { endpoint }).config.endpoint).toEqual(expected));

  test('without a scheme, insecure decides', () => {
    expect(configOf({ OTEL_EXPORTER_OTLP_INSECURE: 'true' }, { endpoint: 'c:9' }).config.endpoint.secure).toBe(false);
    expect(configOf({}, { endpoint: 'https://c:9', insecure: true }).config.endpoint.secure).toBe(true);
  });

  test.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, {}, 'http://c:4318/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c/base/' }, {}, 'http://c/base/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c/x' }, {}, 'http://c/x'],
    [{}, { endpoint: 'http://c:1' }, 'http://c:1/v1/traces'],
    [{}, { endpoint: 'http://c:1/x' }, 'http://c:1/x'],
    [{}, {}, 'http://localhost:4318/v1/traces'],
  ])('HTTP %o %o', (env, flags, url) => {
    expect(configOf({ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf', ...env }, flags).config.endpoint.url).toBe(url);
  });

  test.each(['ftp://c', 'http://', 'http://c:99999', '//'])('%s is refused', (endpoint) => {
    expect(() => configOf({}, { endpoint })).toThrow('not a URL that can be used');
  });
});

test('values that are not known warn, without repeating them, and fall back', () => {
  const { config, warnings } = configOf({
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json-s3cr3t',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'zstd-s3cr3t',
    OTEL_EXPORTER_OTLP_TIMEOUT: '-1',
    OTEL_TRACES_SAMPLER: 'jaeger_remote',
    OTEL_TRACES_SAMPLER_ARG: '7',
    OTEL_BSP_MAX_QUEUE_SIZE: '0',
  });
  expect(config).toMatchObject({ protocol: 'grpc', compression: 'none', timeoutMs: 10_000, samplerRatio: 1 });
  expect(warnings).toHaveLength(6);
  expect(warnings.join()).not.toContain('s3cr3t');
});

test('headers', () => {
  const { config, warnings } = configOf(
    { OTEL_EXPORTER_OTLP_HEADERS: 'Authentication=a%20b%3D, x-own = 1,broken,bad name=1,evil=%0d%0ax' },
    { headers: new Map([['X-Own', '2']]) },
  );
  expect([...config.headers]).toEqual([
    ['authentication', 'a b='],
    ['x-own', '2'],
  ]);
  expect(warnings).toHaveLength(3);
});

test.each([
  [{ OTEL_SDK_DISABLED: 'TRUE' }, false],
  [{ OTEL_SDK_DISABLED: 'no' }, true],
  [{ OTEL_TRACES_EXPORTER: 'none' }, false],
  [{ OTEL_TRACES_EXPORTER: 'otlp' }, true],
  [{ OTEL_TRACES_EXPORTER: 'zipkin' }, true],
])('%o', (env, enabled) => expect(configOf(env as Record<string, string>).config.enabled).toBe(enabled));

test('batches and limits', () => {
  const { config } = configOf({
    OTEL_BSP_MAX_QUEUE_SIZE: '100',
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '200',
    OTEL_BSP_SCHEDULE_DELAY: '0',
    OTEL_ATTRIBUTE_COUNT_LIMIT: '5',
    OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '6',
    OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '7',
  });
  expect(config.batch).toMatchObject({ maxQueueSize: 100, maxBatchSize: 100, delayMs: 0 });
  expect(config.limits).toEqual({ count: 6, valueLength: 7 });
});

describe('samplers', () => {
  const root = sampleSpan();
  const followed = sampleSpan({ parentSpanId: '00f067aa0ba902b7' });
  const dropped = sampleSpan({ parentSpanId: '00f067aa0ba902b7', sampled: false });

  test.each([
    ['always_on', [true, true, true]],
    ['always_off', [false, false, false]],
    ['parentbased_always_on', [true, true, false]],
    ['parentbased_always_off', [false, true, false]],
  ] as const)('%s', (name, expected) => {
    expect([root, followed, dropped].map(createSampler(name, 1))).toEqual(expected);
  });

  test('a ratio is kept, and one trace is decided the same everywhere', () => {
    const sampler = createSampler('traceidratio', 0.25);
    const ids = Array.from(
      { length: 4_096 },
      (_, i) => `${'a'.repeat(18)}${((i * 2 ** 44) % 2 ** 56).toString(16).padStart(14, '0')}`,
    );
    expect(ids.filter((traceId) => sampler(sampleSpan({ traceId })))).toHaveLength(1_024);
  });
});
