import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InOrder } from '../../../agent/backend/bpftrace/in-order.ts';
import { REQUEST, RequestFlag } from '../../../agent/record/layout.ts';

function numbered(number: number): Buffer {
  const bytes = Buffer.alloc(REQUEST.size);
  bytes.writeUInt32LE(number);
  return bytes;
}

test('what is late by no more than a tick comes out in order, and all of it', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.nat(99), { maxLength: 20 }), { maxLength: 20 }), (ticks) => {
      const out: number[] = [];
      const order = new InOrder((bytes) => out.push(bytes.readUInt32LE()));
      // Times of a tick are not older than those of the tick before the last one.
      const times = ticks.map((list, tick) => list.map((time) => tick * 100 + time));
      for (const list of times) {
        for (const time of list) order.add(numbered(time), REQUEST.size, { time });
        order.tick();
      }
      order.flush();
      expect(out).toEqual(times.flat().sort((a, b) => a - b));
    }),
  );
});

test('nothing is held for longer than two ticks', () => {
  const out: number[] = [];
  const order = new InOrder((bytes) => out.push(bytes.readUInt32LE()));
  order.add(numbered(1), REQUEST.size, { time: 1 });
  order.tick();
  order.tick();
  expect(out).toEqual([1]);
});

test('a request of whose waits one is missing says so', () => {
  const flags: number[] = [];
  const order = new InOrder((bytes) => flags.push(bytes.readUInt16LE(REQUEST.flags)));
  const goroutine = '7 1000';
  order.add(numbered(0), REQUEST.size, { time: 1100, goroutine });
  order.add(numbered(1), REQUEST.size, { time: 1200, goroutine, waits: 1 });
  order.add(numbered(2), REQUEST.size, { time: 1300, goroutine: '7 1250', waits: 1 });
  order.flush();
  expect(flags).toEqual([0, 0, RequestFlag.waitsCut]);
});

test('a request is held for a wait that comes late, and not for ever', () => {
  const out: number[] = [];
  const order = new InOrder((bytes) => out.push(bytes.readUInt16LE(REQUEST.flags)));
  const ticks = (count: number) => {
    for (let tick = 0; tick < count; tick++) order.tick();
  };
  const goroutine = '7 1000';
  order.add(numbered(0), REQUEST.size, { time: 1200, goroutine, waits: 1 });
  ticks(10);
  expect(out).toEqual([]);
  order.add(numbered(0), REQUEST.size, { time: 1100, goroutine });
  ticks(2);
  expect(out).toEqual([0, 0]);
  order.add(numbered(0), REQUEST.size, { time: 1400, goroutine: '7 1300', waits: 1 });
  ticks(100);
  expect(out).toEqual([0, 0, RequestFlag.waitsCut]);
});
