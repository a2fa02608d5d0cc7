import { describe, expect, test } from 'vitest';
import type { LockWait } from '../../../agent/correlate/waits/lock-wait.ts';
import type { Pause } from '../../../agent/correlate/waits/pauses.ts';
import { RequestFlag, Tag } from '../../../agent/record/layout.ts';
import { NOTHING_WATCHED } from '../../../agent/session/attached.ts';
import { EVERYTHING, eventsOf, MS, moment, Scene, STORE, states, waitsOf } from './scene.ts';

const WAITER = { goid: 35, start: 10 * MS, end: 101 * MS };
const HOLDER = { goid: 77, start: 5 * MS, end: 120 * MS, uri: '/report' };
const IN_WAITER = { goid: 35, handlerStart: 10 * MS };
const IN_HOLDER = { goid: 77, handlerStart: 5 * MS };

/** A request waits for another one from 12 to 94 ms. */
function held(scene = new Scene()): Scene {
  scene.preview(HOLDER);
  scene.release({ ...IN_HOLDER, time: 93 * MS });
  scene.wait({ ...IN_WAITER, start: 12 * MS, end: 94 * MS });
  return scene;
}

describe('a request that waited for a mutex', () => {
  test('says for how long, as a sum and as an event with both places', () => {
    const span = held().request(WAITER);
    expect(waitsOf(span)).toMatchObject({
      'httptrace.wait.mutex': 82 * MS,
      'httptrace.wait.gc_stw': 0,
      'httptrace.wait.gc_assist': 0,
    });
    expect(eventsOf(span)).toEqual([
      {
        name: 'httptrace.wait.mutex',
        time: 12 * MS,
        'httptrace.wait.duration': 82 * MS,
        'httptrace.lock.kind': 'mutex',
        'httptrace.lock.address': '0xc000100000',
        'code.function.name': 'main.(*store).get',
        'code.file.path': '/src/main.(*store).get.go',
        'code.line.number': 17,
        'httptrace.holder.goroutine.id': 77,
        'httptrace.holder.share': 81 * MS,
        'httptrace.holder.code.function.name': 'main.(*store).report',
        'httptrace.holder.code.file.path': '/src/main.(*store).report.go',
        'httptrace.holder.code.line.number': 20,
        'httptrace.holder.name': 'GET /report',
        'httptrace.holder.trace_id': expect.stringMatching(/^[0-9a-f]{32}$/),
        'httptrace.holder.span_id': expect.stringMatching(/^[0-9a-f]{16}$/),
      },
    ]);
  });

  test('is linked to the holder, whose span comes later with the ids that were told', () => {
    const scene = held();
    const { links } = scene.request(WAITER);
    const holder = scene.request(HOLDER);
    expect(links.map(({ traceId, spanId }) => ({ traceId, spanId }))).toEqual([
      { traceId: holder.traceId, spanId: holder.spanId },
    ]);
    expect(Object.fromEntries(links[0]?.attributes ?? [])).toMatchObject({
      'httptrace.link': 'lock_holder',
      'code.function.name': 'main.(*store).get',
      'httptrace.wait.share': 81 * MS,
    });
  });

  test('is linked into the trace of the holder’s caller', () => {
    const scene = new Scene();
    const fields = [{ tag: Tag.header, value: `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01` }];
    scene.preview({ ...HOLDER, fields });
    scene.release({ ...IN_HOLDER, time: 93 * MS });
    scene.wait({ ...IN_WAITER, start: 12 * MS, end: 94 * MS });
    expect(scene.request(WAITER).links[0]?.traceId).toBe('ab'.repeat(16));
    expect(scene.request({ ...HOLDER, fields }).traceId).toBe('ab'.repeat(16));
  });

  test('names the cause', () => {
    const { cause, links, attributes } = held().request(WAITER);
    const text = `waited for the mutex at main.(*store).get.go:17, held by GET /report at main.(*store).report.go:20, trace ${links[0]?.traceId.slice(0, 8)}…`;
    expect(cause).toEqual({ time: 82 * MS, text });
    expect(attributes.get('httptrace.cause')).toBe(text);
  });

  test('has no cause where the wait is a small part of it, or short', () => {
    expect(held().request({ ...WAITER, end: 10 * MS + 4 * 82 * MS + MS }).cause).toBeUndefined();
    const scene = new Scene();
    scene.wait({ ...IN_WAITER, start: 10 * MS, end: 10 * MS + 199_999 });
    expect(scene.request({ ...WAITER, end: 10 * MS + 200_000 }).cause).toBeUndefined();
  });

  test('of which nobody is known to have held it says so', () => {
    const scene = new Scene();
    scene.wait({ ...IN_WAITER, start: 12 * MS, end: 94 * MS });
    const span = scene.request(WAITER);
    expect(span.cause?.text).toBe('waited for the mutex at main.(*store).get.go:17, holder unknown');
    expect(span.links).toEqual([]);
    expect(Object.keys(eventsOf(span)[0] ?? {}).filter((name) => name.includes('holder'))).toEqual([]);
  });

  test('names the goroutine where that served no request, or one that is not sampled', () => {
    const scene = new Scene();
    scene.release({ goid: 5, time: 93 * MS });
    scene.wait({ ...IN_WAITER, start: 12 * MS, end: 94 * MS });
    const span = scene.request(WAITER);
    expect(span.cause?.text).toMatch(/, held by goroutine 5 at main\.\(\*store\)\.report\.go:20$/);
    expect(span.links).toEqual([]);
  });

  test('its short waits are in the sum alone', () => {
    const scene = new Scene();
    for (let i = 0; i < 20; i++)
      scene.wait({ ...IN_WAITER, start: 11 * MS + 200_000 * i, end: 11 * MS + 200_000 * i + 99_999 });
    const span = scene.request(WAITER);
    expect(waitsOf(span)['httptrace.wait.mutex']).toBe(20 * 99_999);
    expect(span.events).toEqual([]);
  });

  test('has those of its own request alone', () => {
    const scene = held();
    const later = scene.request({ ...WAITER, start: 200 * MS, end: 210 * MS });
    expect(waitsOf(later)['httptrace.wait.mutex']).toBe(0);
    expect(scene.request({ ...WAITER, goid: 36 }).events).toEqual([]);
    expect(scene.request({ ...WAITER, tgid: 4243 }).events).toEqual([]);
    expect(waitsOf(scene.request(WAITER))['httptrace.wait.mutex']).toBe(82 * MS);
    expect(waitsOf(scene.request(WAITER))['httptrace.wait.mutex']).toBe(0);
  });
});

