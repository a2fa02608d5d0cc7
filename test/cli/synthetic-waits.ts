import type { GoroutineReport } from '../../agent/correlate/goroutines.ts';
import type { RequestSpan } from '../../agent/correlate/span.ts';
import type { WaitReport } from '../../agent/correlate/waits/explainer.ts';
import type { LockWait } from '../../agent/correlate/waits/lock-wait.ts';
import type { CodePlace } from '../../agent/correlate/waits/place.ts';
import { NO_WAITS } from '../correlate/no-waits.ts';
import { span } from './synthetic.ts';

/** A request that waited for most of its time, and what a session says of the locks in it. */

const MS = 1e6;
const WAITED: CodePlace = { function: 'main.(*store).get', file: '/src/store.go', line: 88 };
const HELD: CodePlace = { function: 'main.(*store).report', file: '/src/report.go', line: 19 };
const HOLDER = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', name: 'GET /report' };

/** The n-th request, held up: 70 % by a mutex, then by a stop of the world; its client goes away meanwhile. */
export function waitingSpan(n: number): RequestSpan {
  const made = span(n);
  const length = made.end - made.start;
  const start = made.start + MS;
  const mutex = Math.round(length * 0.7);
  const lock: LockWait = {
    tgid: 4242,
    goid: made.goid,
    handlerStart: made.start,
    parentGoid: 1,
    kind: 'mutex',
    lock: 0xc000123450,
    start,
    end: start + mutex,
    asleep: [],
    place: WAITED,
    holder: { tgid: 4242, goid: 77, handlerStart: 0, place: HELD, share: Math.round(mutex * 0.8) },
  };
  const pause = {
    start: start + mutex,
    end: start + mutex + 2 * MS,
    reason: 'GC mark termination',
    isGc: true,
    byRuntime: 2 * MS,
  };
  return {
    ...made,
    links: [
      { traceId: HOLDER.traceId, spanId: HOLDER.spanId, attributes: new Map([['httptrace.link', 'lock_holder']]) },
    ],
    waits: {
      ...NO_WAITS,
      mutex,
      waitGroup: 0,
      gcStw: 2 * MS,
      gcAssist: 0,
      childrenMutex: 5 * MS,
      locks: [
        { ...lock, holderIdentity: HOLDER, ofChild: false },
        {
          ...lock,
          kind: 'rwmutex_read',
          end: start + 5 * MS,
          holder: undefined,
          holderIdentity: undefined,
          ofChild: true,
        },
      ],
      pauses: [pause],
      clientGone: start + 2 * MS,
    },
    cause: {
      time: mutex,
      text: 'waited for the mutex at store.go:88, held by GET /report at report.go:19, trace 4bf92f35…',
    },
  };
}

/** The n-th request, without locks: samples found it asleep for four fifths of its time. */
export function sampledSpan(n: number, overrides: Partial<RequestSpan> = {}): RequestSpan {
  const made = span(n);
  const length = made.end - made.start;
  const sleep = length * 0.8;
  const place = { function: 'main.slow', file: '/src/shop.go', line: 40 };
  return {
    ...made,
    waits: { ...NO_WAITS, mutex: 0, waitGroup: 0, cond: 0, gcStw: 0, gcAssist: 0 },
    sampledWaits: {
      samples: 7,
      times: { sleep, cpu: length - sleep },
      where: { kind: 'sleep', ...place, time: sleep },
      children: undefined,
    },
    cause: { time: sleep, text: 'mostly slept at shop.go:40 (sampled)', isEstimate: true },
    ...overrides,
  };
}

/** The n-th request with --deep: a mutex, a processor, a channel, CPU, other. */
export function deepSpan(n: number): RequestSpan {
  const made = waitingSpan(n);
  const length = made.end - made.start;
  const mutex = length * 0.6;
  const scheduler = length * 0.1;
  const states = {
    cpu: length * 0.1,
    scheduler,
    mutex,
    channel: length * 0.1,
    network: 0,
    syscall: 0,
    sleep: 0,
    gcAssist: 0,
    gcStw: 0,
    other: length * 0.1,
  };
  return { ...made, waits: { ...made.waits, gcStw: 0, pauses: [], states } };
}

/** One process with a leak at a `go` statement. */
export const GOROUTINES: GoroutineReport = {
  pid: 4242,
  time: 2e9,
  total: 1290,
  complete: true,
  byStatus: { running: 2, runnable: 5, waiting: 1280, syscall: 8 },
  sites: [
    {
      function: 'main.(*shop).notify',
      file: '/src/notify.go',
      line: 31,
      alive: 1200,
      ofRequests: 1200,
      outlived: 1188,
      growth: 840,
    },
    { function: 'main.main', file: '/src/main.go', line: 12, alive: 4, ofRequests: 0, outlived: 0, growth: 0 },
    {
      function: 'net/http.(*Server).Serve',
      file: 'net/http/server.go',
      line: 3502,
      alive: 86,
      ofRequests: undefined,
      outlived: undefined,
      growth: -3,
    },
  ],
};

export const WAIT_REPORT: WaitReport = {
  locks: [
    {
      pid: 4242,
      lock: 0xc000123450,
      kind: 'mutex',
      count: 845,
      total: 12.3e9,
      longest: 119 * MS,
      waitedAt: [{ of: WAITED, count: 845, total: 12.3e9 }],
      heldAt: [{ of: HELD, count: 840, total: 12e9 }],
      waiting: [{ of: 'POST /checkout', count: 845, total: 12.3e9 }],
      holding: [{ of: 'GET /report', count: 840, total: 12e9 }],
      unknownHolder: 12 * MS,
    },
    {
      pid: 4242,
      lock: 0xc000999990,
      kind: 'cond',
      count: 12,
      total: 80 * MS,
      longest: 20 * MS,
      waitedAt: [{ of: WAITED, count: 12, total: 80 * MS }],
      heldAt: [],
      waiting: [],
      holding: [],
      unknownHolder: 80 * MS,
    },
    {
      pid: 4242,
      lock: 0xc000777770,
      kind: 'other',
      count: 2000,
      total: 20 * MS,
      longest: MS,
      waitedAt: [],
      heldAt: [],
      waiting: [],
      holding: [],
      unknownHolder: 0,
    },
  ],
  gc: {
    cycles: 12,
    pauses: [
      { reason: 'GC mark termination', isGc: true, count: 12, total: 2.4 * MS, longest: 0.5 * MS, byRuntime: 2.3 * MS },
      { reason: 'read mem stats', isGc: false, count: 3, total: 0.2 * MS, longest: 0.1 * MS, byRuntime: 0.2 * MS },
    ],
    requests: 400,
    touched: 34,
    touchedTotal: 4 * MS,
    touchedLongest: 0.4 * MS,
  },
};

export const PROCESS_REPORT = {
  assists: 120,
  assistTime: 3.2 * MS,
  waits: 2857,
  waitTime: 12.4e9,
  delays: 900,
  delayTime: 45 * MS,
  runtimeLocks: { count: 410, total: 9 * MS, longest: 1.2 * MS },
  panics: { all: 30, ofRequests: 28 },
} as const;
