import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GC_CYCLE_END, GcBook } from '../../../agent/correlate/waits/gc-report.ts';
import { type Pause, PauseTable, pauseOf } from '../../../agent/correlate/waits/pauses.ts';
import { openGoBinary } from '../../../agent/gobinary/open.ts';
import type { PauseRecord } from '../../../agent/record/decode-waits.ts';
import { buildFixture, PLAIN } from '../../gobinary/fixture.ts';
import { toolchains } from '../../probe/toolchains.ts';

const record = (of: Partial<PauseRecord>): PauseRecord => ({
  tgid: 7,
  reason: undefined,
  text: '',
  start: 10,
  end: 90,
  byRuntime: 0,
  ...of,
});

const pause = (start: number, end: number): Pause => pauseOf(record({ start, end }));

describe('the reason of a pause', () => {
  test.each<[string, Partial<PauseRecord>, string, boolean]>([
    ['mark termination', { reason: 1 }, 'GC mark termination', true],
    ['sweep termination', { reason: 2 }, 'GC sweep termination', true],
    ['another', { reason: 7 }, 'read mem stats', false],
    ['none that we know', { reason: 99 }, 'reason 99', false],
    ['before Go 1.21: the end of marking', { text: 'gcing' }, 'GC mark termination', true],
    ['before Go 1.21: the start of a cycle, when nothing was noted yet', { text: '' }, 'GC sweep termination', true],
    ['before Go 1.21: another', { text: 'stopTheWorld' }, 'stopTheWorld', false],
    ['a text that would write to a terminal', { text: '\u001b[2J' }, '\ufffd[2J', false],
    ['a text that is a name of objects', { text: '__proto__' }, '__proto__', false],
    ['a text that is another', { text: 'constructor' }, 'constructor', false],
  ])('%s', (_, of, reason, isGc) => {
    expect(pauseOf(record(of))).toMatchObject({ start: 10, end: 90, reason, isGc });
  });

  test('its length by the runtime’s account, or as it was seen', () => {
    expect(pauseOf(record({ byRuntime: 70 })).byRuntime).toBe(70);
    expect(pauseOf(record({})).byRuntime).toBe(80);
  });

  test.each([{ version: 'default', go: 'go', minor: 26 }, ...toolchains().filter(({ minor }) => minor >= 21)])(
    'is in the words of the runtime of go$version',
    { timeout: 300_000 },
    ({ go, version }) => {
      const binary = openGoBinary(buildFixture(PLAIN, go, version === 'default' ? version : `go${version}`));
      const words = binary.stwReasons() ?? [];
      binary.close();
      expect(words.length).toBeGreaterThan(2);
      const known = words.map((_, reason) => pauseOf(record({ reason })).reason);
      // What follows the texts in memory may be texts as well.
      const ours = known.findIndex((text) => text.startsWith('reason '));
      const count = ours === -1 ? known.length : ours;
      expect(count).toBeGreaterThanOrEqual(12);
      expect(known.slice(0, count)).toEqual(words.slice(0, count));
    },
  );
});

describe('pauses within a stretch of time', () => {
  const table = (pauses: readonly Pause[]): PauseTable => {
    const made = new PauseTable();
    for (const one of pauses) made.add(7, one);
    return made;
  };

  test('are cut to it, latest first', () => {
    const found = table([pause(0, 20), pause(30, 40), pause(50, 99)]).within(7, 10, 60);
    expect(found.map(({ start, end }) => [start, end])).toEqual([
      [50, 60],
      [30, 40],
      [10, 20],
    ]);
  });

  test('do not include those that only touch it, nor those of others', () => {
    const touching = table([pause(0, 10), pause(60, 70)]);
    expect(touching.within(7, 10, 60)).toEqual([]);
    expect(touching.within(8, 0, 60)).toEqual([]);
    touching.forget(7);
    expect(touching.within(7, 0, 60)).toEqual([]);
  });

  test('overlap to the nanosecond, as counted one by one', () => {
    const gaps = fc.array(fc.tuple(fc.nat(6), fc.integer({ min: 1, max: 6 })), { maxLength: 20 });
    fc.assert(
      fc.property(
        gaps,
        fc.nat(120),
        fc.integer({ min: 1, max: 60 }),
        fc.nat(2 ** 40),
        (lengths, from, length, offset) => {
          const stopped = new Set<number>();
          const pauses: Pause[] = [];
          let at = 0;
          for (const [gap, time] of lengths) {
            pauses.push(pause(offset + at + gap, offset + at + gap + time));
            for (let ns = at + gap; ns < at + gap + time; ns++) stopped.add(ns);
            at += gap + time;
          }
          let expected = 0;
          for (let ns = from; ns < from + length; ns++) if (stopped.has(ns)) expected++;
          const found = table(pauses).within(7, offset + from, offset + from + length);
          expect(found.reduce((sum, { start, end }) => sum + end - start, 0)).toBe(expected);
          for (const { start, end } of found) expect(end).toBeGreaterThan(start);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('the recent ones are remembered, and no more', () => {
    const many = table(Array.from({ length: 100_000 }, (_, i) => pause(10 * i, 10 * i + 5)));
    const found = many.within(7, 0, 1_000_000);
    expect(found.length).toBeGreaterThanOrEqual(1_024);
    expect(found.length).toBeLessThanOrEqual(2_048);
    expect(found[0]).toMatchObject({ start: 999_990, end: 999_995 });
  });
});

describe('the book of pauses', () => {
  test('adds up by reason, longest total first, and by request', () => {
    const book = new GcBook();
    book.pause(pauseOf(record({ reason: 1, start: 0, end: 10, byRuntime: 8 })));
    book.pause(pauseOf(record({ reason: 1, start: 20, end: 50, byRuntime: 27 })));
    book.pause(pauseOf(record({ reason: 7, start: 60, end: 160 })));
    for (const stopped of [0, 10, 30]) book.request(stopped);
    expect(book.report()).toEqual({
      cycles: 2,
      pauses: [
        { reason: 'read mem stats', isGc: false, count: 1, total: 100, byRuntime: 100, longest: 100 },
        { reason: GC_CYCLE_END, isGc: true, count: 2, total: 40, byRuntime: 35, longest: 30 },
      ],
      requests: 3,
      touched: 2,
      touchedTotal: 40,
      touchedLongest: 30,
    });
  });

  test('keeps few reasons, whatever a program gives as one, and loses no time', () => {
    const book = new GcBook();
    for (let i = 0; i < 10_000; i++) book.pause(pauseOf(record({ text: `reason-${i}`, start: 0, end: 10 })));
    book.pause(pauseOf(record({ text: 'gcing', start: 0, end: 10 })));
    const { pauses, cycles } = book.report();
    expect(pauses.length).toBeLessThanOrEqual(64);
    expect(pauses.reduce((sum, { total }) => sum + total, 0)).toBe(100_010);
    expect(pauses.reduce((sum, { count }) => sum + count, 0)).toBe(10_001);
    expect(cycles).toBe(1);
  });
});
