const INITIAL_BYTES = 64 << 10;
const TWO_31 = 0x8000_0000;
const TWO_32 = 0x1_0000_0000;
/** Longer strings are written by the native encoder: the call then pays for itself. */
export const SHORT_STRING = 48;

/** Wire types (protobuf encoding). */
export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH = 2;
export const FIXED32 = 5;

/** The tag of a field: its number and wire type. Numbers below 16 make a tag of one byte. */
export function tagOf(field: number, wireType: number): number {
  return (field << 3) | wireType;
}

/** Writes protobuf messages into one buffer that grows and is used again. */
export class ProtobufWriter {
  bytes: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  length = 0;

  reset(): void {
    this.length = 0;
  }

  /** A copy of what was written. */
  take(): Buffer {
    const copy = Buffer.from(this.bytes.subarray(0, this.length));
    this.reset();
    return copy;
  }

  /** Room for `extra` more bytes. */
  ensure(extra: number): void {
    if (this.length + extra <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + extra));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  tag(tag: number): void {
    this.ensure(5);
    this.#varint32(tag);
  }

  /** A non-negative integer below 2^53. */
  varint(value: number): void {
    this.ensure(10);
    if (value < TWO_31) this.#varint32(value);
    else this.#varint64(Math.floor(value / TWO_32), value >>> 0);
  }

  /** An int64 of a safe integer; negative ones take ten bytes, as two's complement. */
  int64(value: number): void {
    if (value >= 0) {
      this.varint(value);
      return;
    }
    this.ensure(10);
    const high = Math.floor(value / TWO_32);
    this.#varint64(high >>> 0, (value - high * TWO_32) >>> 0);
  }

  fixed32(value: number): void {
    this.ensure(4);
    this.length = this.bytes.writeUInt32LE(value, this.length);
  }

  /** A non-negative integer below 2^53. */
  fixed64(value: number): void {
    this.ensure(8);
    this.length = this.bytes.writeUInt32LE(value % TWO_32, this.length);
    this.length = this.bytes.writeUInt32LE(Math.floor(value / TWO_32), this.length);
  }

  double(value: number): void {
    this.ensure(8);
    this.length = this.bytes.writeDoubleLE(value, this.length);
  }

  raw(bytes: Uint8Array): void {
    this.ensure(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** The bytes of lower-case hex digits, without a length. */
  hex(digits: string): void {
    const count = digits.length >> 1;
    this.ensure(count);
    const { bytes } = this;
    let at = this.length;
    for (let i = 0; i < digits.length; i += 2) {
      bytes[at++] = (nibble(digits.charCodeAt(i)) << 4) | nibble(digits.charCodeAt(i + 1));
    }
    this.length = at;
  }

  /** A length-delimited string. */
  string(text: string): void {
    if (text.length > SHORT_STRING || !this.#shortAscii(text)) this.#longString(text);
  }

  /**
   * A message of one field that is encoded already and a message in it that holds one string; tags and lengths
   * are of one byte each. False, and nothing written, when the string is not ASCII or all of it is too long.
   * @param text at most SHORT_STRING long
   */
  shortStringPair(tag: number, head: Uint8Array, innerTag: number, stringTag: number, text: string): boolean {
    const inner = text.length + 2;
    const outer = head.length + 2 + inner;
    if (outer > 0x7f) return false;
    this.ensure(outer + 2);
    const { bytes } = this;
    let at = this.#pairHead(tag, outer, head, innerTag, inner);
    bytes[at++] = stringTag;
    bytes[at++] = text.length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[at++] = code;
    }
    this.length = at;
    return true;
  }

  /** The same with an integer. False, and nothing written, when it is not in [0, 2^31) or all of it is too long. */
  smallIntPair(tag: number, head: Uint8Array, innerTag: number, intTag: number, value: number): boolean {
    if (!(value >= 0 && value < TWO_31) || value !== (value | 0)) return false;
    const inner = 1 + varintBytes(value);
    const outer = head.length + 2 + inner;
    if (outer > 0x7f) return false;
    this.ensure(outer + 2);
    const at = this.#pairHead(tag, outer, head, innerTag, inner);
    this.bytes[at] = intTag;
    this.length = at + 1;
    this.#varint32(value);
    return true;
  }

  #pairHead(tag: number, outer: number, head: Uint8Array, innerTag: number, inner: number): number {
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = tag;
    bytes[at++] = outer;
    for (let i = 0; i < head.length; i++) bytes[at++] = head[i] as number;
    bytes[at++] = innerTag;
    bytes[at++] = inner;
    return at;
  }

  /**
   * Begins a length-delimited message whose length is not known yet. `reserve` is the number of bytes its length
   * is expected to take; `close` moves the content where that was wrong.
   */
  open(reserve: number): number {
    this.ensure(reserve);
    this.length += reserve;
    return this.length;
  }

  close(start: number, reserve: number): void {
    const size = this.length - start;
    const needed = varintBytes(size);
    if (needed !== reserve) {
      this.ensure(needed);
      this.bytes.copyWithin(start - reserve + needed, start, this.length);
    }
    this.length = start - reserve;
    this.#varint32(size);
    this.length += size;
  }

  /** False, and nothing written, when it is not ASCII. The length fits one byte. */
  #shortAscii(text: string): boolean {
    this.ensure(text.length + 1);
    const { bytes } = this;
    let at = this.length + 1;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[at++] = code;
    }
    bytes[this.length] = text.length;
    this.length = at;
    return true;
  }

  #longString(text: string): void {
    this.ensure(text.length * 3 + 5);
    const reserve = text.length < 128 ? 1 : 2;
    const start = this.open(reserve);
    this.length += this.bytes.write(text, this.length, 'utf8');
    this.close(start, reserve);
  }

  #varint32(value: number): void {
    const { bytes } = this;
    let rest = value;
    while (rest > 0x7f) {
      bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[this.length++] = rest;
  }

  #varint64(high: number, low: number): void {
    const { bytes } = this;
    let upper = high;
    let lower = low;
    while (upper > 0 || lower > 0x7f) {
      bytes[this.length++] = (lower & 0x7f) | 0x80;
      lower = ((lower >>> 7) | (upper << 25)) >>> 0;
      upper >>>= 7;
    }
    bytes[this.length++] = lower;
  }
}

export function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

function nibble(code: number): number {
  return code > 0x39 ? code - 0x57 : code - 0x30;
}
