import { expect, it } from 'vitest';
import type { SampledWaits } from '../../agent/correlate/sampled-waits.ts';
import { causeOf } from '../../agent/correlate/waits/cause.ts';
import type { RequestWaits, StateTimes } from '../../agent/correlate/waits/request-waits.ts';
import { waitingSpan } from '../cli/synthetic-waits.ts';
import { NO_WAITS } from './no-waits.ts';

const MS = 1e6;
const NO_STATES: StateTimes = {
  cpu: 0,
  scheduler: 0,
  mutex: 0,
  channel: 0,
  network: 0,
  syscall: 0,
  sleep: 0,
  gcAssist: 0,
  gcStw: 0,
  other: 0,
};
/** Everything that needs no samples is watched, and there was nothing. */
const QUIET: RequestWaits = { ...NO_WAITS, mutex: 0, waitGroup: 0, cond: 0, gcStw: 0, gcAssist: 0 };

function sampled(times: SampledWaits['times'], samples = 100, more: Partial<SampledWaits> = {}): SampledWaits {
  return { samples, times, where: undefined, children: undefined, ...more };
}

it('names the largest wait that is known exactly', () => {
  const { waits } = waitingSpan(3);
  expect(causeOf(waits, 100 * MS)).toEqual({
    time: 47_810_000,
    text: 'waited for the mutex at store.go:88, held by GET /report at report.go:19, trace 4bf92f35…',
  });
  expect(causeOf(QUIET, 100 * MS)).toBeUndefined();
});

it.each([
  ['cpu', 'on CPU'],
  ['scheduler', 'waited for a processor'],
  ['channel', 'waited for a channel'],
  ['network', 'waited for the network'],
  ['syscall', 'in a system call'],
  ['sleep', 'slept'],
  ['other', 'waited for something else'],
] as const)('--deep: %s', (state, text) => {
  const states = { ...NO_STATES, cpu: 10 * MS, [state]: 60 * MS };
  expect(causeOf({ ...QUIET, states }, 100 * MS)).toEqual({ time: 60 * MS, text });
});

it('--deep: a lock that took longer than the CPU is named, not the state', () => {
  const { waits } = waitingSpan(3);
  const states = { ...NO_STATES, mutex: 47 * MS, cpu: 40 * MS };
  expect(causeOf({ ...waits, states }, 100 * MS)?.text).toMatch(/^waited for the mutex at/);
  expect(causeOf({ ...waits, states: { ...states, cpu: 50 * MS } }, 100 * MS)?.text).toBe('on CPU');
});

it('--deep: a WaitGroup is not told twice', () => {
  const states = { ...NO_STATES, other: 60 * MS, cpu: 20 * MS };
  expect(causeOf({ ...QUIET, states, waitGroup: 55 * MS }, 100 * MS)).toBeUndefined();
});

it('says so where no mutex alone explains it, but all of them together', () => {
  expect(causeOf({ ...QUIET, mutex: 50 * MS }, 100 * MS)?.text).toBe('waited for mutexes, several times');
});

it('says that a cause is from samples, and where', () => {
  const where = { kind: 'channel', function: 'main.f', file: '/src/x.go', line: 12, time: 70 * MS } as const;
  expect(causeOf(QUIET, 100 * MS, sampled({ channel: 80 * MS, cpu: 20 * MS }, 100, { where }))).toEqual({
    time: 80 * MS,
    text: 'mostly waited for a channel at x.go:12 (sampled)',
    isEstimate: true,
  });
  // The place is that of another wait.
  expect(causeOf(QUIET, 100 * MS, sampled({ sleep: 40 * MS, channel: 35 * MS }, 100, { where }))?.text).toBe(
    'partly slept (sampled)',
  );
  expect(causeOf(QUIET, 100 * MS, sampled({ cpu: 100 * MS }))?.text).toBe('mostly on CPU (sampled)');
});

it('says nothing where too few samples could mean anything', () => {
  // Half of 4 samples: a quarter at the least. One of three and so on is chance.
  expect(causeOf(QUIET, 100 * MS, sampled({ cpu: 40 * MS, sleep: 30 * MS, network: 30 * MS }, 5))).toBeUndefined();
  expect(causeOf(QUIET, 100 * MS, sampled({ cpu: 40 * MS, sleep: 30 * MS }, 500))?.text).toBe(
    'partly on CPU (sampled)',
  );
  // Shorter than what counts as slow.
  expect(causeOf(QUIET, 0.15 * MS, sampled({ cpu: 0.15 * MS }))).toBeUndefined();
});

it('believes probes before samples', () => {
  const times = { mutex: 60 * MS, cpu: 40 * MS };
  expect(causeOf({ ...QUIET, mutex: 20 * MS }, 100 * MS, sampled(times))?.text).toBe('partly on CPU (sampled)');
  expect(causeOf({ ...QUIET, mutex: undefined }, 100 * MS, sampled(times))?.text).toBe(
    'mostly waited for a mutex (sampled)',
  );
  const group = { ...QUIET, waitGroup: 24 * MS };
  expect(causeOf(group, 100 * MS, sampled({ other: 45 * MS, cpu: 55 * MS }))?.text).toBe('mostly on CPU (sampled)');
  expect(causeOf(group, 100 * MS, sampled({ other: 45 * MS, sleep: 20 * MS }))).toBeUndefined();
});
