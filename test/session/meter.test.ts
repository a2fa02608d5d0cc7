import { expect, test } from 'vitest';
import { Meter } from '../../agent/session/meter.ts';
import { addCounts, noCounts } from '../../agent/session/totals.ts';
import { NO_WAIT_REPORT } from '../correlate/no-waits.ts';

const INPUTS = {
  targetPids: [],
  loaderPid: undefined,
  shown: 0,
  exported: 0,
  losses: {},
  sampleRatio: 1,
  waits: NO_WAIT_REPORT,
  runtimeLocks: undefined,
  panics: { all: 0, ofRequests: 0 },
} as const;

function counted(time: number, finished: number, overload = 0) {
  const lost = [0, 0, overload, 0, 0, 0, 0, 0];
  return { ...noCounts(time), hits: [finished, ...new Array<number>(15).fill(0)], finished, lost, unitNs: 1_000 };
}

test('the first reading counts from the start of the session', () => {
  const stats = new Meter(0).read(counted(5e8, 100), INPUTS);
  expect(stats.totals.finished).toBe(100);
  expect(stats.cost.hitsPerSecond).toBe(200);
  expect(stats.cost.coreShare).toBeCloseTo((100 * 1_000) / 5e8);
});

test('a rate is over the last interval, not over the session', () => {
  const meter = new Meter(0);
  meter.read(counted(1e9, 100), INPUTS);
  expect(meter.read(counted(2e9, 400), INPUTS).cost.hitsPerSecond).toBe(300);
});

test('what was counted before a restart of the loader stays counted', () => {
  const meter = new Meter(0);
  meter.read(counted(1e9, 100, 3), INPUTS);
  meter.restarted();
  const stats = meter.read(counted(2e9, 10, 1), INPUTS);
  expect(stats.totals.finished).toBe(110);
  expect(stats.losses).toEqual({ overload: 4 });
  expect(stats.cost.hitsPerSecond).toBe(10);
});

test('histograms are added bucket by bucket', () => {
  const one = noCounts(1);
  const two = { ...noCounts(2), histogram: noCounts(2).histogram.map((row) => row.map((_, bucket) => bucket)) };
  expect(addCounts(two, addCounts(one, two)).histogram[2]?.[7]).toBe(14);
});
