import {
  FIELD,
  HEADER,
  PANIC,
  PAUSE,
  PAUSE_TEXT,
  PROCESS,
  REC_VERSION,
  RELEASE,
  REQUEST,
  RecordType,
  STATS,
  Tag,
  WAIT,
} from '../../record/layout.ts';

/** A string of a record. `bytes` is latin1 text: a character a byte. */
export interface FieldValue {
  readonly tag: number;
  readonly bytes: string;
  /** More than there are bytes: it was cut. */
  readonly fullLength: number;
}

/** Numbers of a request; those that do not fit a double are decimal text. */
export type Numbers<T> = { readonly [K in Exclude<keyof T, 'size' | 'dataLen'>]: string | number };

const WIDE = [
  'goid',
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
  'requestBody',
  'responseBody',
  'wireIn',
  'wireOut',
] as const;
const SHORT = ['status', 'wireStatus', 'informational', 'superfluous', 'flags'] as const;

const MAX_FIELDS_BYTES = 16 << 10;

/** Writes records as the kernel side of libbpf does (bpf/record.h), into one buffer that is used again. */
export class RecordWriter {
  readonly #buffer = Buffer.alloc(STATS.size + MAX_FIELDS_BYTES);

  /** The record stands in the buffer from 0 to `end`, until the next one is written. */
  request(numbers: Numbers<typeof REQUEST>, fields: readonly FieldValue[]): { bytes: Buffer; end: number } {
    const bytes = this.#buffer;
    bytes.writeUInt32LE(Number(numbers.tgid), REQUEST.tgid);
    bytes.writeInt32LE(Number(numbers.fd), REQUEST.fd);
    for (const name of WIDE) writeU64(bytes, REQUEST[name], numbers[name]);
    for (const name of SHORT) bytes.writeUInt16LE(Number(numbers[name]) & 0xffff, REQUEST[name]);
    bytes.writeUInt8(Number(numbers.protoMajor) & 0xff, REQUEST.protoMajor);
    bytes.writeUInt8(Number(numbers.protoMinor) & 0xff, REQUEST.protoMinor);
    bytes.writeUInt32LE(Number(numbers.streamId) >>> 0, REQUEST.streamId);
    bytes.writeUInt32LE(Number(numbers.weight), REQUEST.weight);
    const length = this.#fields(REQUEST.size, fields);
    bytes.writeUInt32LE(length, REQUEST.dataLen);
    return this.#finish(RecordType.request, REQUEST.size + length);
  }

  panic(
    numbers: Numbers<typeof PANIC>,
    fields: readonly FieldValue[],
    stack: readonly string[],
    data: readonly string[],
  ): { bytes: Buffer; end: number } {
    const bytes = this.#buffer;
    bytes.writeUInt32LE(Number(numbers.tgid), PANIC.tgid);
    for (const name of ['goid', 'handlerStart', 'time', 'type'] as const) writeU64(bytes, PANIC[name], numbers[name]);
    let length = this.#words(PANIC.size, Tag.stack, stack);
    length += this.#words(PANIC.size + length, Tag.panicData, data);
    length += this.#fields(PANIC.size + length, fields);
    bytes.writeUInt32LE(length, PANIC.dataLen);
    return this.#finish(RecordType.panic, PANIC.size + length);
  }

  pause(numbers: Numbers<Omit<typeof PAUSE, 'text'>>, text: string): { bytes: Buffer; end: number } {
    const bytes = this.#buffer;
    bytes.writeUInt32LE(Number(numbers.tgid), PAUSE.tgid);
    bytes.writeUInt32LE(Number(numbers.reason) >>> 0, PAUSE.reason);
    for (const name of ['start', 'end', 'byRuntime'] as const) writeU64(bytes, PAUSE[name], numbers[name]);
    bytes.fill(0, PAUSE.text, PAUSE.text + PAUSE_TEXT);
    bytes.write(text.slice(0, PAUSE_TEXT - 1), PAUSE.text, 'latin1');
    return this.#finish(RecordType.pause, PAUSE.size);
  }

