import { describe, expect, test } from 'vitest';
import { RequestCorrelator } from '../../agent/correlate/requests.ts';
import type { RequestSpan } from '../../agent/correlate/span.ts';
import { RequestFlag, Tag } from '../../agent/record/layout.ts';
import { timeBase } from '../../agent/record/time-base.ts';
import { NOTHING_WATCHED } from '../../agent/session/attached.ts';
import { BASE, buildRequest, plainRequest, type RequestInput } from '../record/build-record.ts';

const HEADERS = ['Traceparent', 'Tracestate', 'User-Agent', 'Upgrade', 'X-Request-Id'];
const header = (name: string, value: string) => ({ tag: Tag.header + HEADERS.indexOf(name), value });

function correlator(options: { omitQuery?: boolean } = {}): RequestCorrelator {
  return new RequestCorrelator({
    base: timeBase(BASE),
    headers: HEADERS,
    shownHeaders: ['x-request-id'],
    omitQuery: options.omitQuery ?? false,
    exceptionMessageBytes: 256,
    watchedOf: () => NOTHING_WATCHED,
    resolverOf: () => undefined,
  });
}

function spanOf(input: RequestInput, subject = correlator()): RequestSpan | undefined {
  const bytes = buildRequest(input);
  return subject.request(bytes, 0, bytes.length);
}

function attributesOf(input: RequestInput, subject?: RequestCorrelator): Record<string, unknown> {
  return Object.fromEntries(spanOf(input, subject)?.attributes ?? []);
}

