import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinClosest } from '../../agent/probe/sync-text.ts';

const range = fc
  .tuple(fc.nat(1e6), fc.integer({ min: 1, max: 500 }))
  .map(([start, size]) => ({ start, end: start + size }));

test('stretches hold all that is asked for, and no more of them than fit; the longest comes first', () => {
  fc.assert(
    fc.property(fc.uniqueArray(range, { minLength: 1, maxLength: 60, selector: ({ start }) => start }), (ranges) => {
      const joined = joinClosest(ranges, 8);
      expect(joined.length).toBeLessThanOrEqual(8);
      for (const { start, end } of ranges) {
        expect(joined.some((one) => start >= one.start && end <= one.end)).toBe(true);
      }
      const sizes = joined.map(({ start, end }) => end - start);
      expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
    }),
  );
});

test('they are cut at the widest gaps', () => {
  const ranges = [0, 10, 1000, 1010, 500].map((start) => ({ start, end: start + 5 }));
  expect(joinClosest(ranges, 3)).toEqual([
    { start: 0, end: 15 },
    { start: 1000, end: 1015 },
    { start: 500, end: 505 },
  ]);
  expect(joinClosest(ranges, 1)).toEqual([{ start: 0, end: 1015 }]);
  expect(joinClosest([], 3)).toEqual([]);
});
