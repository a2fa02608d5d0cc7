import { describe, expect, test } from 'vitest';
import { EndedRequests } from '../../agent/correlate/ended-requests.ts';
import { SampleTable } from '../../agent/correlate/samples.ts';
import { WaitKinds } from '../../agent/correlate/wait-kind.ts';
import { RecordError } from '../../agent/record/error.ts';
import { SAMPLE, SAMPLE_SAME_STACK, SAMPLES } from '../../agent/record/layout.ts';
import { timeBase } from '../../agent/record/time-base.ts';

const REASONS = ['', 'GC assist marking', 'IO wait', 'sleep', 'sync.Mutex.Lock', 'semacquire', 'chan receive'];
const MS = 1e6;
const START = 1000 * MS;
const REQUEST = { tgid: 7, goid: 21, handlerStart: START, handlerEnd: START + 100 * MS };

interface Given {
  readonly at: number;
  readonly status?: number;
  readonly reason?: number;
  readonly goid?: number;
  readonly child?: number;
  readonly absent?: number;
  /** Undefined: as before. */
  readonly stack?: readonly number[] | undefined;
}

/** A REC_SAMPLES record; times in ms after the request's start. */
function record(given: readonly Given[]): Buffer {
  const parts = given.map(({ at, status = 4, reason = 3, goid = 21, child = 0, absent = 0, stack = [] }) => {
    const bytes = Buffer.alloc(SAMPLE.size + 8 * stack.length);
    bytes.writeBigUInt64LE(BigInt(goid), SAMPLE.goid);
    bytes.writeBigUInt64LE(BigInt(START), SAMPLE.handlerStart);
    bytes.writeBigUInt64LE(BigInt(child), SAMPLE.child);
    bytes.writeBigUInt64LE(BigInt(absent), SAMPLE.childAbsent);
    bytes.writeUInt32LE(at * MS, SAMPLE.since);
    bytes.writeUInt16LE(status, SAMPLE.status);
    bytes.writeUInt8(reason, SAMPLE.reason);
    bytes.writeUInt8(stack.length, SAMPLE.depth);
    for (const [i, address] of stack.entries()) bytes.writeBigUInt64LE(BigInt(address), SAMPLE.size + 8 * i);
    return bytes;
  });
  const head = Buffer.alloc(SAMPLES.size);
  head.writeUInt32LE(7, SAMPLES.tgid);
  head.writeUInt32LE(given.length, SAMPLES.count);
  head.writeBigUInt64LE(BigInt(START), SAMPLES.time);
  head.writeBigUInt64LE(BigInt(10 * MS), SAMPLES.periodNs);
  return Buffer.concat([head, ...parts]);
}

/** Addresses below 100 are in the runtime. */
function table(ended = new EndedRequests()): SampleTable {
  const frames = (address: number) => {
    const name = address < 100 ? 'runtime.gopark' : `main.f${Math.floor(address / 100)}`;
    return [{ function: name, file: '/main.go', line: address, inlined: false }];
  };
  const resolver = { typeAt: () => undefined, frames };
  return new SampleTable({ base: timeBase(0n), resolverOf: () => resolver, waitReasonsOf: () => REASONS }, ended);
}

function add(to: SampleTable, given: readonly Given[]): void {
  const bytes = record(given);
  to.add(bytes, 0, bytes.length);
}

const every10 = (n: number, given: Partial<Given> = {}): Given[] =>
  Array.from({ length: n }, (_, i) => ({ at: 10 * i + 5, ...given }));

describe('samples of a request', () => {
  test('are shares of its handler, by the program’s own reasons', () => {
    const samples = table();
    add(samples, [
      ...every10(6),
      ...every10(2, { status: 2 }),
      ...every10(1, { reason: 2 }),
      ...every10(1, { status: 1 }),
    ]);
    expect(samples.take(REQUEST)).toMatchObject({
      samples: 10,
      times: { sleep: 60 * MS, cpu: 20 * MS, network: 10 * MS, scheduler: 10 * MS },
    });
    expect(samples.take(REQUEST)).toBeUndefined();
  });

  test('say nothing when they are too few, or of another request', () => {
    const samples = table();
    add(samples, every10(3));
    expect(samples.take(REQUEST)).toBeUndefined();
    add(samples, every10(9, { goid: 22 }));
    expect(samples.take(REQUEST)).toBeUndefined();
  });

  test('one that was taken after the handler had returned does not count', () => {
    const samples = table();
    add(samples, [...every10(8), { at: 101, reason: 2 }]);
    expect(samples.take(REQUEST)).toMatchObject({ samples: 8, times: { sleep: 100 * MS } });
  });

  test('name the line outside of the runtime where it waited most', () => {
    const samples = table();
    add(samples, [...every10(3, { stack: [10, 51, 201] }), ...every10(5, { stack: [10, 51, 301] })]);
    const waits = samples.take(REQUEST);
    // The address before a return address belongs to the call.
    expect(waits?.where).toEqual({ kind: 'sleep', function: 'main.f3', file: '/main.go', line: 300, time: 62.5 * MS });
  });

  test('a stack that is not sent again is the one before', () => {
    const samples = table();
    const bytes = record([{ at: 5, stack: [201] }, ...every10(4)]);
    for (let i = 0; i < 4; i++)
      bytes[SAMPLES.size + SAMPLE.size + 8 + i * SAMPLE.size + SAMPLE.depth] = SAMPLE_SAME_STACK;
    samples.add(bytes, 0, bytes.length);
    expect(samples.take(REQUEST)?.where).toMatchObject({ line: 201, time: 100 * MS });
  });

  test('a child counts only if it was not there when the request before had ended', () => {
    const ended = new EndedRequests();
    ended.note(7, 21, START - 50 * MS);
    const samples = table(ended);
    add(samples, every10(10));
    add(samples, every10(5, { child: 30, absent: START - 10 * MS }));
    add(samples, every10(5, { child: 31, absent: START - 60 * MS }));
    add(samples, every10(5, { child: 32 }));
    expect(samples.take(REQUEST)?.children).toEqual({ goroutines: 1, samples: 5, times: { sleep: 50 * MS } });
  });

  test('a record that is cut off is an error', () => {
    const bytes = record(every10(2, { stack: [1, 2] }));
    for (const length of [10, SAMPLES.size + 4, bytes.length - 1]) {
      expect(() => table().add(bytes, 0, length)).toThrow(RecordError);
    }
  });
});

test('before Go 1.20 a wait group is told from a mutex by its stack', () => {
  const old = new WaitKinds(['', 'semacquire']);
  expect(old.of(4, 1, () => true)).toBe('other');
  expect(old.of(4, 1, () => false)).toBe('mutex');
  const later = new WaitKinds(REASONS);
  expect(later.of(4, 5, () => false)).toBe('other');
  expect(later.of(4, 4, () => false)).toBe('mutex');
  expect(later.of(4, 200, () => false)).toBe('other');
});