describe('kinds', () => {
  test('both sides of an RWMutex are mutex waits; wait groups and conditions have sums of their own', () => {
    const scene = new Scene();
    scene.wait({ ...IN_WAITER, way: 'read', start: 11 * MS, end: 12 * MS });
    scene.wait({ ...IN_WAITER, way: 'write', lock: STORE + 64, start: 13 * MS, end: 15 * MS });
    scene.wait({ ...IN_WAITER, way: 'group', lock: STORE + 128, start: 20 * MS, end: 24 * MS });
    scene.wait({ ...IN_WAITER, way: 'cond', lock: STORE + 192, start: 30 * MS, end: 38 * MS });
    const span = scene.request(WAITER);
    expect(waitsOf(span)).toMatchObject({
      'httptrace.wait.mutex': 3 * MS,
      'httptrace.wait.wait_group': 4 * MS,
      'httptrace.wait.cond': 8 * MS,
    });
    expect(eventsOf(span).map((event) => [event.name, event['httptrace.lock.kind']])).toEqual([
      ['httptrace.wait.mutex', 'rwmutex_read'],
      ['httptrace.wait.mutex', 'rwmutex_write'],
      ['httptrace.wait.wait_group', 'wait_group'],
      ['httptrace.wait.cond', 'cond'],
    ]);
  });

  test('a wait group names who ended it, a condition nobody', () => {
    const scene = new Scene();
    scene.release({ way: 'done', goid: 90, time: 90 * MS });
    scene.wait({ ...IN_WAITER, way: 'group', start: 12 * MS, end: 91 * MS });
    expect(scene.request(WAITER).cause?.text).toMatch(/^waited for the WaitGroup at .*, ended by goroutine 90 at /);
    scene.release({ goid: 90, lock: STORE + 12, time: 90 * MS });
    scene.wait({ ...IN_WAITER, way: 'cond', lock: STORE + 12, start: 12 * MS, end: 91 * MS });
    expect(scene.request(WAITER).cause?.text).toBe('waited for the Cond at main.(*store).get.go:17');
  });

  test('what net/http waits for between its goroutines is none of them', () => {
    const scene = new Scene();
    scene.wait({
      ...IN_WAITER,
      way: 'cond',
      by: 'net/http.(*connReader).abortPendingRead',
      start: 12 * MS,
      end: 91 * MS,
    });
    const span = scene.request(WAITER);
    expect(waitsOf(span)).not.toHaveProperty('httptrace.wait.cond');
    expect(span.waits.locks[0]?.kind).toBe('other');
  });
});

