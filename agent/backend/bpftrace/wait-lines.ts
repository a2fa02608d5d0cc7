import type { Role } from '../../probe/plan.ts';
import { WaitKind } from '../../record/layout.ts';
import type { Emit } from './in-order.ts';
import { isHex, isLine, isNumber } from './numbers.ts';
import type { RecordWriter } from './record-writer.ts';

export interface WaitLinesOptions {
  readonly tgid: number;
  /** Added to the script's times. */
  readonly clockOffset: bigint;
  readonly writer: RecordWriter;
  readonly emit: Emit;
}

const PAUSE_NUMBERS = 4;
const WAIT_NUMBERS = 7;
const RELEASE_NUMBERS = 5;

/** Records of the lines that tell of pauses, waits and releases (script/world.ts, script/locks.ts). */
export class WaitLines {
  readonly #options: WaitLinesOptions;
  readonly #hit: (role: Role) => void;
  #lostBefore = false;
  count = 0;
  /** Of all waits together. */
  ns = 0;

  constructor(options: WaitLinesOptions, hit: (role: Role) => void) {
    this.#options = options;
    this.#hit = hit;
  }

  /** Releases before the next one may be missing. */
  lost(): void {
    this.#lostBefore = true;
  }

  /** False: it was not understood. */
  take(kind: 's' | 'w' | 'r', numbers: readonly string[], values: readonly string[]): boolean {
    if (kind === 's') return isLine(numbers, values, PAUSE_NUMBERS, 1) && this.#pause(numbers, values[0] ?? '');
    const count = kind === 'w' ? WAIT_NUMBERS : RELEASE_NUMBERS;
    const stack = numbers.slice(count);
    if (values.length > 0 || !numbers.slice(0, count).every(isNumber) || !stack.every(isHex)) return false;
    if (numbers.length <= count) return false;
    const end = stack.indexOf('0');
    const frames = end === -1 ? stack : stack.slice(0, end);
    if (kind === 'w') this.#wait(numbers, frames);
    else this.#release(numbers, frames);
    return true;
  }

  #pause([reason = '0', start = '0', end = '0', byRuntime = '0']: readonly string[], text: string): boolean {
    const { tgid, writer } = this.#options;
    const record = writer.pause({ tgid, reason, start: this.#at(start), end: this.#at(end), byRuntime }, text);
    this.#options.emit(record.bytes, record.end, { time: Number(end) });
    this.#hit('stw_begin');
    this.#hit('stw_end');
    return true;
  }

  #wait(numbers: readonly string[], stack: readonly string[]): void {
    const { tgid, writer } = this.#options;
    const [goid = '0', parentGoid = '0', handler = '0', addr = '0', start = '0', end = '0', again = '0'] = numbers;
    const record = writer.wait(
      {
        ...{ tgid, kind: `${WaitKind.semaphore}`, goid, parentGoid, addr, again },
        ...{ handlerStart: this.#at(handler), start: this.#at(start), end: this.#at(end) },
      },
      stack,
    );
    this.#options.emit(record.bytes, record.end, {
      time: Number(end),
      ...(handler !== '0' && { goroutine: `${goid} ${handler}` }),
    });
    this.#hit('sem_wait');
    this.#hit('sem_woken');
    this.count++;
    this.ns += Number(BigInt(end) - BigInt(start));
  }

  #release(numbers: readonly string[], stack: readonly string[]): void {
    const { tgid, writer } = this.#options;
    const [goid = '0', parentGoid = '0', handler = '0', addr = '0', time = '0'] = numbers;
    const record = writer.release(
      {
        ...{ tgid, goid, parentGoid, addr, lostBefore: Number(this.#lostBefore) },
        ...{ handlerStart: this.#at(handler), time: this.#at(time) },
      },
      stack,
    );
    this.#lostBefore = false;
    this.#options.emit(record.bytes, record.end, { time: Number(time) });
  }

  #at(time: string): string {
    const { clockOffset } = this.#options;
    return time === '0' || clockOffset === 0n ? time : `${BigInt(time) + clockOffset}`;
  }
}
