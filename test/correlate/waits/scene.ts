import { RequestCorrelator } from '../../../agent/correlate/requests.ts';
import type { AttributeValue, RequestSpan, SpanEvent } from '../../../agent/correlate/span.ts';
import type { WaitObserver, Watched } from '../../../agent/correlate/waits/explainer.ts';
import { RequestFlag, Tag, WaitWord } from '../../../agent/record/layout.ts';
import { timeBase } from '../../../agent/record/time-base.ts';
import { BASE, buildRequest, type FieldInput, plainRequest } from '../../record/build-record.ts';
import {
  buildPause,
  buildRelease,
  buildWait,
  type PauseInput,
  type ReleaseInput,
  type WaitInput,
} from '../../record/build-waits.ts';
import { type CallPath, program } from './program.ts';

export const MS = 1_000_000;
export const EVERYTHING: Watched = { locks: true, conds: true, pauses: true, assists: true, scheduler: false };

export const STORE = 0xc000_1000_00;
/** Ways into the runtime, with the offset of what is waited for there. */
const WAYS = {
  mutex: { offset: 4, path: ['runtime.semacquire1', 'internal/sync.(*Mutex).lockSlow', 'sync.(*Mutex).Lock'] },
  read: { offset: 12, path: ['runtime.semacquire1', 'sync.(*RWMutex).RLock'] },
  write: { offset: 8, path: ['runtime.semacquire1', 'sync.(*RWMutex).Lock'] },
  writers: { offset: 4, path: ['runtime.semacquire1', 'internal/sync.(*Mutex).lockSlow', 'sync.(*RWMutex).Lock'] },
  group: { offset: 8, path: ['runtime.semacquire1', 'sync.(*WaitGroup).Wait'] },
  cond: { offset: 16, path: ['sync.runtime_notifyListWait', 'sync.(*Cond).Wait'] },
  unlock: { offset: 4, path: ['internal/sync.(*Mutex).unlockSlow', 'sync.(*Mutex).Unlock'] },
  done: { offset: 8, path: ['sync.runtime_Semrelease', 'sync.(*WaitGroup).Add'] },
} as const satisfies Record<string, { offset: number; path: readonly CallPath[] }>;
export type Way = keyof typeof WAYS;

/** Times are nanoseconds after the base. */
type Timed<T, Times extends keyof T> = Omit<T, Times | 'stack' | 'addr'> & { readonly [K in Times]?: number };

interface At {
  readonly way?: Way;
  readonly lock?: number;
  /** The function that waits or gives back. */
  readonly by?: string;
}

export interface RequestScene {
  readonly tgid?: number;
  readonly goid?: number;
  readonly uri?: string;
  readonly start: number;
  readonly end: number;
  /** Not a number: it still runs. */
  readonly handlerEnd?: number;
  readonly flags?: number;
  readonly fields?: readonly FieldInput[];
}

/** A server in which requests wait, told record by record. */
export class Scene {
  readonly #correlator: RequestCorrelator;
  readonly #program = program();
  readonly #stacks = new Map<string, number[]>();

  constructor(watched: Watched = EVERYTHING, observer?: WaitObserver) {
    this.#correlator = new RequestCorrelator({
      base: timeBase(BASE),
      headers: ['Traceparent'],
      shownHeaders: [],
      omitQuery: false,
      exceptionMessageBytes: 0,
      watchedOf: () => watched,
      resolverOf: () => this.#program.resolver,
      ...(observer && { observer }),
    });
  }

  get correlator(): RequestCorrelator {
    return this.#correlator;
  }

  wait({
    way = 'mutex',
    lock = STORE,
    by = 'main.(*store).get',
    ...input
  }: Timed<WaitInput, 'handlerStart' | 'start' | 'end'> & At): void {
    const bytes = buildWait({
      ...input,
      kind: way === 'cond' ? 'cond' : 'semaphore',
      addr: lock + WAYS[way].offset,
      stack: this.#stackOf(way, by),
      handlerStart: time(input.handlerStart),
      start: time(input.start),
      end: time(input.end),
    });
    this.#correlator.waits.wait(bytes, 0, bytes.length);
  }

  release({
    way = 'unlock',
    lock = STORE,
    by = 'main.(*store).report',
    ...input
  }: Timed<ReleaseInput, 'handlerStart' | 'time'> & At): void {
    const bytes = buildRelease({
      ...input,
      addr: lock + WAYS[way].offset,
      stack: this.#stackOf(way, by),
      handlerStart: time(input.handlerStart),
      time: time(input.time),
    });
    this.#correlator.waits.release(bytes, 0, bytes.length);
  }

  pause(input: Timed<PauseInput, 'start' | 'end'>): void {
    const bytes = buildPause({ ...input, start: time(input.start), end: time(input.end) });
    this.#correlator.waits.pause(bytes, 0, bytes.length);
  }

  /** It holds what others wait for: it is made known before it ends. */
  preview(input: RequestScene): void {
    this.#send({ ...input, flags: (input.flags ?? 0) | RequestFlag.preview });
  }

  request(input: RequestScene): RequestSpan {
    const span = this.#send(input);
    if (span === undefined) throw new Error('no span came of it');
    return span;
  }

  #send({
    uri = '/orders',
    start,
    end,
    handlerEnd = end,
    fields = [],
    ...input
  }: RequestScene): RequestSpan | undefined {
    const bytes = buildRequest(
      plainRequest({
        ...input,
        firstRead: time(start),
        handlerStart: time(start),
        writeHeader: time(end),
        firstWrite: time(end),
        lastWrite: time(end),
        handlerEnd: Number.isNaN(handlerEnd) ? 0n : time(handlerEnd),
        end: time(end),
        fields: [
          { tag: Tag.method, value: 'GET' },
          { tag: Tag.uri, value: uri },
          { tag: Tag.pattern, value: uri },
          ...fields,
        ],
      }),
    );
    return this.#correlator.request(bytes, 0, bytes.length);
  }

  #stackOf(way: Way, by: string): number[] {
    const key = `${way} ${by}`;
    const stack = this.#stacks.get(key) ?? this.#program.stack(...WAYS[way].path, by);
    this.#stacks.set(key, stack);
    return stack;
  }
}

/** A field with the time of a moment. */
export function moment(tag: number, at: number): FieldInput {
  const value = Buffer.alloc(8);
  value.writeBigUInt64LE(time(at));
  return { tag, value };
}

/** The field of states; what is not given is zero. */
export function states(times: Partial<Record<Exclude<keyof typeof WaitWord, 'max'>, number>>): FieldInput {
  const value = Buffer.alloc(8 * WaitWord.max);
  for (const [name, ns] of Object.entries(times)) {
    value.writeBigUInt64LE(BigInt(ns), 8 * WaitWord[name as keyof typeof WaitWord]);
  }
  return { tag: Tag.waits, value };
}

/** What a span says of waits, by name. */
export function waitsOf({ attributes }: RequestSpan): Record<string, AttributeValue> {
  return Object.fromEntries([...attributes].filter(([name]) => /^httptrace\.(wait|children|cpu|cause)/.test(name)));
}

export function eventsOf({ events }: RequestSpan): (Record<string, unknown> & Pick<SpanEvent, 'name' | 'time'>)[] {
  return events.map(({ name, time: at, attributes }) => ({ name, time: at, ...Object.fromEntries(attributes) }));
}

function time(at: number | undefined): bigint {
  return at === undefined ? 0n : BASE + BigInt(at);
}
