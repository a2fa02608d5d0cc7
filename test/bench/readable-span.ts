import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { Clock, RequestSpan } from '../../agent/correlate/span.ts';

/** A span in the shape that OpenTelemetry's own exporters take. Times are exact: HrTime is seconds and nanoseconds. */
export function readableSpan(span: RequestSpan, clock: Clock, resource: ReadableSpan['resource']): ReadableSpan {
  const baseSeconds = Number(clock.baseUnixNano / 1_000_000_000n);
  const baseNanos = Number(clock.baseUnixNano % 1_000_000_000n);
  const hrTime = (time: number): [number, number] => {
    const nanos = baseNanos + time;
    const carry = Math.floor(nanos / 1e9);
    return [baseSeconds + carry, nanos - carry * 1e9];
  };
  const attributes = Object.fromEntries(span.attributes);
  const shape = {
    name: span.name,
    kind: 1,
    spanContext: () => ({ traceId: span.traceId, spanId: span.spanId, traceFlags: span.sampled ? 1 : 0 }),
    ...(span.parentSpanId !== undefined && {
      parentSpanContext: { traceId: span.traceId, spanId: span.parentSpanId, traceFlags: 1, isRemote: true },
    }),
    startTime: hrTime(span.start),
    endTime: hrTime(span.end),
    duration: hrTime(span.end - span.start),
    status: { code: span.error === undefined ? 0 : 2 },
    attributes,
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: scopeOfAll,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
  return shape as unknown as ReadableSpan;
}

/** Spans are grouped by the identity of their scope. */
const scopeOfAll = { name: 'httptrace', version: '0.1.0' };