test('a plain keep-alive request', () => {
  const span = spanOf(plainRequest({ headers: [header('User-Agent', 'curl/8.0'), header('X-Request-Id', 'r-1')] }));
  expect(span).toMatchObject({
    name: 'GET /orders/{id}',
    start: 1_000,
    end: 25_000,
    error: undefined,
    parentSpanId: undefined,
    traceState: undefined,
    sampled: true,
    pid: 4242,
    goid: 35,
    method: 'GET',
    route: '/orders/{id}',
    routeGuessed: false,
    status: 200,
    weight: 1,
    events: [],
    phases: {
      acceptQueue: undefined,
      tlsHandshake: undefined,
      read: 1_000,
      handler: 20_000,
      writeHeader: 5_000,
      write: 2_000,
      finish: 3_000,
    },
  });
  expect(span?.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(span?.spanId).toMatch(/^[0-9a-f]{16}$/);
  expect(Object.fromEntries(span?.attributes ?? [])).toEqual({
    'http.request.method': 'GET',
    'url.scheme': 'http',
    'url.path': '/orders/4711',
    'url.query': 'page=2',
    'http.route': '/orders/{id}',
    'http.response.status_code': 200,
    'server.address': 'shop.example',
    'server.port': 8080,
    'user_agent.original': 'curl/8.0',
    'client.address': '127.0.0.1',
    'network.peer.address': '127.0.0.1',
    'network.peer.port': 50312,
    'network.transport': 'tcp',
    'network.protocol.name': 'http',
    'network.protocol.version': '1.1',
    'http.request.body.size': 0,
    'http.response.body.size': 12,
    'http.request.size': 78,
    'http.response.size': 128,
    'httptrace.phase.read': 1_000,
    'httptrace.phase.handler': 20_000,
    'httptrace.phase.write_header': 5_000,
    'httptrace.phase.write': 2_000,
    'httptrace.goroutine.id': 35,
    'http.request.header.x-request-id': ['r-1'],
  });
});

test('what was not observed is absent', () => {
  const span = spanOf({
    handlerStart: BASE + 50n,
    handlerEnd: BASE + 80n,
    end: BASE + 80n,
    protoMajor: 0,
    protoMinor: 0,
  });
  expect(span).toMatchObject({ start: 50, end: 80, status: undefined, route: undefined, name: 'HTTP' });
  expect(span?.phases).toEqual({ handler: 30, finish: 0 });
  expect(Object.fromEntries(span?.attributes ?? [])).toEqual({
    'http.request.method': '_OTHER',
    'http.request.method_original': '',
    'url.scheme': 'http',
    'httptrace.phase.handler': 30,
    'httptrace.goroutine.id': 35,
  });
});

test('the first request of a TLS connection has the phases before it, as attributes and as events', () => {
  const span = spanOf(
    plainRequest({
      flags: RequestFlag.first | RequestFlag.tls,
      established: BASE - 9_000n,
      accepted: BASE - 8_000n,
      tlsStart: BASE - 7_000n,
      tlsEnd: BASE - 1_000n,
    }),
  );
  expect(Object.fromEntries(span?.attributes ?? [])).toMatchObject({
    'url.scheme': 'https',
    'httptrace.connection.first': true,
    'httptrace.phase.accept_queue': 1_000,
    'httptrace.phase.tls_handshake': 6_000,
  });
  expect(span?.events.map(({ name, time }) => [name, time])).toEqual([
    ['httptrace.connection.established', -9_000],
    ['httptrace.connection.accepted', -8_000],
    ['httptrace.tls_handshake.start', -7_000],
    ['httptrace.tls_handshake.end', -1_000],
  ]);
});

test('a later request of the connection does not have them', () => {
  const span = spanOf(plainRequest({ established: BASE - 9_000n, accepted: BASE - 8_000n }));
  expect(span?.phases.acceptQueue).toBeUndefined();
  expect(span?.events).toEqual([]);
});

describe('status', () => {
  const statusOf = (input: RequestInput) => attributesOf(plainRequest(input))['http.response.status_code'];
  const { finishNoHeader, hijacked, aborted, unfinished } = RequestFlag;

  test.each<[string, RequestInput, number | undefined]>([
    ['of WriteHeader', { status: 404 }, 404],
    ['implicit 200', { status: 0, wireStatus: 0, flags: finishNoHeader }, 200],
    ['unknown without any sign of it', { status: 0, wireStatus: 0 }, undefined],
    ['hijacked: from the wire', { status: 0, wireStatus: 101, flags: hijacked | finishNoHeader }, 101],
    ['hijacked: unknown', { status: 0, wireStatus: 0, flags: hijacked | finishNoHeader }, undefined],
    ['aborted before anything was written', { status: 0, wireStatus: 0, flags: aborted | finishNoHeader }, undefined],
    ['aborted after the header', { status: 200, flags: aborted }, 200],
    ['still running', { status: 0, wireStatus: 0, flags: unfinished | finishNoHeader }, undefined],
    ['not a status', { status: 7, wireStatus: 0 }, undefined],
  ])('%s', (_, input, expected) => expect(statusOf(input)).toBe(expected));
});

describe('errors', () => {
  test('5xx', () => {
    const span = spanOf(plainRequest({ status: 503 }));
    expect([span?.error, span?.attributes.get('error.type')]).toEqual(['HTTP 503', '503']);
  });

  test('4xx is none', () => {
    const span = spanOf(plainRequest({ status: 404 }));
    expect([span?.error, span?.attributes.has('error.type')]).toEqual([undefined, false]);
  });

  test('an abort whose panic was not seen', () => {
    const span = spanOf(plainRequest({ status: 0, wireStatus: 0, flags: RequestFlag.aborted }));
    expect([span?.error, span?.attributes.get('error.type')]).toEqual(['the handler aborted the response', 'aborted']);
  });
});

describe('trace identity', () => {
  const traceparent = (flags: string) => header('Traceparent', `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-${flags}`);

  test('continues the caller’s trace', () => {
    const span = spanOf(plainRequest({ headers: [traceparent('01'), header('Tracestate', 'a=1, b=2')] }));
    expect(span).toMatchObject({
      traceId: 'ab'.repeat(16),
      parentSpanId: 'cd'.repeat(8),
      traceState: 'a=1,b=2',
      sampled: true,
    });
    expect(span?.spanId).not.toBe('cd'.repeat(8));
  });

  test('respects a caller that does not record', () => {
    expect(spanOf(plainRequest({ headers: [traceparent('00')] }))?.sampled).toBe(false);
  });

  test('a tracestate without traceparent is dropped', () => {
    expect(spanOf(plainRequest({ headers: [header('Tracestate', 'a=1')] }))?.traceState).toBeUndefined();
  });

  test('ids differ from request to request', () => {
    const subject = correlator();
    const ids = Array.from({ length: 1_000 }, () => spanOf(plainRequest(), subject));
    expect(new Set(ids.map((span) => span?.traceId)).size).toBe(1_000);
    expect(new Set(ids.map((span) => span?.spanId)).size).toBe(1_000);
  });
});

describe('the way into HTTP/2', () => {
  test('the preface is not a request', () => {
    const fields = [
      { tag: Tag.method, value: 'PRI' },
      { tag: Tag.uri, value: '*' },
    ];
    expect(spanOf(plainRequest({ protoMajor: 2, protoMinor: 0, flags: RequestFlag.hijacked, fields }))).toBeUndefined();
  });

  test('an upgraded request is not counted a second time', () => {
    const headers = [header('Upgrade', 'h2c')];
    expect(spanOf(plainRequest({ flags: RequestFlag.hijacked, headers }))).toBeUndefined();
  });

  test('nor is one whose header was not seen, when stream 1 ran inside it', () => {
    const subject = correlator();
    const stream = { protoMajor: 2, protoMinor: 0, streamId: 1, flags: RequestFlag.http2 };
    expect(spanOf(plainRequest({ ...stream, handlerStart: BASE + 3_000n }), subject)).toBeDefined();
    expect(spanOf(plainRequest({ flags: RequestFlag.hijacked }), subject)).toBeUndefined();
    expect(spanOf(plainRequest({ flags: RequestFlag.hijacked, fd: 8 }), subject)).toBeDefined();
  });

  test('a WebSocket is a request', () => {
    const headers = [header('Upgrade', 'websocket')];
    const span = spanOf(plainRequest({ flags: RequestFlag.hijacked, headers, status: 0, wireStatus: 101 }));
    expect(span?.attributes.get('httptrace.hijacked')).toBe(true);
  });
});

test('nothing that a terminal would obey gets through', () => {
  const evil = '\x1b[2J\x9b\u202e\r\n\x07';
  const span = spanOf(
    plainRequest({
      fields: [
        { tag: Tag.method, value: `GET${evil}` },
        { tag: Tag.uri, value: `/a${evil}?b=${evil}` },
        { tag: Tag.host, value: `host${evil}` },
        { tag: Tag.peer, value: `/socket${evil}` },
        { tag: Tag.pattern, value: `/x${evil}` },
        header('User-Agent', `curl${evil}`),
        header('X-Request-Id', `r${evil}`),
      ],
    }),
  );
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  expect(JSON.stringify([span?.name, ...(span?.attributes ?? [])])).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]|\\u00/);
  expect(span?.route).toMatch(/^\/x\ufffd/);
});

test('the query is left out on demand, and secrets always', () => {
  const fields = [
    { tag: Tag.method, value: 'GET' },
    { tag: Tag.uri, value: '/a?sig=abc&x=1' },
  ];
  expect(attributesOf(plainRequest({ fields }))['url.query']).toBe('sig=REDACTED&x=1');
  expect(attributesOf(plainRequest({ fields }), correlator({ omitQuery: true }))).not.toHaveProperty('url.query');
});

test('a Unix socket has no peer address', () => {
  const fields = [{ tag: Tag.peer, value: '@' }];
  const attributes = attributesOf(plainRequest({ fields }));
  expect(attributes['network.transport']).toBe('unix');
  expect(attributes).not.toHaveProperty('network.peer.address');
  expect(attributes).not.toHaveProperty('client.address');
});