describe('a wait in several parts', () => {
  test('is one: in the sum, the event, the report; who watches waits gets the parts', () => {
    const seen: LockWait[] = [];
    const scene = new Scene(EVERYTHING, { pause: () => {}, lockWait: (wait) => seen.push(wait) });
    scene.wait({ ...IN_WAITER, start: 12 * MS, end: 20 * MS });
    scene.wait({ ...IN_WAITER, start: 21 * MS, end: 50 * MS, again: true });
    scene.wait({ ...IN_WAITER, start: 50 * MS, end: 60 * MS, again: true });
    const span = scene.request(WAITER);
    expect(waitsOf(span)['httptrace.wait.mutex']).toBe(48 * MS);
    expect(eventsOf(span).map((event) => [event.time, event['httptrace.wait.duration']])).toEqual([[12 * MS, 48 * MS]]);
    expect(scene.correlator.waits.report().locks).toMatchObject([{ count: 1, total: 48 * MS, longest: 48 * MS }]);
    expect(seen.map(({ start, end }) => end - start)).toEqual([8 * MS, 29 * MS, 10 * MS]);
  });

  test('blames who was faster from when it had to sleep again', () => {
    const scene = new Scene();
    scene.release({ goid: 5, time: 19 * MS });
    scene.wait({ ...IN_WAITER, start: 12 * MS, end: 20 * MS });
    scene.release({ goid: 6, time: 59 * MS });
    scene.wait({ ...IN_WAITER, start: 21 * MS, end: 60 * MS, again: true });
    expect(scene.request(WAITER).waits.locks[0]?.holder).toMatchObject({ goid: 6, share: 39 * MS });
  });

  test('a writer that waits for writers and then for readers waits once', () => {
    const scene = new Scene();
    scene.wait({ ...IN_WAITER, way: 'writers', start: 12 * MS, end: 20 * MS });
    scene.wait({ ...IN_WAITER, way: 'write', start: 20 * MS + 99_999, end: 30 * MS });
    expect(scene.request(WAITER).waits.locks).toMatchObject([{ kind: 'rwmutex_write', start: 12 * MS, end: 30 * MS }]);
  });

  test.each([
    ['one of another lock', { lock: STORE + 64, again: true }],
    ['a later call', { way: 'write', again: false, start: 20 * MS + 100_000 }],
    ['a Mutex that is taken twice', { again: false }],
  ] as const)('%s is another wait', (_, of) => {
    const scene = new Scene();
    scene.wait({ ...IN_WAITER, ...('way' in of && { way: of.way }), start: 12 * MS, end: 20 * MS });
    scene.wait({ ...IN_WAITER, start: 20 * MS, end: 30 * MS, ...of });
    expect(scene.request(WAITER).waits.locks).toHaveLength(2);
  });

  test('the next request of the same goroutine does not go on with it', () => {
    const scene = new Scene();
    scene.wait({ ...IN_WAITER, way: 'write', start: 12 * MS, end: 20 * MS });
    scene.request({ ...WAITER, end: 20 * MS + 10_000 });
    const next = 20 * MS + 20_000;
    scene.wait({ goid: 35, handlerStart: next, way: 'write', start: next + 1_000, end: 30 * MS });
    const span = scene.request({ ...WAITER, start: next, end: 31 * MS });
    expect(waitsOf(span)['httptrace.wait.mutex']).toBe(30 * MS - next - 1_000);
    expect(span.waits.locks).toMatchObject([{ start: next + 1_000, end: 30 * MS }]);
  });
});

