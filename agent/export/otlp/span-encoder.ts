import type { Clock, RequestSpan, SpanEvent, SpanLink } from '../../correlate/span.ts';
import { statusMessage } from '../span-status.ts';
import { UnixTime } from '../unix-time.ts';
import { AttributeEncoder, type AttributeLimits } from './attribute-encoder.ts';
import { FIXED32, FIXED64, LENGTH, type ProtobufWriter, tagOf, VARINT } from './protobuf-writer.ts';
import { writeTime } from './time-field.ts';

/** opentelemetry/proto/trace/v1/trace.proto: ScopeSpans.spans */
const SPANS = tagOf(2, LENGTH);

const Span = {
  traceId: tagOf(1, LENGTH),
  spanId: tagOf(2, LENGTH),
  traceState: tagOf(3, LENGTH),
  parentSpanId: tagOf(4, LENGTH),
  name: tagOf(5, LENGTH),
  kind: tagOf(6, VARINT),
  start: tagOf(7, FIXED64),
  end: tagOf(8, FIXED64),
  attributes: tagOf(9, LENGTH),
  droppedAttributes: tagOf(10, VARINT),
  events: tagOf(11, LENGTH),
  links: tagOf(13, LENGTH),
  status: tagOf(15, LENGTH),
  flags: tagOf(16, FIXED32),
} as const;

const Event = {
  time: tagOf(1, FIXED64),
  name: tagOf(2, LENGTH),
  attributes: tagOf(3, LENGTH),
} as const;

const Link = {
  traceId: tagOf(1, LENGTH),
  spanId: tagOf(2, LENGTH),
  attributes: tagOf(4, LENGTH),
} as const;

const Status = { message: tagOf(2, LENGTH), code: tagOf(3, VARINT) } as const;

const KIND_SERVER = 2;
const STATUS_ERROR = 2;
/** SpanFlags: whether the parent is remote is known; a parent from a header always is. */
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;
const SAMPLED = 1;

/** Writes spans as the repeated `spans` field of a ScopeSpans message. */
export class SpanEncoder {
  readonly #time: UnixTime;
  readonly #attributes: AttributeEncoder;
  readonly #eventAttributes: AttributeEncoder;

  constructor(clock: Clock, limits: AttributeLimits) {
    this.#time = new UnixTime(clock.baseUnixNano);
    this.#attributes = new AttributeEncoder(limits);
    this.#eventAttributes = new AttributeEncoder({ count: undefined, valueLength: limits.valueLength });
  }

  write(writer: ProtobufWriter, span: RequestSpan): void {
    writer.tag(SPANS);
    const body = writer.open(2);
    writer.tag(Span.traceId);
    writer.varint(16);
    writer.hex(span.traceId);
    writer.tag(Span.spanId);
    writer.varint(8);
    writer.hex(span.spanId);
    if (span.traceState !== undefined) {
      writer.tag(Span.traceState);
      writer.string(span.traceState);
    }
    if (span.parentSpanId !== undefined) {
      writer.tag(Span.parentSpanId);
      writer.varint(8);
      writer.hex(span.parentSpanId);
    }
    writer.tag(Span.name);
    writer.string(span.name);
    writer.tag(Span.kind);
    writer.varint(KIND_SERVER);
    writeTime(writer, Span.start, this.#time, span.start);
    writeTime(writer, Span.end, this.#time, span.end);
    const dropped = this.#attributes.write(writer, Span.attributes, span.attributes);
    if (dropped > 0) {
      writer.tag(Span.droppedAttributes);
      writer.varint(dropped);
    }
    for (const event of span.events) this.#event(writer, event);
    for (const link of span.links) this.#link(writer, link);
    if (span.error !== undefined) this.#error(writer, span);
    writer.tag(Span.flags);
    writer.fixed32((span.sampled ? SAMPLED : 0) | HAS_IS_REMOTE | (span.parentSpanId === undefined ? 0 : IS_REMOTE));
    writer.close(body, 2);
  }

  #event(writer: ProtobufWriter, event: SpanEvent): void {
    writer.tag(Span.events);
    const body = writer.open(2);
    writeTime(writer, Event.time, this.#time, event.time);
    writer.tag(Event.name);
    writer.string(event.name);
    this.#eventAttributes.write(writer, Event.attributes, event.attributes);
    writer.close(body, 2);
  }

  #link(writer: ProtobufWriter, link: SpanLink): void {
    writer.tag(Span.links);
    const body = writer.open(2);
    writer.tag(Link.traceId);
    writer.varint(16);
    writer.hex(link.traceId);
    writer.tag(Link.spanId);
    writer.varint(8);
    writer.hex(link.spanId);
    this.#eventAttributes.write(writer, Link.attributes, link.attributes);
    writer.close(body, 2);
  }

  #error(writer: ProtobufWriter, span: RequestSpan): void {
    writer.tag(Span.status);
    const body = writer.open(1);
    const message = statusMessage(span);
    if (message !== undefined) {
      writer.tag(Status.message);
      writer.string(message);
    }
    writer.tag(Status.code);
    writer.varint(STATUS_ERROR);
    writer.close(body, 1);
  }
}
