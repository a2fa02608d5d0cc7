import { join } from 'node:path';
import protobuf from 'protobufjs';

const PROTO = join(import.meta.dirname, '../../../proto');

/** Reflected from the OTLP definitions in proto/: what our own encoder and decoder are held against. */
export interface Oracle {
  readonly request: protobuf.Type;
  readonly response: protobuf.Type;
}

export function loadOracle(): Oracle {
  return load('trace', 'Trace');
}

export function loadMetricsOracle(): Oracle {
  return load('metrics', 'Metrics');
}

function load(folder: string, service: string): Oracle {
  const root = new protobuf.Root();
  root.resolvePath = (_, target) => join(PROTO, target);
  root.loadSync(`opentelemetry/proto/collector/${folder}/v1/${folder}_service.proto`);
  const lookup = (name: string) =>
    root.lookupType(`opentelemetry.proto.collector.${folder}.v1.Export${service}${name}`);
  return { request: lookup('ServiceRequest'), response: lookup('ServiceResponse') };
}

export interface OracleSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  traceState?: string;
  name: string;
  kind: string;
  flags: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: object }[];
  droppedAttributesCount?: number;
  events?: { name: string; timeUnixNano: string; attributes?: { key: string; value: object }[] }[];
  status?: { code?: string; message?: string };
}

export interface OracleRequest {
  resourceSpans: {
    resource: { attributes: { key: string; value: object }[] };
    scopeSpans: { scope: { name: string; version: string }; spans: OracleSpan[]; schemaUrl: string }[];
    schemaUrl: string;
  }[];
}

export interface OracleMetric {
  name: string;
  description: string;
  unit: string;
  gauge?: { dataPoints: OraclePoint[] };
  sum?: { dataPoints: OraclePoint[]; aggregationTemporality: string; isMonotonic?: boolean };
  histogram?: { dataPoints: OraclePoint[]; aggregationTemporality: string };
}

export interface OraclePoint {
  startTimeUnixNano: string;
  timeUnixNano: string;
  attributes?: { key: string; value: object }[];
  asInt?: string;
  asDouble?: number;
  count?: string;
  sum?: number;
  min?: number;
  max?: number;
  bucketCounts?: string[];
  explicitBounds?: number[];
  exemplars?: { timeUnixNano: string; asDouble: number; traceId: string; spanId: string }[];
}

export interface OracleMetricsRequest {
  resourceMetrics: {
    resource: { attributes: { key: string; value: object }[] };
    scopeMetrics: { scope: { name: string; version: string }; metrics: OracleMetric[]; schemaUrl: string }[];
    schemaUrl: string;
  }[];
}

/** A request of either signal. Ids as hex; 64-bit integers as decimal strings; what is not set is absent. */
export function decodeRequest<T = OracleRequest>(oracle: protobuf.Type, bytes: Buffer): T {
  const request = oracle.toObject(oracle.decode(bytes), { longs: String, enums: String, bytes: Buffer });
  const hex = (value: unknown): unknown => {
    if (value instanceof Buffer) return value.toString('hex');
    if (Array.isArray(value)) return value.map(hex);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, hex(part)]));
  };
  return hex(request) as T;
}
