import { FIELD, HEADER, PANIC, REC_VERSION, REQUEST, RecordType, Tag } from '../../agent/record/layout.ts';

/** Times are absolute nanoseconds of the monotonic clock. What is not given is zero, as in the kernel. */
export interface RequestInput {
  tgid?: number;
  fd?: number;
  goid?: number;
  established?: bigint;
  accepted?: bigint;
  tlsStart?: bigint;
  tlsEnd?: bigint;
  firstRead?: bigint;
  handlerStart?: bigint;
  writeHeader?: bigint;
  firstWrite?: bigint;
  lastWrite?: bigint;
  handlerEnd?: bigint;
  end?: bigint;
  requestBody?: bigint;
  responseBody?: bigint;
  wireIn?: bigint;
  wireOut?: bigint;
  status?: number;
  wireStatus?: number;
  informational?: number;
  superfluous?: number;
  flags?: number;
  protoMajor?: number;
  protoMinor?: number;
  streamId?: number;
  weight?: number;
  fields?: readonly FieldInput[];
}

export interface FieldInput {
  tag: number;
  value: string | Buffer;
  /** More than the value's length: it was cut. */
  fullLength?: number;
  /** Length of the method in a request line. */
  split?: number;
}

/** The monotonic time that the times of `plainRequest` count from. */
export const BASE = 0x12_ffff_ff00n;

export function buildRequest(input: RequestInput): Buffer {
  const data = Buffer.concat((input.fields ?? []).map(buildField));
  const bytes = Buffer.alloc(roundUp(REQUEST.size + data.length));
  writeHeader(bytes, RecordType.request);
  bytes.writeUInt32LE(input.tgid ?? 4242, REQUEST.tgid);
  bytes.writeInt32LE(input.fd ?? 7, REQUEST.fd);
  bytes.writeBigUInt64LE(BigInt(input.goid ?? 35), REQUEST.goid);
  for (const name of TIMES) bytes.writeBigUInt64LE(input[name] ?? 0n, REQUEST[name]);
  bytes.writeBigInt64LE(input.requestBody ?? -1n, REQUEST.requestBody);
  bytes.writeBigInt64LE(input.responseBody ?? -1n, REQUEST.responseBody);
  bytes.writeBigUInt64LE(input.wireIn ?? 0n, REQUEST.wireIn);
  bytes.writeBigUInt64LE(input.wireOut ?? 0n, REQUEST.wireOut);
  for (const name of SHORTS) bytes.writeUInt16LE(input[name] ?? 0, REQUEST[name]);
  bytes.writeUInt8(input.protoMajor ?? 1, REQUEST.protoMajor);
  bytes.writeUInt8(input.protoMinor ?? 1, REQUEST.protoMinor);
  bytes.writeUInt32LE(input.streamId ?? 0, REQUEST.streamId);
  bytes.writeUInt32LE(input.weight ?? 1, REQUEST.weight);
  bytes.writeUInt32LE(data.length, REQUEST.dataLen);
  data.copy(bytes, REQUEST.size);
  return bytes;
}

/** A keep-alive GET: read 1 µs, handler 20 µs, WriteHeader after 5 µs, write 2 µs, last byte 3 µs after the handler. */
export function plainRequest(input: RequestInput & { headers?: readonly FieldInput[] } = {}): RequestInput {
  return {
    firstRead: BASE + 1_000n,
    handlerStart: BASE + 2_000n,
    writeHeader: BASE + 7_000n,
    firstWrite: BASE + 23_000n,
    handlerEnd: BASE + 22_000n,
    lastWrite: BASE + 25_000n,
    end: BASE + 25_000n,
    requestBody: 0n,
    responseBody: 12n,
    wireIn: 78n,
    wireOut: 128n,
    status: 200,
    wireStatus: 200,
    fields: [
      { tag: Tag.method, value: 'GET' },
      { tag: Tag.uri, value: '/orders/4711?page=2' },
      { tag: Tag.host, value: 'shop.example:8080' },
      { tag: Tag.peer, value: '127.0.0.1:50312' },
      { tag: Tag.pattern, value: 'GET /orders/{id}' },
      ...(input.headers ?? []),
    ],
    ...input,
  };
}

export interface PanicInput {
  tgid?: number;
  goid?: number;
  handlerStart?: bigint;
  time?: bigint;
  type?: bigint;
  fields?: readonly FieldInput[];
}

export function buildPanic(input: PanicInput): Buffer {
  const data = Buffer.concat((input.fields ?? []).map(buildField));
  const bytes = Buffer.alloc(roundUp(PANIC.size + data.length));
  writeHeader(bytes, RecordType.panic);
  bytes.writeUInt32LE(input.tgid ?? 4242, PANIC.tgid);
  bytes.writeUInt32LE(data.length, PANIC.dataLen);
  bytes.writeBigUInt64LE(BigInt(input.goid ?? 35), PANIC.goid);
  bytes.writeBigUInt64LE(input.handlerStart ?? 0n, PANIC.handlerStart);
  bytes.writeBigUInt64LE(input.time ?? 0n, PANIC.time);
  bytes.writeBigUInt64LE(input.type ?? 0n, PANIC.type);
  data.copy(bytes, PANIC.size);
  return bytes;
}

export function writeHeader(bytes: Buffer, type: number): void {
  bytes.writeUInt32LE(bytes.length, HEADER.len);
  bytes.writeUInt16LE(type, HEADER.type);
  bytes.writeUInt8(REC_VERSION, HEADER.version);
}

export function buildField({ tag, value, fullLength, split }: FieldInput): Buffer {
  const content = Buffer.from(value as string);
  const bytes = Buffer.alloc(FIELD.size + content.length);
  bytes.writeUInt8(tag, FIELD.tag);
  bytes.writeUInt8(split ?? 0, FIELD.split);
  bytes.writeUInt16LE(content.length, FIELD.len);
  bytes.writeUInt32LE(fullLength ?? content.length, FIELD.fullLen);
  content.copy(bytes, FIELD.size);
  return bytes;
}

function roundUp(length: number): number {
  return Math.ceil(length / 8) * 8;
}

const TIMES = [
  'established',
  'accepted',
  'tlsStart',
  'tlsEnd',
  'firstRead',
  'handlerStart',
  'writeHeader',
  'firstWrite',
  'lastWrite',
  'handlerEnd',
  'end',
] as const;

const SHORTS = ['status', 'wireStatus', 'informational', 'superfluous', 'flags'] as const;
