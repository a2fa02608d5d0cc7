import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RequestDecoder } from '../../agent/record/decode.ts';
import { decodeGoroutines } from '../../agent/record/decode-goroutines.ts';
import { decodeSamples, type Sample, stackAddresses } from '../../agent/record/decode-samples.ts';
import { decodePause, WaitDecoder } from '../../agent/record/decode-waits.ts';
import { RecordError } from '../../agent/record/error.ts';
import { PAUSE, RELEASE, SAMPLE, SAMPLES, Tag, WAIT, WaitWord } from '../../agent/record/layout.ts';
import { timeBase } from '../../agent/record/time-base.ts';
import { BASE, buildRequest, plainRequest } from './build-record.ts';
import { buildGoroutines, buildPause, buildRelease, buildSamples, buildWait } from './build-waits.ts';

const TIME = timeBase(BASE);

const pause = (bytes: Buffer, end = bytes.length) => decodePause(bytes, 0, end, TIME);
const wait = (bytes: Buffer, end = bytes.length) => new WaitDecoder(TIME).wait(bytes, 0, end);
const release = (bytes: Buffer, end = bytes.length) => new WaitDecoder(TIME).release(bytes, 0, end);
const goroutines = (bytes: Buffer, end = bytes.length) => decodeGoroutines(bytes, 0, end, TIME);

function samples(bytes: Buffer, end = bytes.length): Sample[] {
  const all: Sample[] = [];
  decodeSamples(bytes, 0, end, TIME, (sample) => all.push({ ...sample }));
  return all;
}

const SAMPLED = buildSamples(BASE + 1_000n, 10_000n, [
  { goid: 21, handlerStart: BASE + 7n, since: 500, status: 4, reason: 9, stack: [0x401000, 0x402001] },
  { goid: 21, handlerStart: BASE + 7n, since: 900, status: 4, reason: 9, stack: 'same' },
  { goid: 21, handlerStart: BASE + 7n, child: 30, childAbsent: BASE + 8n, gopc: 0x405000, since: 1_200, status: 2 },
]);

const LISTED = buildGoroutines({
  time: BASE + 6n,
  listed: 12,
  lookedAt: 11,
  byStatus: [0, 1, 2, 3, 4, 0, 1],
  more: true,
  sites: [
    { gopc: 0x401005, parent: 35, count: 3, ofFlight: true },
    { gopc: 0x402005, count: 2, parentsCut: true },
  ],
});

/** One whole record of each type, and what reads it. */
const RECORDS: readonly (readonly [string, Buffer, (bytes: Buffer, end?: number) => unknown])[] = [
  ['a pause', buildPause({ reason: 2, start: BASE + 10n, end: BASE + 90n }), pause],
  ['a wait', buildWait({ start: BASE + 10n, end: BASE + 90n, stack: [1, 2, 3] }), wait],
  ['a release', buildRelease({ time: BASE + 10n, stack: [1, 2, 3] }), release],
  ['samples', SAMPLED, samples],
  ['goroutines', LISTED, goroutines],
];

describe('a pause', () => {
  test('with a reason', () => {
    const bytes = buildPause({ tgid: 7, reason: 2, start: BASE + 10n, end: BASE + 90n, byRuntime: 75n });
    expect(pause(bytes)).toEqual({ tgid: 7, reason: 2, text: '', start: 10, end: 90, byRuntime: 75 });
  });

  test('with a text that fills its room, and with none', () => {
    expect(pause(buildPause({ text: 'gcing' }))).toMatchObject({ reason: undefined, text: 'gcing' });
    expect(pause(buildPause({ text: 'x'.repeat(40) })).text).toBe('x'.repeat(32));
    expect(pause(buildPause({})).text).toBe('');
  });

  test('what stands behind the end of its text is not read', () => {
    const bytes = buildPause({ text: 'gcing\0\nold' });
    expect(pause(bytes).text).toBe('gcing');
  });
});

describe('a wait', () => {
  test('of a request', () => {
    const bytes = buildWait({
      tgid: 7,
      goid: 2 ** 40,
      parentGoid: 12,
      handlerStart: BASE + 3n,
      addr: 0xc000_1234_58,
      start: BASE + 10n,
      end: BASE + 90n,
      again: true,
      stack: [0x401000, 0x402000],
    });
    expect(wait(bytes)).toEqual({
      tgid: 7,
      kind: 'semaphore',
      goid: 2 ** 40,
      parentGoid: 12,
      handlerStart: 3,
      address: 0xc000_1234_58,
      start: 10,
      end: 90,
      again: true,
      stack: [0x401000, 0x402000],
    });
  });

  test('of no request, for a condition', () => {
    const decoded = wait(buildWait({ kind: 'cond' }));
    expect(decoded).toMatchObject({ kind: 'cond', handlerStart: Number.NaN, again: false, stack: [] });
  });

  test('owns its memory', () => {
    const bytes = buildWait({ stack: [0x401000] });
    const decoded = wait(bytes);
    bytes.fill(0xff);
    expect(decoded.stack).toEqual([0x401000]);
  });

  test('the stack of the record before is not seen', () => {
    const decoder = new WaitDecoder(TIME);
    const first = buildWait({ stack: [0x401000] });
    const second = buildWait({}).subarray(0, WAIT.size);
    second.writeUInt32LE(0, WAIT.dataLen);
    expect(decoder.wait(first, 0, first.length).stack).toEqual([0x401000]);
    expect(decoder.wait(second, 0, second.length).stack).toEqual([]);
  });
});

