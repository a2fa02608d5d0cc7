import type { PanicRecord } from '../record/decode-panic.ts';
import { cleanLine, cleanText, cutText } from './clean.ts';
import { panicText } from './panic-text.ts';
import type { AddressResolver } from './resolver.ts';
import type { AttributeValue, SpanEvent } from './span.ts';
import { stackText } from './stack-text.ts';

/** A panic in a request's goroutine, explained. */
export interface RequestPanic {
  /** The Go type of the value; `panic` where it cannot be named. */
  readonly type: string;
  /** http.ErrAbortHandler: the handler gave the response up, nothing went wrong in it. */
  readonly isAbort: boolean;
  readonly event: SpanEvent;
}

/** Calls of runtime.gopanic: all, and those that ended a request. */
export interface PanicCounts {
  readonly all: number;
  readonly ofRequests: number;
}

/** Waiting for the request they belong to; more than this, and the oldest is forgotten. */
const MAX_WAITING = 1024;
const MAX_PER_REQUEST = 4;
const MAX_TYPE_BYTES = 256;
const ABORT_TEXT = 'net/http: abort Handler';
const NO_RESOLVER: AddressResolver = { typeAt: () => undefined, frames: () => [] };

/** Panics until the record of their request comes: it is always sent later. */
export class PanicTable {
  readonly #messageBytes: number;
  readonly #waiting = new Map<string, RequestPanic[]>();
  #all = 0;
  #ofRequests = 0;

  /** @param messageBytes bytes of exception.message that are kept; 0: none */
  constructor(messageBytes: number) {
    this.#messageBytes = messageBytes;
  }

  get counts(): PanicCounts {
    return { all: this.#all, ofRequests: this.#ofRequests };
  }

  /** @param ended the request of this panic ended by it */
  count(ended: boolean): void {
    if (ended) this.#ofRequests++;
  }

  add(panic: PanicRecord, resolver: AddressResolver = NO_RESOLVER): void {
    this.#all++;
    if (Number.isNaN(panic.handlerStart)) return;
    const key = keyOf(panic.tgid, panic.goid, panic.handlerStart);
    const panics = this.#waiting.get(key) ?? [];
    if (panics.length < MAX_PER_REQUEST) panics.push(this.#explain(panic, resolver));
    this.#waiting.set(key, panics);
    if (this.#waiting.size > MAX_WAITING) this.#forgetOldest();
  }

  /** The panics of one request, oldest first. They are handed out once. */
  take(tgid: number, goid: number, handlerStart: number): readonly RequestPanic[] {
    if (this.#waiting.size === 0) return [];
    const key = keyOf(tgid, goid, handlerStart);
    const panics = this.#waiting.get(key);
    if (!panics) return [];
    this.#waiting.delete(key);
    return panics;
  }

  #explain(panic: PanicRecord, resolver: AddressResolver): RequestPanic {
    const text = panicText(panic, resolver);
    const name = panic.type === 0 ? 'nil' : resolver.typeAt(panic.type)?.name;
    const type = name === undefined ? 'panic' : cutText(cleanLine(name), MAX_TYPE_BYTES);
    const attributes = new Map<string, AttributeValue>([['exception.type', type]]);
    if (text !== undefined && this.#messageBytes > 0) {
      attributes.set('exception.message', cutText(cleanText(text), this.#messageBytes));
    }
    attributes.set('exception.stacktrace', stackText(panic, resolver));
    return { type, isAbort: text === ABORT_TEXT, event: { name: 'exception', time: panic.time, attributes } };
  }

  #forgetOldest(): void {
    for (const key of this.#waiting.keys()) {
      this.#waiting.delete(key);
      return;
    }
  }
}

function keyOf(tgid: number, goid: number, handlerStart: number): string {
  return `${tgid}/${goid}/${handlerStart}`;
}