describe('goroutines that a request started', () => {
  test('wait beside it: marked, in a sum of their own, and no cause', () => {
    const scene = new Scene();
    scene.release({ goid: 91, time: 93 * MS });
    scene.wait({ goid: 90, parentGoid: 35, start: 12 * MS, end: 94 * MS });
    const span = scene.request(WAITER);
    expect(waitsOf(span)).toMatchObject({ 'httptrace.wait.mutex': 0, 'httptrace.children.wait.mutex': 82 * MS });
    expect(eventsOf(span)).toMatchObject([{ name: 'httptrace.wait.mutex', 'httptrace.goroutine.child': 90 }]);
    expect(span.cause).toBeUndefined();
  });

  test('that began to wait before or after it are another request’s', () => {
    const scene = new Scene();
    scene.wait({ goid: 90, parentGoid: 35, start: 9 * MS, end: 40 * MS });
    scene.wait({ goid: 91, parentGoid: 35, start: 101 * MS, end: 140 * MS });
    expect(scene.request(WAITER).waits.locks).toEqual([]);
    expect(scene.request({ ...WAITER, start: 100 * MS, end: 150 * MS }).waits.locks).toMatchObject([{ goid: 91 }]);
  });
});

describe('pauses', () => {
  test('count with the part that falls into the request', () => {
    const seen: Pause[] = [];
    const scene = new Scene(EVERYTHING, { pause: (_, pause) => seen.push(pause), lockWait: () => {} });
    scene.pause({ reason: 2, start: 9 * MS, end: 10 * MS + 3 });
    scene.pause({ reason: 1, start: 50 * MS, end: 52 * MS });
    scene.pause({ reason: 7, start: 101 * MS - 5, end: 103 * MS });
    const span = scene.request(WAITER);
    expect(waitsOf(span)['httptrace.wait.gc_stw']).toBe(3 + 2 * MS + 5);
    expect(
      eventsOf(span).map((event) => [event.time, event['httptrace.wait.duration'], event['httptrace.pause.reason']]),
    ).toEqual([
      [10 * MS, 3, 'GC sweep termination'],
      [50 * MS, 2 * MS, 'GC mark termination'],
      [101 * MS - 5, 5, 'read mem stats'],
    ]);
    expect(seen).toHaveLength(3);
    expect(scene.correlator.waits.report().gc).toMatchObject({
      cycles: 1,
      requests: 1,
      touched: 1,
      touchedTotal: 2 * MS + 8,
    });
  });

  test('of other processes do not', () => {
    const scene = new Scene();
    scene.pause({ tgid: 4243, reason: 1, start: 50 * MS, end: 52 * MS });
    expect(waitsOf(scene.request(WAITER))['httptrace.wait.gc_stw']).toBe(0);
  });

  test('that go on when the request ends count up to its end, and are a cause', () => {
    const span = new Scene().request({ ...WAITER, fields: [moment(Tag.pauseOpen, 40 * MS)] });
    expect(waitsOf(span)['httptrace.wait.gc_stw']).toBe(61 * MS);
    expect(span.cause?.text).toBe('stood still while the world was stopped (stopping the world)');
    const before = new Scene().request({ ...WAITER, fields: [moment(Tag.pauseOpen, 1)] });
    expect(before.waits.pauses).toMatchObject([{ start: 10 * MS, end: 101 * MS }]);
    expect(new Scene().request({ ...WAITER, fields: [moment(Tag.pauseOpen, 101 * MS)] }).waits.pauses).toEqual([]);
  });
});

