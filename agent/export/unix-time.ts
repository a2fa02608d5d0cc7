const NANOS_PER_SECOND = 1_000_000_000;
const TWO_32 = 0x1_0000_0000;

/**
 * Unix times in nanoseconds do not fit a double. This adds span times to the clock's base in two parts, without
 * a BigInt for each.
 */
export class UnixTime {
  readonly #seconds: number;
  readonly #nanos: number;
  readonly #high: number;
  readonly #low: number;

  constructor(baseUnixNano: bigint) {
    this.#seconds = Number(baseUnixNano / BigInt(NANOS_PER_SECOND));
    this.#nanos = Number(baseUnixNano % BigInt(NANOS_PER_SECOND));
    this.#high = Number(baseUnixNano >> 32n);
    this.#low = Number(baseUnixNano & 0xffff_ffffn);
  }

  /** Unix nanoseconds in decimal. */
  decimal(time: number): string {
    const nanos = this.#nanos + time;
    const carry = Math.floor(nanos / NANOS_PER_SECOND);
    return `${this.#seconds + carry}${String(nanos - carry * NANOS_PER_SECOND).padStart(9, '0')}`;
  }

  /** Writes Unix nanoseconds as a little-endian u64. */
  writeFixed64(bytes: Uint8Array, offset: number, time: number): void {
    const sum = this.#low + time;
    const carry = Math.floor(sum / TWO_32);
    writeUint32(bytes, offset, sum - carry * TWO_32);
    writeUint32(bytes, offset + 4, this.#high + carry);
  }
}

function writeUint32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value >>> 16;
  bytes[offset + 3] = value >>> 24;
}
