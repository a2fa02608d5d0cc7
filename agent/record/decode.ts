import { RecordError } from './error.ts';
import { FieldTable } from './fields.ts';
import { REQUEST, RequestFlag } from './layout.ts';
import { readI64, readTime, readU64, type TimeBase } from './time-base.ts';

/**
 * One finished request as the kernel side saw it. Times are nanoseconds since the decoder's base, NaN where not
 * observed. Strings are in `fields`.
 */
export interface RequestRecord {
  readonly tgid: number;
  /** -1: unknown. */
  readonly fd: number;
  readonly goid: number;
  readonly established: number;
  readonly accepted: number;
  readonly tlsStart: number;
  readonly tlsEnd: number;
  readonly firstRead: number;
  readonly handlerStart: number;
  readonly writeHeader: number;
  readonly firstWrite: number;
  readonly lastWrite: number;
  readonly handlerEnd: number;
  readonly end: number;
  /** Bytes; negative: not known. */
  readonly requestBody: number;
  readonly responseBody: number;
  readonly wireIn: number;
  readonly wireOut: number;
  /** 0: not known. */
  readonly status: number;
  readonly wireStatus: number;
  readonly informational: number;
  readonly superfluous: number;
  /** `RequestFlag` bits. */
  readonly flags: number;
  readonly protoMajor: number;
  readonly protoMinor: number;
  readonly streamId: number;
  readonly weight: number;
  readonly fields: FieldTable;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Decodes request records into one object that is used again: take what is needed before the next call. */
export class RequestDecoder {
  readonly #base: TimeBase;
  readonly #record: Mutable<RequestRecord> = blankRecord();
  #bytes: Buffer | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(base: TimeBase) {
    this.#base = base;
  }

  /** Throws RecordError when the record is shorter than what it says it holds. */
  decode(bytes: Buffer, start: number, end: number): RequestRecord {
    if (this.#bytes !== bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    const view = this.#view;
    const base = this.#base;
    if (end - start < REQUEST.size) throw new RecordError('a request record is cut off');
    const fieldsStart = start + REQUEST.size;
    const fieldsEnd = fieldsStart + view.getUint32(start + REQUEST.dataLen, true);
    if (fieldsEnd > end) throw new RecordError('the fields of a request run past its record');

    const record = this.#record;
    record.tgid = view.getUint32(start + REQUEST.tgid, true);
    record.fd = view.getInt32(start + REQUEST.fd, true);
    record.goid = readU64(view, start + REQUEST.goid);
    record.flags = view.getUint16(start + REQUEST.flags, true);
    if (record.flags & RequestFlag.first) {
      record.established = readTime(view, start + REQUEST.established, base);
      record.accepted = readTime(view, start + REQUEST.accepted, base);
      record.tlsStart = readTime(view, start + REQUEST.tlsStart, base);
      record.tlsEnd = readTime(view, start + REQUEST.tlsEnd, base);
    } else {
      // They belong to the first request of the connection.
      record.established = record.accepted = record.tlsStart = record.tlsEnd = Number.NaN;
    }
    record.firstRead = readTime(view, start + REQUEST.firstRead, base);
    record.handlerStart = readTime(view, start + REQUEST.handlerStart, base);
    if (Number.isNaN(record.handlerStart)) throw new RecordError('a request whose handler never started');
    record.writeHeader = readTime(view, start + REQUEST.writeHeader, base);
    record.firstWrite = readTime(view, start + REQUEST.firstWrite, base);
    record.lastWrite = readTime(view, start + REQUEST.lastWrite, base);
    record.handlerEnd = readTime(view, start + REQUEST.handlerEnd, base);
    record.end = readTime(view, start + REQUEST.end, base);
    record.requestBody = readI64(view, start + REQUEST.requestBody);
    record.responseBody = readI64(view, start + REQUEST.responseBody);
    record.wireIn = readU64(view, start + REQUEST.wireIn);
    record.wireOut = readU64(view, start + REQUEST.wireOut);
    record.status = view.getUint16(start + REQUEST.status, true);
    record.wireStatus = view.getUint16(start + REQUEST.wireStatus, true);
    record.informational = view.getUint16(start + REQUEST.informational, true);
    record.superfluous = view.getUint16(start + REQUEST.superfluous, true);
    record.protoMajor = view.getUint8(start + REQUEST.protoMajor);
    record.protoMinor = view.getUint8(start + REQUEST.protoMinor);
    record.streamId = view.getUint32(start + REQUEST.streamId, true);
    record.weight = view.getUint32(start + REQUEST.weight, true);
    record.fields.index(bytes, view, fieldsStart, fieldsEnd);
    return record;
  }
}

function blankRecord(): Mutable<RequestRecord> {
  return {
    tgid: 0,
    fd: -1,
    goid: 0,
    established: Number.NaN,
    accepted: Number.NaN,
    tlsStart: Number.NaN,
    tlsEnd: Number.NaN,
    firstRead: Number.NaN,
    handlerStart: Number.NaN,
    writeHeader: Number.NaN,
    firstWrite: Number.NaN,
    lastWrite: Number.NaN,
    handlerEnd: Number.NaN,
    end: Number.NaN,
    requestBody: -1,
    responseBody: -1,
    wireIn: 0,
    wireOut: 0,
    status: 0,
    wireStatus: 0,
    informational: 0,
    superfluous: 0,
    flags: 0,
    protoMajor: 0,
    protoMinor: 0,
    streamId: 0,
    weight: 1,
    fields: new FieldTable(),
  };
}
