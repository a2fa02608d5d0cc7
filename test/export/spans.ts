import type { AttributeValue, RequestSpan, SpanEvent } from '../../agent/correlate/span.ts';
import { NO_WAITS } from '../correlate/no-waits.ts';

export const CLOCK = { baseUnixNano: 1_795_000_000_999_999_000n };

/** A span with all kinds of values. */
export function sampleSpan(changes: Partial<RequestSpan> = {}): RequestSpan {
  return {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    parentSpanId: undefined,
    traceState: undefined,
    sampled: true,
    name: 'GET /orders/{id}',
    start: 1_000,
    end: 25_000,
    error: undefined,
    attributes: new Map<string, AttributeValue>([
      ['http.request.method', 'GET'],
      ['http.response.status_code', 200],
      ['url.path', '/größe/✓'],
      ['httptrace.route.guessed', true],
      ['http.request.header.x-request-id', ['a', 'b']],
      ['httptrace.phase.handler', 20_000_000_000],
    ]),
    events: [],
    links: [],
    pid: 4242,
    goid: 35,
    method: 'GET',
    route: '/orders/{id}',
    routeGuessed: false,
    status: 200,
    phases: {
      acceptQueue: undefined,
      tlsHandshake: undefined,
      read: 1_000,
      handler: 20_000,
      writeHeader: 5_000,
      write: 2_000,
      finish: 3_000,
    },
    waits: NO_WAITS,
    cause: undefined,
    weight: 1,
    ...changes,
  };
}

export function exceptionEvent(message: string): SpanEvent {
  return {
    name: 'exception',
    time: 9_000,
    attributes: new Map<string, AttributeValue>([
      ['exception.type', '*errors.errorString'],
      ['exception.message', message],
      ['exception.stacktrace', `goroutine 35 [running]:\n${'main.handler(...)\n\t/src/main.go:12\n'.repeat(20)}`],
    ]),
  };
}
