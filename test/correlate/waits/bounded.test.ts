import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RecordError } from '../../../agent/record/error.ts';
import { Tag } from '../../../agent/record/layout.ts';
import { buildRequest, plainRequest } from '../../record/build-record.ts';
import { EVERYTHING, Scene, STORE, type Way } from './scene.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const MB = 1 << 20;
const WAYS: readonly Way[] = ['mutex', 'read', 'write', 'writers', 'group', 'cond'];

/** The same numbers in every run: xorshift. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Records as they come, of everything and of requests that mostly never end. */
function feed(scene: Scene, count: number, seed: number): void {
  const random = numbers(seed);
  for (let i = 0; i < count; i++) {
    const at = 1_000 * (seed * count + i) + random(1_000);
    const goroutine = { tgid: 1 + random(3), goid: 1 + random(1 << 28) };
    const lock = STORE + 64 * random(1 << 20);
    const handlerStart = random(2) === 0 ? 1 + at - random(1_000) : 0;
    switch (random(5)) {
      case 0:
        scene.pause({ tgid: goroutine.tgid, text: `reason-${random(1 << 30)}`, start: at, end: at + random(100) });
        break;
      case 1:
        scene.release({ ...goroutine, lock, handlerStart, time: at, lostBefore: random(1_000) === 0 });
        break;
      case 2:
        scene.preview({ ...goroutine, uri: `/${random(100)}`, start: handlerStart + 1, end: at + 2 });
        break;
      default:
        scene.wait({
          ...goroutine,
          parentGoid: random(1 << 28),
          way: WAYS[random(WAYS.length)] ?? 'mutex',
          lock,
          handlerStart,
          start: at,
          end: at + random(1_000_000),
          again: random(4) === 0,
        });
    }
  }
}

const used = (): number => {
  collect();
  return process.memoryUsage().heapUsed;
};

test('100,000 random records after 100,000 others take no more memory, and little altogether', () => {
  const scene = new Scene();
  const before = used();
  feed(scene, 100_000, 1);
  const full = used();
  feed(scene, 100_000, 2);
  const after = used();
  expect((full - before) / MB).toBeLessThan(100);
  expect((after - full) / MB).toBeLessThan(10);
  const { locks, gc } = scene.correlator.waits.report();
  expect(locks.length).toBeLessThanOrEqual(512);
  expect(gc.pauses.length).toBeLessThanOrEqual(64);
  for (const { waitedAt, heldAt, waiting, holding } of locks) {
    for (const tallies of [waitedAt, heldAt, waiting, holding]) expect(tallies.length).toBeLessThanOrEqual(16);
  }
});

test('one lock, one goroutine, one request: neither grows with its waits', () => {
  const scene = new Scene();
  const before = used();
  for (let i = 0; i < 100_000; i++) {
    scene.release({ goid: 9, time: 10 * i + 2 });
    scene.wait({ goid: 35, handlerStart: 1, start: 10 * i + 1, end: 10 * i + 8, again: i > 0 });
  }
  const grown = used() - before;
  const { waits } = scene.request({ start: 1, end: 2_000_000 });
  expect(grown / MB).toBeLessThan(10);
  expect(waits.mutex).toBe(999_997);
  expect(waits.locks).toHaveLength(1);
  expect(waits.locks[0]?.asleep.length).toBeLessThanOrEqual(32);
});

describe('random bytes', () => {
  const attempt = (run: () => void) => {
    try {
      run();
    } catch (error) {
      expect(error).toBeInstanceOf(RecordError);
    }
  };

  test('as pauses, waits and releases are an error or are taken', () => {
    const scene = new Scene();
    const { waits } = scene.correlator;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (random) => {
        const bytes = Buffer.from(random);
        attempt(() => waits.pause(bytes, 0, bytes.length));
        attempt(() => waits.wait(bytes, 0, bytes.length));
        attempt(() => waits.release(bytes, 0, bytes.length));
        waits.report();
      }),
      { numRuns: 5_000 },
    );
  });

  test('as what a request carries of waits give a span', () => {
    const field = fc.record({
      tag: fc.constantFrom(Tag.waits, Tag.clientGone, Tag.pauseOpen),
      value: fc.uint8Array({ maxLength: 96 }).map((random) => Buffer.from(random)),
    });
    const scenes = [new Scene(), new Scene({ ...EVERYTHING, scheduler: true })];
    fc.assert(
      fc.property(fc.array(field, { maxLength: 4 }), (fields) => {
        // The buffer ends with the record: reading far past the last field is an error of another kind.
        const bytes = buildRequest(plainRequest({ fields }));
        const length = bytes.length;
        for (const scene of scenes) expect(scene.correlator.request(bytes, 0, length)).toBeDefined();
      }),
      { numRuns: 2_000 },
    );
  });
});
