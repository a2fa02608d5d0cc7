import { describe, expect, test } from 'vitest';
import type { GoBinary } from '../../agent/gobinary/binary.ts';
import { openGoBinary } from '../../agent/gobinary/open.ts';
import { hasMutexReason, reasonWaits, WAITS, waitOfReason } from '../../agent/probe/reason-waits.ts';
import { MAX_REASONS, WaitWord } from '../../agent/record/layout.ts';
import { buildFixture, STRIPPED } from '../gobinary/fixture.ts';
import { toolchains } from './toolchains.ts';

// test/record/layout.test.ts holds both against `enum wait` of bpf/record.h.
test('the order of waits is that of the words of a request', () => {
  const words = Object.entries(WaitWord).filter(([name]) => name !== 'max');
  const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  expect(words.map(([name]) => snake(name))).toEqual([...WAITS]);
  expect(words.map(([, index]) => index)).toEqual([...WAITS.keys()]);
  expect(WaitWord.max).toBe(WAITS.length);
});

test.each([
  ['IO wait', 'network'],
  ['sleep', 'sleep'],
  ['chan receive', 'channel'],
  ['chan send (nil chan)', 'channel'],
  ['chan receive (synctest)', 'channel'],
  ['select', 'channel'],
  ['select (no cases)', 'channel'],
  ['selecting', 'other'],
  ['sync.Mutex.Lock', 'mutex'],
  ['sync.RWMutex.RLock', 'mutex'],
  ['sync.RWMutex.Lock', 'mutex'],
  ['sync.WaitGroup.Wait', 'other'],
  ['sync.Cond.Wait', 'other'],
  ['GC assist marking', 'gc_assist'],
  ['GC assist wait', 'gc_assist'],
  ['GC worker (idle)', 'other'],
  ['preempted', 'scheduler'],
  ['semacquire', 'other'],
  ['', 'other'],
])('%s is %s', (reason, wait) => {
  expect(waitOfReason(reason)).toBe(wait);
});

const withReasons = (reasons: readonly string[] | undefined) => ({ waitReasons: () => reasons }) as GoBinary;
const named = (reasons: readonly string[]) => reasonWaits(withReasons(reasons))?.map((wait) => WAITS[wait]);

describe('the reasons of a binary', () => {
  test('that are not found give nothing', () => {
    expect(reasonWaits(withReasons(undefined))).toBeUndefined();
  });

  test('before Go 1.20: mutexes wait as `semacquire`', () => {
    expect(named(['', 'semacquire', 'sleep'])).toEqual(['other', 'mutex', 'sleep']);
  });

  test('later `semacquire` is none', () => {
    expect(named(['', 'semacquire', 'sync.Mutex.Lock'])).toEqual(['other', 'other', 'mutex']);
  });

  test.each([{ version: 'default', go: 'go', minor: 26 }, ...toolchains()])(
    'of go$version have room in the kernel, and each kind of wait has one',
    { timeout: 300_000 },
    ({ go, version, minor }) => {
      const binary = openGoBinary(buildFixture(STRIPPED, go, version === 'default' ? version : `go${version}`));
      const reasons = binary.waitReasons() ?? [];
      const waits = reasonWaits(binary) ?? [];
      binary.close();
      expect(waits).toHaveLength(reasons.length);
      expect(reasons.length).toBeLessThanOrEqual(MAX_REASONS);
      expect(hasMutexReason(reasons)).toBe(minor >= 20);
      const kinds = new Set(waits.map((wait) => WAITS[wait]));
      for (const kind of ['gc_assist', 'mutex', 'channel', 'network', 'sleep', 'scheduler', 'other']) {
        expect([...kinds]).toContain(kind);
      }
    },
  );
});