describe('the client went away', () => {
  const gone = [moment(Tag.clientGone, 20 * MS)];

  test('an event says when, and how long the handler went on', () => {
    const [event] = eventsOf(new Scene().request({ ...WAITER, handlerEnd: 70 * MS, fields: gone }));
    expect(event).toEqual({
      name: 'httptrace.client_gone',
      time: 20 * MS,
      'httptrace.client_gone.handler_went_on': 50 * MS,
    });
  });

  test('one that was slow to send its body is another event', () => {
    const slow = [moment(Tag.readTimeout, 30 * MS)];
    const [event] = eventsOf(new Scene().request({ ...WAITER, handlerEnd: 70 * MS, fields: slow }));
    expect(event).toEqual({
      name: 'httptrace.read_timeout',
      time: 30 * MS,
      'httptrace.read_timeout.handler_went_on': 40 * MS,
    });
  });

  test('while the handler still runs, it has gone on until now', () => {
    const running = { ...WAITER, handlerEnd: Number.NaN, end: 95 * MS, flags: RequestFlag.unfinished };
    const [event] = eventsOf(new Scene().request({ ...running, fields: gone }));
    expect(event).toMatchObject({ 'httptrace.client_gone.handler_went_on': 75 * MS });
  });

  test('after the handler: it did not go on', () => {
    const [event] = eventsOf(new Scene().request({ ...WAITER, handlerEnd: 15 * MS, fields: gone }));
    expect(event).toEqual({ name: 'httptrace.client_gone', time: 20 * MS });
  });

  test('is told even where there are more waits than events', () => {
    const scene = new Scene();
    for (let i = 0; i < 40; i++) scene.wait({ goid: 100 + i, parentGoid: 35, start: 12 * MS + i, end: 90 * MS });
    const names = scene.request({ ...WAITER, fields: gone }).events.map(({ name }) => name);
    expect(names).toHaveLength(16);
    expect(names).toContain('httptrace.client_gone');
  });
});

describe('what is not known is absent, not zero', () => {
  test('nothing is watched', () => {
    expect(waitsOf(new Scene(NOTHING_WATCHED).request(WAITER))).toEqual({});
  });

  test.each([
    ['locks', ['httptrace.wait.mutex']],
    ['pauses', ['httptrace.wait.gc_stw']],
    ['assists', ['httptrace.wait.gc_assist']],
  ] as const)('only %s are watched', (what, names) => {
    expect(waitsOf(new Scene({ ...NOTHING_WATCHED, [what]: true }).request(WAITER))).toEqual(
      Object.fromEntries(names.map((name) => [name, 0])),
    );
  });

  test('some waits were not sent: what did come is shown, but no sum of it', () => {
    const scene = held();
    scene.wait({ ...IN_WAITER, way: 'group', lock: STORE + 64, start: 95 * MS, end: 96 * MS });
    scene.wait({ ...IN_WAITER, way: 'cond', lock: STORE + 64, start: 97 * MS, end: 98 * MS });
    const span = scene.request({ ...WAITER, flags: RequestFlag.waitsCut });
    expect(waitsOf(span)).toEqual({
      'httptrace.wait.gc_stw': 0,
      'httptrace.wait.gc_assist': 0,
      'httptrace.cause': expect.stringContaining('GET /report'),
    });
    expect(span.waits).toMatchObject({ mutex: undefined, waitGroup: undefined, cond: undefined });
    expect(span.events).toHaveLength(3);
  });

  test('releases were left out: the holder is unknown', () => {
    const scene = new Scene();
    scene.preview(HOLDER);
    scene.release({ ...IN_HOLDER, time: 93 * MS, lostBefore: true });
    scene.wait({ ...IN_WAITER, start: 12 * MS, end: 94 * MS });
    expect(scene.request(WAITER).cause?.text).toMatch(/, holder unknown$/);
    expect(scene.correlator.waits.report().locks).toMatchObject([{ unknownHolder: 82 * MS }]);
  });
});

