import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BoundedMap } from '../../../agent/correlate/waits/bounded-map.ts';
import { IdentityTable } from '../../../agent/correlate/waits/identities.ts';
import { type LockWait, lengthOf } from '../../../agent/correlate/waits/lock-wait.ts';
import { PendingTable } from '../../../agent/correlate/waits/pending.ts';

const REQUEST = { tgid: 7, goid: 35, handlerStart: 100 };

const wait = (start: number, end: number, of: Partial<LockWait> = {}): LockWait => ({
  ...REQUEST,
  parentGoid: 0,
  kind: 'mutex',
  lock: 64,
  start,
  end,
  asleep: [start],
  place: undefined,
  holder: undefined,
  ...of,
});

const ofChild = (start: number, end: number) =>
  wait(start, end, { goid: 90, handlerStart: Number.NaN, parentGoid: 35 });

describe('the waits of a request', () => {
  test('are summed by kind and handed out once, to it alone', () => {
    const table = new PendingTable();
    table.add(wait(110, 120), undefined);
    table.add(wait(130, 135, { kind: 'wait_group' }), undefined);
    table.add(wait(140, 160), undefined);
    expect(table.take({ ...REQUEST, handlerStart: 101 })).toBeUndefined();
    expect(table.take({ ...REQUEST, tgid: 8 })).toBeUndefined();
    const pending = table.take(REQUEST);
    expect(pending?.total).toEqual({ mutex: 30, wait_group: 5 });
    expect(pending?.longest.map(lengthOf)).toEqual([20, 10, 5]);
    expect(table.take(REQUEST)).toBeUndefined();
  });

  test('are all in the sums, and the eight longest one by one', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000), { minLength: 1, maxLength: 40 }), (lengths) => {
        const table = new PendingTable();
        for (const length of lengths) table.add(wait(110, 110 + length), undefined);
        const pending = table.take(REQUEST);
        expect(pending?.total.mutex).toBe(lengths.reduce((sum, length) => sum + length, 0));
        expect(pending?.longest.map(lengthOf)).toEqual(lengths.toSorted((a, b) => b - a).slice(0, 8));
      }),
    );
  });

  test('a wait that goes on takes the place of what was known of it', () => {
    const table = new PendingTable();
    const [first, whole] = [wait(110, 120), wait(110, 150)];
    table.add(first, undefined);
    table.add(whole, first);
    expect(table.take(REQUEST)).toEqual({ total: { mutex: 40 }, longest: [whole] });
  });
});

describe('the waits of goroutines that it started', () => {
  test('are those between its handler’s start and its end; older ones are forgotten, later ones kept', () => {
    const table = new PendingTable();
    for (const start of [50, 100, 150, 199, 200, 250]) table.add(ofChild(start, start + 5), undefined);
    const starts = (from: number, end: number) =>
      table.takeChildren({ ...REQUEST, handlerStart: from }, end).map(({ start }) => start);
    expect(starts(100, 200)).toEqual([100, 150, 199]);
    expect(starts(100, 200)).toEqual([]);
    expect(starts(200, 300)).toEqual([200, 250]);
    expect(table.take(REQUEST)).toBeUndefined();
  });

  test('of which nobody knows who started them are nobody’s', () => {
    const table = new PendingTable();
    table.add(wait(110, 120, { handlerStart: Number.NaN, parentGoid: 0 }), undefined);
    expect(table.takeChildren({ ...REQUEST, goid: 0 }, 1_000)).toEqual([]);
  });

  test('are the last 64 of each parent', () => {
    const table = new PendingTable();
    for (let i = 0; i < 1_000; i++) table.add(ofChild(100 + i, 101 + i), undefined);
    const starts = table.takeChildren(REQUEST, 10_000).map(({ start }) => start);
    expect(starts).toEqual(Array.from({ length: 64 }, (_, i) => 1_036 + i));
  });

  test('one that goes on takes the place of its first part', () => {
    const table = new PendingTable();
    const [first, whole] = [ofChild(110, 120), ofChild(110, 150)];
    table.add(first, undefined);
    table.add(whole, first);
    expect(table.takeChildren(REQUEST, 1_000)).toEqual([whole]);
  });
});

test('requests that never end are forgotten, the oldest first', () => {
  const table = new PendingTable();
  for (let goid = 1; goid <= 20_000; goid++) table.add(wait(110, 120, { goid }), undefined);
  expect(table.take({ ...REQUEST, goid: 1 })).toBeUndefined();
  expect(table.take({ ...REQUEST, goid: 20_000 })).toBeDefined();
  let kept = 0;
  for (let goid = 1; goid <= 20_000; goid++) if (table.take({ ...REQUEST, goid })) kept++;
  expect(kept).toBe(16_383);
});

test('a bounded map holds the last that were put into it', () => {
  const operations = fc.array(fc.tuple(fc.nat(30), fc.boolean()), { maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 16 }), operations, (limit, all) => {
      const map = new BoundedMap<number, number>(limit);
      let oracle: number[] = [];
      for (const [key, isSet] of all) {
        if (!isSet) {
          map.delete(key);
          oracle = oracle.filter((one) => one !== key);
        } else {
          map.set(key, key * 2);
          if (!oracle.includes(key)) oracle = [...oracle, key].slice(-limit);
        }
        expect([...map.keys()]).toEqual(oracle);
      }
      for (const [key, value] of map) expect(value).toBe(key * 2);
    }),
  );
});

describe('identities', () => {
  const identity = (name: string) => ({ traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), name });

  test('are those of one request of a goroutine', () => {
    const table = new IdentityTable();
    table.set(REQUEST, identity('GET /a'));
    expect(table.get(REQUEST)?.name).toBe('GET /a');
    expect(table.get({ ...REQUEST, handlerStart: 101 })).toBeUndefined();
    expect(table.get({ ...REQUEST, goid: 36 })).toBeUndefined();
    expect(table.get({ ...REQUEST, tgid: 8 })).toBeUndefined();
  });

  test('no request has none, even if one was given', () => {
    const table = new IdentityTable();
    table.set({ ...REQUEST, handlerStart: Number.NaN }, identity('GET /a'));
    expect(table.get({ ...REQUEST, handlerStart: Number.NaN })).toBeUndefined();
  });

  test('are bounded', () => {
    const table = new IdentityTable();
    for (let goid = 1; goid <= 10_000; goid++) table.set({ ...REQUEST, goid }, identity(`GET /${goid}`));
    expect(table.get({ ...REQUEST, goid: 1_808 })).toBeUndefined();
    expect(table.get({ ...REQUEST, goid: 1_809 })?.name).toBe('GET /1809');
  });
});