  wait(numbers: Numbers<typeof WAIT>, stack: readonly string[]): { bytes: Buffer; end: number } {
    const bytes = this.#buffer;
    for (const name of ['tgid', 'kind', 'again'] as const) bytes.writeUInt32LE(Number(numbers[name]) >>> 0, WAIT[name]);
    for (const name of ['goid', 'parentGoid', 'handlerStart', 'addr', 'start', 'end'] as const)
      writeU64(bytes, WAIT[name], numbers[name]);
    const length = this.#words(WAIT.size, Tag.stack, stack);
    bytes.writeUInt32LE(length, WAIT.dataLen);
    return this.#finish(RecordType.wait, WAIT.size + length);
  }

  release(numbers: Numbers<typeof RELEASE>, stack: readonly string[]): { bytes: Buffer; end: number } {
    const bytes = this.#buffer;
    for (const name of ['tgid', 'lostBefore'] as const) bytes.writeUInt32LE(Number(numbers[name]), RELEASE[name]);
    for (const name of ['goid', 'parentGoid', 'handlerStart', 'addr', 'time'] as const)
      writeU64(bytes, RELEASE[name], numbers[name]);
    const length = this.#words(RELEASE.size, Tag.stack, stack);
    bytes.writeUInt32LE(length, RELEASE.dataLen);
    return this.#finish(RecordType.release, RELEASE.size + length);
  }

  exit(tgid: number, time: bigint): { bytes: Buffer; end: number } {
    this.#buffer.writeUInt32LE(tgid, PROCESS.tgid);
    this.#buffer.writeBigUInt64LE(time, PROCESS.time);
    return this.#finish(RecordType.exit, PROCESS.size);
  }

  stats(fill: (bytes: Buffer) => void): { bytes: Buffer; end: number } {
    this.#buffer.fill(0, 0, STATS.size);
    fill(this.#buffer);
    return this.#finish(RecordType.stats, STATS.size);
  }

  #finish(type: number, length: number): { bytes: Buffer; end: number } {
    const end = (length + 7) & ~7;
    this.#buffer.fill(0, length, end);
    this.#buffer.writeUInt32LE(end, HEADER.len);
    this.#buffer.writeUInt16LE(type, HEADER.type);
    this.#buffer.writeUInt16LE(REC_VERSION, HEADER.version);
    return { bytes: this.#buffer, end };
  }

  #fields(at: number, fields: readonly FieldValue[]): number {
    const start = at;
    for (const { tag, bytes, fullLength } of fields) {
      if (at + FIELD.size + bytes.length - start > MAX_FIELDS_BYTES) break;
      this.#fieldHead(at, tag, bytes.length, fullLength);
      this.#buffer.write(bytes, at + FIELD.size, 'latin1');
      at += FIELD.size + bytes.length;
    }
    return at - start;
  }

  /** @param words hexadecimal text */
  #words(at: number, tag: number, words: readonly string[]): number {
    if (words.length === 0) return 0;
    this.#fieldHead(at, tag, words.length * 8, words.length * 8);
    words.forEach((word, index) => {
      this.#buffer.writeBigUInt64LE(BigInt.asUintN(64, BigInt(`0x${word}`)), at + FIELD.size + index * 8);
    });
    return FIELD.size + words.length * 8;
  }

  #fieldHead(at: number, tag: number, length: number, fullLength: number): void {
    this.#buffer.writeUInt16LE(tag, at + FIELD.tag);
    this.#buffer.writeUInt16LE(length, at + FIELD.len);
    this.#buffer.writeUInt32LE(Math.min(fullLength, 0xffff_ffff), at + FIELD.fullLen);
  }
}

const TWO_32 = 0x1_0000_0000;
/** Decimal digits that always fit a double exactly. */
const SAFE_DIGITS = 15;

/** A 64-bit integer, signed or not, from decimal text or a number. */
export function writeU64(bytes: Buffer, at: number, value: string | number): void {
  if (typeof value === 'number' || value.length <= SAFE_DIGITS) {
    const number = Number(value);
    bytes.writeInt32LE(Math.floor(number / TWO_32) | 0, at + 4);
    bytes.writeUInt32LE(number >>> 0, at);
    return;
  }
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), at);
}
