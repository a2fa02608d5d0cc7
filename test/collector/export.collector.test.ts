import { afterEach, beforeEach, expect, test } from 'vitest';
import { RequestCorrelator } from '../../agent/correlate/requests.ts';
import type { RequestSpan } from '../../agent/correlate/span.ts';
import { otlpExporter } from '../../agent/export/otlp/exporter.ts';
import { tracesConfig } from '../../agent/export/otlp/traces-config.ts';
import { RequestFlag, Tag } from '../../agent/record/layout.ts';
import { timeBase } from '../../agent/record/time-base.ts';
import { NOTHING_WATCHED } from '../../agent/session/attached.ts';
import { CLOCK } from '../export/spans.ts';
import { BASE, buildPanic, buildRequest, plainRequest } from '../record/build-record.ts';
import { Collector, type JsonAttribute } from './collector.ts';

const HEADERS = ['Traceparent', 'Tracestate', 'User-Agent', 'X-Request-Id'];
const TARGET = {
  resource: new Map<string, string | number>([
    ['service.name', 'shop'],
    ['process.pid', 4242],
  ]),
};

let collector: Collector;
beforeEach(() => {
  collector = new Collector();
});
afterEach(() => collector.stop());

/** One ordinary request in a caller's trace, and one whose handler panicked. */
function spans(): RequestSpan[] {
  const correlator = new RequestCorrelator({
    base: timeBase(BASE),
    headers: HEADERS,
    shownHeaders: ['X-Request-Id'],
    omitQuery: false,
    exceptionMessageBytes: 256,
    watchedOf: () => NOTHING_WATCHED,
    resolverOf: () => ({ typeAt: () => ({ name: '*errors.errorString', kind: 22 }), frames: () => [] }),
  });
  const header = (name: string, value: string) => ({ tag: Tag.header + HEADERS.indexOf(name), value });
  const headers = [
    header('Traceparent', `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`),
    header('Tracestate', 'a=1'),
    header('User-Agent', 'größe ✓'),
    header('X-Request-Id', 'r-1'),
  ];
  const panic = buildPanic({
    handlerStart: BASE + 2_000n,
    time: BASE + 9_000n,
    type: 1n,
    fields: [{ tag: Tag.panicText, value: 'kaputt' }],
  });
  const ordinary = buildRequest(plainRequest({ headers, goid: 34 }));
  const failed = buildRequest(plainRequest({ flags: RequestFlag.aborted, status: 0, wireStatus: 0 }));
  correlator.panic(panic, 0, panic.length);
  return [ordinary, failed].map((bytes) => correlator.request(bytes, 0, bytes.length) as RequestSpan);
}

async function exportAll(sent: readonly RequestSpan[], endpoint: string, protocol: 'grpc' | 'http/protobuf') {
  const flags = { insecure: undefined, caFile: undefined, certFile: undefined, keyFile: undefined };
  const { config } = tracesConfig({ ...flags, endpoint, protocol, headers: new Map(), compression: 'gzip' }, {});
  const warnings: string[] = [];
  const exporter = otlpExporter({
    config,
    clock: CLOCK,
    toolVersion: '0.1.0',
    onWarning: (text) => warnings.push(text),
  });
  for (const span of sent) exporter.export(span, TARGET);
  expect(await exporter.shutdown(20_000)).toEqual({ lost: 0 });
  expect(exporter.stats.exported).toBe(sent.length);
  expect(warnings).toEqual([]);
}

/** Attributes as the collector types them. */
function typed(attributes: readonly JsonAttribute[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value]));
}

test.each(['grpc', 'http/protobuf'] as const)(
  'the collector reads our spans as they were meant: %s',
  async (protocol) => {
    const ports = await collector.start();
    const sent = spans();
    await exportAll(sent, `http://127.0.0.1:${protocol === 'grpc' ? ports.grpc : ports.http}`, protocol);

    const [resourceSpans] = collector.exports[0]?.resourceSpans ?? [];
    expect(typed(resourceSpans?.resource.attributes)).toEqual({
      'service.name': { stringValue: 'shop' },
      'process.pid': { intValue: '4242' },
    });
    expect(resourceSpans?.schemaUrl).toBe('https://opentelemetry.io/schemas/1.44.0');
    expect(resourceSpans?.scopeSpans[0]?.scope).toEqual({ name: 'httptrace', version: '0.1.0' });

    const [ordinary, failed] = collector.spans;
    expect(ordinary).toMatchObject({
      traceId: 'ab'.repeat(16),
      parentSpanId: 'cd'.repeat(8),
      spanId: sent[0]?.spanId,
      traceState: 'a=1',
      flags: 0x301,
      name: 'GET /orders/{id}',
      kind: 2,
      startTimeUnixNano: String(CLOCK.baseUnixNano + 1_000n),
      endTimeUnixNano: String(CLOCK.baseUnixNano + 25_000n),
      status: {},
    });
    expect(typed(ordinary?.attributes)).toEqual({
      'http.request.method': { stringValue: 'GET' },
      'url.scheme': { stringValue: 'http' },
      'url.path': { stringValue: '/orders/4711' },
      'url.query': { stringValue: 'page=2' },
      'http.route': { stringValue: '/orders/{id}' },
      'http.response.status_code': { intValue: '200' },
      'server.address': { stringValue: 'shop.example' },
      'server.port': { intValue: '8080' },
      'user_agent.original': { stringValue: 'größe ✓' },
      'client.address': { stringValue: '127.0.0.1' },
      'network.peer.address': { stringValue: '127.0.0.1' },
      'network.peer.port': { intValue: '50312' },
      'network.transport': { stringValue: 'tcp' },
      'network.protocol.name': { stringValue: 'http' },
      'network.protocol.version': { stringValue: '1.1' },
      'http.request.body.size': { intValue: '0' },
      'http.response.body.size': { intValue: '12' },
      'http.request.size': { intValue: '78' },
      'http.response.size': { intValue: '128' },
      'httptrace.phase.read': { intValue: '1000' },
      'httptrace.phase.handler': { intValue: '20000' },
      'httptrace.phase.write_header': { intValue: '5000' },
      'httptrace.phase.write': { intValue: '2000' },
      'httptrace.goroutine.id': { intValue: '34' },
      'http.request.header.x-request-id': { arrayValue: { values: [{ stringValue: 'r-1' }] } },
    });

    expect(failed?.status).toEqual({ code: 2, message: 'panic: *errors.errorString' });
    expect(failed?.parentSpanId ?? '').toBe('');
    expect(typed(failed?.attributes)).toMatchObject({ 'error.type': { stringValue: '*errors.errorString' } });
    expect(failed?.events?.map(({ name, timeUnixNano }) => [name, timeUnixNano])).toEqual([
      ['exception', String(CLOCK.baseUnixNano + 9_000n)],
    ]);
    expect(typed(failed?.events?.[0]?.attributes)).toMatchObject({
      'exception.type': { stringValue: '*errors.errorString' },
      'exception.message': { stringValue: 'kaputt' },
      'exception.stacktrace': { stringValue: 'goroutine 35 [running]:\n' },
    });
  },
);