describe('--deep', () => {
  const deep = { ...EVERYTHING, scheduler: true };
  const all = {
    cpu: 1,
    scheduler: 2,
    mutex: 3,
    channel: 4,
    network: 5,
    syscall: 6,
    sleep: 7,
    gcAssist: 8,
    gcStw: 9,
    other: 10,
  };

  test('all states, zero or not', () => {
    expect(waitsOf(new Scene(deep).request({ ...WAITER, fields: [states(all)] }))).toEqual({
      'httptrace.cpu': 1,
      'httptrace.wait.scheduler': 2,
      'httptrace.wait.mutex': 3,
      'httptrace.wait.channel': 4,
      'httptrace.wait.network': 5,
      'httptrace.wait.syscall': 6,
      'httptrace.wait.sleep': 7,
      'httptrace.wait.gc_assist': 8,
      'httptrace.wait.gc_stw': 9,
      'httptrace.wait.other': 10,
    });
    expect(Object.keys(waitsOf(new Scene(deep).request({ ...WAITER, fields: [states({})] })))).toHaveLength(10);
  });

  test.each([8, 72, 79])('a field of %d bytes, too short for the states, is not read past its end', (length) => {
    const field = { tag: Tag.waits, value: Buffer.alloc(length, 1) };
    expect(new Scene(deep).request({ ...WAITER, fields: [field] }).waits.states).toBeUndefined();
  });

  test('without it, assists alone are taken from the field', () => {
    const span = new Scene().request({ ...WAITER, fields: [states({ gcAssist: 30 * MS, cpu: 5 })] });
    expect(waitsOf(span)).toMatchObject({ 'httptrace.wait.gc_assist': 30 * MS });
    expect(waitsOf(span)).not.toHaveProperty('httptrace.cpu');
    expect(span.cause?.text).toBe('was made to mark for the garbage collector');
  });
});

describe('a preview', () => {
  test('is no span', () => {
    const scene = new Scene();
    scene.preview(HOLDER);
    expect(scene.correlator.waits.report().gc.requests).toBe(0);
  });

  test('of a request that was not read gives no name', () => {
    const scene = new Scene();
    scene.preview({ ...HOLDER, fields: [{ tag: Tag.method, value: '' }] });
    scene.release({ ...IN_HOLDER, time: 93 * MS });
    scene.wait({ ...IN_WAITER, start: 12 * MS, end: 94 * MS });
    expect(scene.request(WAITER).waits.locks).toMatchObject([{ holder: { goid: 77 }, holderIdentity: undefined }]);
  });
});

describe('a process that is gone', () => {
  test('takes its pauses and releases with it, and nobody else’s', () => {
    const scene = new Scene();
    for (const tgid of [4242, 4243]) {
      scene.pause({ tgid, reason: 1, start: 50 * MS, end: 52 * MS });
      scene.release({ ...IN_HOLDER, tgid, time: 93 * MS });
    }
    scene.correlator.forget(4242);
    for (const tgid of [4242, 4243]) scene.wait({ ...IN_WAITER, tgid, start: 12 * MS, end: 94 * MS });
    const [gone, other] = [4242, 4243].map((tgid) => scene.request({ ...WAITER, tgid }).waits);
    expect(gone).toMatchObject({ gcStw: 0, locks: [{ holder: undefined }] });
    expect(other).toMatchObject({ gcStw: 2 * MS, locks: [{ holder: { goid: 77 } }] });
  });
});

test('the report of a lock: who waited where, who held it where', () => {
  const scene = held();
  scene.request(WAITER);
  scene.wait({ goid: 50, start: 95 * MS, end: 96 * MS });
  expect(scene.correlator.waits.report().locks).toEqual([
    {
      pid: 4242,
      lock: STORE,
      kind: 'mutex',
      count: 2,
      total: 83 * MS,
      longest: 82 * MS,
      unknownHolder: MS,
      waitedAt: [{ of: expect.objectContaining({ function: 'main.(*store).get' }), count: 2, total: 83 * MS }],
      heldAt: [{ of: expect.objectContaining({ function: 'main.(*store).report' }), count: 1, total: 81 * MS }],
      waiting: [{ of: 'GET /orders', count: 1, total: 82 * MS }],
      holding: [{ of: 'GET /report', count: 1, total: 81 * MS }],
    },
  ]);
});