test('a release', () => {
  const bytes = buildRelease({ goid: 9, handlerStart: BASE + 3n, addr: 64, time: BASE + 5n, stack: [1, 2] });
  expect(release(bytes)).toEqual({
    tgid: 4242,
    goid: 9,
    parentGoid: 0,
    handlerStart: 3,
    address: 64,
    time: 5,
    lostBefore: false,
    stack: [1, 2],
  });
  expect(release(buildRelease({ lostBefore: true })).lostBefore).toBe(true);
});

test('samples', () => {
  const [first, second, child, ...rest] = samples(SAMPLED);
  expect(first).toMatchObject({
    tgid: 4242,
    goid: 21,
    handlerStart: 7,
    child: 0,
    childAbsent: Number.NaN,
    time: 1_500,
    periodNs: 10_000,
    status: 4,
    reason: 9,
  });
  expect(stackAddresses(first?.stack ?? '')).toEqual([0x401000, 0x402001]);
  expect(second).toMatchObject({ time: 1_900, stack: undefined });
  expect(child).toMatchObject({ child: 30, childAbsent: 8, gopc: 0x405000, time: 2_200, stack: '' });
  expect(rest).toEqual([]);
});

test('goroutines', () => {
  expect(goroutines(LISTED)).toEqual({
    tgid: 4242,
    time: 6,
    listed: 12,
    lookedAt: 11,
    byStatus: [0, 1, 2, 3, 4, 0, 1, ...Array(9).fill(0)],
    more: true,
    sites: [
      { gopc: 0x401005, parent: 35, count: 3, ofFlight: true, parentsCut: false },
      { gopc: 0x402005, parent: 0, count: 2, ofFlight: false, parentsCut: true },
    ],
  });
});

describe.each(RECORDS)('%s', (_, whole, decode) => {
  test('is refused at every length that is too short, also where another record follows', () => {
    for (let length = 0; length < whole.length; length++) {
      expect(() => decode(whole.subarray(0, length)), `${length} bytes`).toThrow(RecordError);
      expect(() => decode(whole, length), `${length} bytes of more`).toThrow(RecordError);
    }
  });

  test('reads the same wherever it lies in a buffer', () => {
    const shifted = Buffer.concat([Buffer.alloc(13, 0xff), whole, Buffer.alloc(5, 0xff)]).subarray(
      13,
      13 + whole.length,
    );
    expect(decode(shifted)).toEqual(decode(whole));
  });

  test('with damage is an error or a record', () => {
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 });
    fc.assert(
      fc.property(fc.nat(whole.length), damage, (length, changes) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        expectErrorOrResult(() => decode(bytes.subarray(0, length)));
      }),
      { numRuns: 2_000 },
    );
  });

  test('from random bytes is an error or no larger than they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (random) => {
        const bytes = Buffer.from(random);
        expectErrorOrResult(() => {
          const decoded = decode(bytes);
          if (Array.isArray(decoded)) expect(decoded.length * SAMPLE.size).toBeLessThanOrEqual(bytes.length);
        });
      }),
      { numRuns: 1_000 },
    );
  });
});

test.each([
  ['a wait', wait, WAIT.dataLen, buildWait({ stack: [1] })],
  ['a release', release, RELEASE.dataLen, buildRelease({ stack: [1] })],
  ['samples', samples, SAMPLES.count, SAMPLED],
  ['goroutines', goroutines, 12, LISTED],
])('%s that says it holds more than it does is refused at once', (_, decode, at, whole) => {
  for (const claimed of [0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
    const bytes = Buffer.from(whole);
    bytes.writeUInt32LE(claimed, at);
    const began = performance.now();
    expect(() => decode(bytes)).toThrow(RecordError);
    expect(performance.now() - began).toBeLessThan(100);
  }
});

test('a pause with any reason is one', () => {
  const bytes = buildPause({ start: BASE + 1n, end: BASE + 2n });
  bytes.writeUInt32LE(0xffff_fffe, PAUSE.reason);
  expect(pause(bytes).reason).toBe(0xffff_fffe);
});

describe('the waits that a request carries', () => {
  test('are words of their field, read in place', () => {
    const bytes = buildRequest(
      plainRequest({ fields: [{ tag: Tag.waits, value: Buffer.alloc(8 * WaitWord.max, 1) }] }),
    );
    const { fields } = new RequestDecoder(TIME).decode(bytes, 0, bytes.length);
    expect(fields.word(Tag.waits, () => 'read', 8 * WaitWord.max)).toBe('read');
  });

  test('are not read from a field that is shorter', () => {
    const bytes = buildRequest(plainRequest({ fields: [{ tag: Tag.waits, value: Buffer.alloc(8, 1) }] }));
    const { fields } = new RequestDecoder(TIME).decode(bytes, 0, bytes.length);
    expect(fields.word(Tag.waits, () => 'read', 8 * WaitWord.max)).toBeUndefined();
    expect(fields.word(Tag.waits, () => 'read')).toBe('read');
  });
});

function expectErrorOrResult(attempt: () => unknown): void {
  try {
    attempt();
  } catch (error) {
    expect(error).toBeInstanceOf(RecordError);
  }
}
