import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AttributeValue, RequestSpan } from '../../../agent/correlate/span.ts';
import { BatchBuilder } from '../../../agent/export/otlp/batch.ts';
import { encodeEnvelope } from '../../../agent/export/otlp/request-encoder.ts';
import { SpanEncoder } from '../../../agent/export/otlp/span-encoder.ts';
import { CLOCK, exceptionEvent, sampleSpan } from '../spans.ts';
import { decodeRequest, loadOracle, type OracleRequest, type OracleSpan } from './oracle.ts';

const { request: oracle } = loadOracle();
const RESOURCE = new Map<string, AttributeValue>([
  ['service.name', 'shop'],
  ['process.pid', 4242],
]);

function encode(spans: readonly RequestSpan[], limits = { count: 128, valueLength: undefined as number | undefined }) {
  const builder = new BatchBuilder(encodeEnvelope(RESOURCE, '0.1.0'), new SpanEncoder(CLOCK, limits));
  for (const span of spans) builder.add(span);
  return builder.seal().request;
}

function roundTrip(spans: readonly RequestSpan[], limits?: Parameters<typeof encode>[1]): OracleRequest {
  return decodeRequest(oracle, encode(spans, limits));
}

function spansOf(request: OracleRequest): OracleSpan[] {
  return request.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

test('a span with all kinds of attributes', () => {
  expect(roundTrip([sampleSpan()])).toEqual({
    resourceSpans: [
      {
        resource: {
          attributes: [
            { key: 'service.name', value: { stringValue: 'shop' } },
            { key: 'process.pid', value: { intValue: '4242' } },
          ],
        },
        scopeSpans: [
          {
            scope: { name: 'httptrace', version: '0.1.0' },
            schemaUrl: 'https://opentelemetry.io/schemas/1.44.0',
            spans: [
              {
                traceId: '0af7651916cd43dd8448eb211c80319c',
                spanId: 'b7ad6b7169203331',
                flags: 0x101,
                name: 'GET /orders/{id}',
                kind: 'SPAN_KIND_SERVER',
                startTimeUnixNano: '1795000001000000000',
                endTimeUnixNano: '1795000001000024000',
                attributes: [
                  { key: 'http.request.method', value: { stringValue: 'GET' } },
                  { key: 'http.response.status_code', value: { intValue: '200' } },
                  { key: 'url.path', value: { stringValue: '/größe/✓' } },
                  { key: 'httptrace.route.guessed', value: { boolValue: true } },
                  {
                    key: 'http.request.header.x-request-id',
                    value: { arrayValue: { values: [{ stringValue: 'a' }, { stringValue: 'b' }] } },
                  },
                  { key: 'httptrace.phase.handler', value: { intValue: '20000000000' } },
                ],
              },
            ],
          },
        ],
        schemaUrl: 'https://opentelemetry.io/schemas/1.44.0',
      },
    ],
  });
});

test('parent, state and flags', () => {
  const [span] = spansOf(
    roundTrip([sampleSpan({ parentSpanId: '00f067aa0ba902b7', traceState: 'a=1,b=2', sampled: false })]),
  );
  expect(span).toMatchObject({ parentSpanId: '00f067aa0ba902b7', traceState: 'a=1,b=2', flags: 0x300 });
});

test('an error has a message unless the status says it all', () => {
  const panicked = sampleSpan({ error: 'panic: runtime.boundsError', status: undefined });
  const failed = sampleSpan({
    error: 'HTTP 503',
    status: 503,
    attributes: new Map([['error.type', '503']]),
  });
  expect(spansOf(roundTrip([panicked, failed])).map(({ status }) => status)).toEqual([
    { code: 'STATUS_CODE_ERROR', message: 'panic: runtime.boundsError' },
    { code: 'STATUS_CODE_ERROR' },
  ]);
});

test('an exception event with a long stack', () => {
  const event = exceptionEvent('kaputt');
  const [span] = spansOf(roundTrip([sampleSpan({ events: [event] })]));
  expect(span?.events?.[0]).toMatchObject({ name: 'exception', timeUnixNano: '1795000001000008000' });
  expect(span?.events?.[0]?.attributes?.map(({ value }) => Object.values(value)[0])).toEqual([
    ...event.attributes.values(),
  ]);
});

test('times before the base', () => {
  const event = { name: 'early', time: -2_000_000_000_000, attributes: new Map() };
  const [span] = spansOf(roundTrip([sampleSpan({ start: -1, events: [event] })]));
  expect(span?.startTimeUnixNano).toBe('1795000000999998999');
  expect(span?.events?.[0]?.timeUnixNano).toBe('1794998000999999000');
});

test('limits of the specification', () => {
  const [span] = spansOf(roundTrip([sampleSpan()], { count: 3, valueLength: 2 }));
  expect(span?.attributes.map(({ key, value }) => [key, Object.values(value)[0]])).toEqual([
    ['http.request.method', 'GE'],
    ['http.response.status_code', '200'],
    ['url.path', '/g'],
  ]);
  expect(span?.droppedAttributesCount).toBe(3);
});

test('a request is the concatenation of those of several resources', () => {
  const both = decodeRequest(oracle, Buffer.concat([encode([sampleSpan()]), encode([sampleSpan()])]));
  expect(both.resourceSpans).toHaveLength(2);
});

test('whatever the values are, the oracle reads them back', () => {
  const value = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 400 }),
    fc.boolean(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 }),
  );
  const attributes = fc.array(fc.tuple(fc.string({ unit: 'grapheme-ascii', maxLength: 60 }), value), { maxLength: 40 });
  fc.assert(
    fc.property(
      attributes,
      fc.integer({ min: -1e15, max: 9e15 }),
      fc.string({ maxLength: 300 }),
      (list, start, name) => {
        const map = new Map<string, AttributeValue>(list);
        const [span] = spansOf(roundTrip([sampleSpan({ attributes: map, start, name })]));
        expect(span?.startTimeUnixNano).toBe(String(CLOCK.baseUnixNano + BigInt(start)));
        expect(span?.name ?? '').toBe(name);
        expect((span?.attributes ?? []).map(({ key, value: any }) => [key ?? '', plain(any)])).toEqual(
          [...map].map(([key, given]) => [key, typeof given === 'number' ? String(given === 0 ? 0 : given) : given]),
        );
      },
    ),
  );
});

function plain(any: object): unknown {
  const [kind, value] = Object.entries(any)[0] ?? [];
  return kind === 'arrayValue' ? (value.values ?? []).map((part: object) => plain(part)) : value;
}

test('a batch larger than the first buffer', () => {
  const spans = Array.from({ length: 2_000 }, (_, i) =>
    sampleSpan({ spanId: i.toString(16).padStart(16, '0'), start: i }),
  );
  const decoded = spansOf(roundTrip(spans));
  expect(decoded.map(({ spanId }) => spanId)).toEqual(spans.map(({ spanId }) => spanId));
});
