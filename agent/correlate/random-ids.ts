import { randomFillSync } from 'node:crypto';

const BATCH_BYTES = 4096;
const ALL_ZERO = /^0+$/;

/** Random trace and span ids as lower-case hex; the system's generator is asked for many at a time. */
export class RandomIds {
  readonly #bytes = Buffer.allocUnsafeSlow(BATCH_BYTES);
  #hex = '';
  #at = 0;

  traceId(): string {
    return this.#take(32);
  }

  spanId(): string {
    return this.#take(16);
  }

  #take(digits: number): string {
    if (this.#at + digits > this.#hex.length) {
      this.#hex = randomFillSync(this.#bytes).toString('hex');
      this.#at = 0;
    }
    const id = this.#hex.slice(this.#at, this.#at + digits);
    this.#at += digits;
    // An id of zeros is invalid (W3C Trace Context, 3.2.2.3 and 3.2.2.4).
    return ALL_ZERO.test(id) ? this.#take(digits) : id;
  }
}
