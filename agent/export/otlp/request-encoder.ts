import { AttributeEncoder, type AttributeLimits } from './attribute-encoder.ts';
import { LENGTH, ProtobufWriter, tagOf, varintBytes } from './protobuf-writer.ts';
import type { Resource } from './resource.ts';

// The same numbers for traces and metrics:
// Export*ServiceRequest.resource_*; Resource*.resource, .scope_*, .schema_url
const RESOURCE_ITEMS = tagOf(1, LENGTH);
const RESOURCE = tagOf(1, LENGTH);
const SCOPE_ITEMS = tagOf(2, LENGTH);
const SCHEMA_URL = tagOf(3, LENGTH);
// Resource.attributes
const RESOURCE_ATTRIBUTES = tagOf(1, LENGTH);
// Scope*.scope; InstrumentationScope.name, .version
const SCOPE = tagOf(1, LENGTH);
const SCOPE_NAME = tagOf(1, LENGTH);
const SCOPE_VERSION = tagOf(2, LENGTH);

/** Of the semantic conventions that the attributes follow. */
const SCHEMA = 'https://opentelemetry.io/schemas/1.44.0';
const NO_LIMITS: AttributeLimits = { count: undefined, valueLength: undefined };

/** What stands around the spans or metrics of one resource; encoded once. */
export interface ResourceEnvelope {
  /** Before the ScopeSpans or ScopeMetrics message: its resource. */
  readonly resource: Buffer;
  /** At the beginning of that message: its scope. */
  readonly scope: Buffer;
  /** After it: schema_url. */
  readonly schemaUrl: Buffer;
}

export function encodeEnvelope(resource: Resource, scopeVersion: string): ResourceEnvelope {
  const writer = new ProtobufWriter();
  writer.tag(RESOURCE);
  const body = writer.open(2);
  new AttributeEncoder(NO_LIMITS).write(writer, RESOURCE_ATTRIBUTES, resource);
  writer.close(body, 2);
  const encodedResource = writer.take();

  writer.tag(SCOPE);
  const scope = writer.open(1);
  writer.tag(SCOPE_NAME);
  writer.string('httptrace');
  writer.tag(SCOPE_VERSION);
  writer.string(scopeVersion);
  writer.close(scope, 1);
  const encodedScope = writer.take();

  writer.tag(SCHEMA_URL);
  writer.string(SCHEMA);
  return { resource: encodedResource, scope: encodedScope, schemaUrl: writer.take() };
}

/**
 * One `resource_spans` or `resource_metrics` field. A request is any number of them one after the other: a repeated
 * field of a message may be concatenated.
 * @param items encoded by SpanEncoder or MetricEncoder
 */
export function encodeResourceItems(envelope: ResourceEnvelope, items: Buffer): Buffer {
  const scopeSize = envelope.scope.length + items.length + envelope.schemaUrl.length;
  const size = envelope.resource.length + 1 + varintBytes(scopeSize) + scopeSize + envelope.schemaUrl.length;
  const request = Buffer.allocUnsafeSlow(1 + varintBytes(size) + size);
  let at = writeHead(request, 0, RESOURCE_ITEMS, size);
  at += envelope.resource.copy(request, at);
  at = writeHead(request, at, SCOPE_ITEMS, scopeSize);
  at += envelope.scope.copy(request, at);
  at += items.copy(request, at);
  at += envelope.schemaUrl.copy(request, at);
  envelope.schemaUrl.copy(request, at);
  return request;
}

function writeHead(bytes: Buffer, start: number, tag: number, size: number): number {
  let at = bytes.writeUInt8(tag, start);
  let rest = size;
  for (; rest > 0x7f; rest >>>= 7) at = bytes.writeUInt8((rest & 0x7f) | 0x80, at);
  return bytes.writeUInt8(rest, at);
}
