import { expect, test } from 'vitest';
import { RuntimeLockTotals } from '../../agent/session/runtime-locks.ts';

const record = (tgid: number, totalNs: number, longestNs: number, ...buckets: number[]) => ({
  tgid,
  totalNs,
  longestNs,
  buckets,
});

test('unknown until a target is watched; then sums, and the longest of all', () => {
  const totals = new RuntimeLockTotals();
  expect(totals.report()).toBeUndefined();
  totals.take(record(1, 0, 0, 0, 0));
  expect(totals.report()).toEqual({ count: 0, total: 0, longest: 0 });
  totals.take(record(1, 500, 300, 2, 1));
  totals.take(record(2, 90, 90, 0, 1));
  expect(totals.report()).toEqual({ count: 4, total: 590, longest: 300 });
});

test('a target that ends, or that the loader begins anew with, stays counted', () => {
  const totals = new RuntimeLockTotals();
  totals.take(record(1, 500, 300, 2, 1));
  totals.end(1);
  totals.end(7);
  totals.take(record(1, 10, 10, 1, 0));
  expect(totals.report()).toEqual({ count: 4, total: 510, longest: 300 });
});
