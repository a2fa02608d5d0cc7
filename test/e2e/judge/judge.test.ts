import { describe, expect, test } from 'vitest';
import { judge, type Verdict } from './judge.ts';
import { report, reportTimes } from './report.ts';
import type { ClientRequest, Evidence, ServerRequest, Span } from './types.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

const server: ServerRequest = {
  id: 'r1',
  method: 'GET',
  path: '/sleep/5',
  query: 'rid=r1',
  proto: 'HTTP/1.1',
  status: 200,
  pattern: '/sleep/',
  returned: true,
  hijacked: false,
  informational: 0,
  superfluous: 0,
  content_length: 0,
  request_bytes: 0,
  response_bytes: 5,
  handler_ns: 5_100_000,
  context_end_ns: 0,
  write_header_ns: 5_090_000,
  start_unix_ns: 1_000_000_000,
};

const client: ClientRequest = {
  id: 'r1',
  method: 'GET',
  path: '/sleep/5',
  query: 'rid=r1',
  protocol: 'h11',
  status: 200,
  sent: 0,
  received: 5,
  trace_id: TRACE,
  parent_id: PARENT,
  sampled: true,
  tracestate: 'a=1',
  local_port: 4711,
  start_unix_ns: 1_000_000_000,
  end_unix_ns: 1_006_000_000,
  outcome: 'ok',
  expected: 'ok',
};

const span: Span = {
  trace_id: TRACE,
  span_id: '00f067aa0ba902b7',
  parent_span_id: PARENT,
  trace_state: 'a=1',
  trace_flags: 1,
  name: 'GET /sleep/',
  kind: 'SERVER',
  start_unix_nano: '1000100000',
  end_unix_nano: '1005400000',
  duration_ns: 5_300_000,
  pid: 7,
  attributes: {
    'http.request.method': 'GET',
    'url.scheme': 'http',
    'url.path': '/sleep/5',
    'url.query': 'rid=r1',
    'http.route': '/sleep/',
    'http.response.status_code': 200,
    'user_agent.original': 'httptrace-load/1',
    'network.peer.port': 4711,
    'network.transport': 'tcp',
    'network.protocol.version': '1.1',
    'http.request.body.size': 0,
    'http.response.body.size': 5,
    'http.request.size': 90,
    'http.response.size': 130,
    'http.request.header.x-request-id': ['r1'],
    'httptrace.phase.read': 100_000,
    'httptrace.phase.handler': 5_110_000,
    'httptrace.phase.write_header': 5_095_000,
    'httptrace.phase.write': 20_000,
  },
  events: [],
  status: { code: 'UNSET' },
};

function judged(change: Partial<Evidence>): Verdict {
  return judge({ goMinor: 27, server: [server], client: [client], spans: [span], ignorePort: 1, ...change });
}

function withAttributes(attributes: Span['attributes']): Partial<Evidence> {
  return { spans: [{ ...span, attributes: { ...span.attributes, ...attributes } }] };
}

function complaints(change: Partial<Evidence>): string[] {
  return judged(change).mismatches.map(({ what }) => what);
}

test('a true span pleases', () => {
  const verdict = judged({});
  expect(report(verdict)).toBe('');
  expect(reportTimes(verdict)).toBe('');
});

describe('complains of', () => {
  test('a missing span', () => expect(complaints({ spans: [] })).toEqual(['span is missing']));
  test('a span that is there twice', () =>
    expect(complaints({ spans: [span, span] })).toEqual(['span is there twice']));
  test('a span of no request', () => expect(complaints({ server: [] })).toEqual(['span without a request']));

  test.each([
    ['status', { 'http.response.status_code': 500 }],
    ['status', { 'http.response.status_code': undefined }],
    ['route', { 'http.route': '/sleep/{id}' }],
    ['response body size', { 'http.response.body.size': 0 }],
    ['bytes of the response on the socket', { 'http.response.size': 5 }],
    ['peer port', { 'network.peer.port': 4712 }],
    ['read and handler lie inside', { 'httptrace.phase.read': 300_000 }],
    ['write_header lies inside the handler', { 'httptrace.phase.write_header': 5_120_000 }],
    ['unfinished', { 'httptrace.unfinished': true }],
  ])('a wrong %s', (what, attributes) => expect(complaints(withAttributes(attributes))).toEqual([what]));

  test('foreign trace ids', () => {
    const other = { ...client, trace_id: TRACE.replace('0', '1'), parent_id: PARENT.replace('b', 'c') };
    expect(complaints({ client: [other] })).toEqual(['trace id', 'parent span id']);
    expect(complaints({ client: [{ ...client, trace_id: '' }] })).toEqual(['no parent']);
  });

  test('an error that is none, and a panic without an event', () => {
    const panicked = { ...server, path: '/panic/string', pattern: '/panic/string', returned: false, status: 0 };
    const spans = [
      { ...span, attributes: { ...span.attributes, 'url.path': '/panic/string', 'http.route': '/panic/string' } },
    ];
    expect(complaints({ server: [panicked], spans })).toEqual(['status', 'span status', 'aborted', 'exception events']);
  });

  test('a span that starts before its request', () => {
    expect(complaints({ client: [{ ...client, start_unix_ns: 1_003_000_000 }] })).toEqual([
      'starts after the client did',
    ]);
  });
});

describe('times', () => {
  const twenty = Array.from({ length: 200 }, (_, i) => i);
  const many = (handlerOf: (i: number) => number): Verdict =>
    judged({
      server: twenty.map((i) => ({ ...server, id: `r${i}` })),
      client: [],
      spans: twenty.map((i) => ({
        ...span,
        attributes: { ...span.attributes, 'url.query': `rid=r${i}`, 'httptrace.phase.handler': handlerOf(i) },
      })),
    });

  test('1 % and 20 us are allowed at the median', () => {
    expect(many(() => 5_100_000 + 51_000 + 19_000).times[0]).toMatchObject({ agrees: true, median: 19_000 });
    expect(many(() => 5_100_000 - 51_000 - 21_000).times[0]).toMatchObject({ agrees: false, bias: -72_000 });
  });

  test('2 % and 100 us are allowed at p99: one in two hundred may be further off, three may not', () => {
    expect(many((i) => (i < 1 ? 9_000_000 : 5_100_000)).times[0]?.agrees).toBe(true);
    expect(many((i) => (i < 3 ? 9_000_000 : 5_100_000)).times[0]?.agrees).toBe(false);
  });

  test('no times at all do not agree', () => {
    expect(judged(withAttributes({ 'httptrace.phase.handler': undefined })).times[0]?.agrees).toBe(false);
  });
});

test('the report counts and names the first of a kind', () => {
  const lines = report(judged(withAttributes({ 'http.response.status_code': 404 }))).split('\n');
  expect(lines).toEqual(['status: 1 of 1 requests', '  r1 h11 GET /sleep/5: expected 200, got 404']);
});
