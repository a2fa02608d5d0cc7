import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RequestDecoder } from '../../agent/record/decode.ts';
import {
  decodeProcess,
  decodeReply,
  decodeRuntimeLocks,
  decodeStats,
  decodeText,
} from '../../agent/record/decode-loader.ts';
import { decodePanic } from '../../agent/record/decode-panic.ts';
import { RecordError } from '../../agent/record/error.ts';
import {
  PROCESS,
  REC_VERSION,
  REPLY,
  RecordType,
  RUNTIME_LOCK_WAITS,
  RUNTIME_LOCKS,
  STATS,
  Tag,
} from '../../agent/record/layout.ts';
import { timeBase } from '../../agent/record/time-base.ts';
import { BASE, buildField, buildPanic, buildRequest, plainRequest, writeHeader } from './build-record.ts';

const decode = (bytes: Buffer, base = BASE) => new RequestDecoder(timeBase(base)).decode(bytes, 0, bytes.length);

test('all numbers of a request', () => {
  const record = decode(
    buildRequest({
      ...plainRequest(),
      requestBody: -1n,
      responseBody: 5_000_000_000n,
      fd: -1,
      goid: 2 ** 40,
      weight: 8,
    }),
  );
  expect(record).toMatchObject({
    tgid: 4242,
    fd: -1,
    goid: 2 ** 40,
    firstRead: 1_000,
    handlerStart: 2_000,
    requestBody: -1,
    responseBody: 5_000_000_000,
    status: 200,
    weight: 8,
  });
  expect(record.tlsStart).toBeNaN();
});

test('times are exact although they do not fit a double', () => {
  const u64 = fc.bigInt({ min: 1n, max: (1n << 64n) - 1n });
  const difference = fc.bigInt({ min: -(1n << 52n), max: 1n << 52n });
  fc.assert(
    fc.property(u64, difference, (base, delta) => {
      const time = base + delta;
      fc.pre(time > 0n && time < 1n << 64n);
      expect(decode(buildRequest({ handlerStart: time }), base).handlerStart).toBe(Number(delta));
    }),
  );
});

describe('strings', () => {
  const text = (value: string | Buffer, fullLength?: number) => {
    const field = { tag: Tag.uri, value, ...(fullLength !== undefined && { fullLength }) };
    return decode(buildRequest({ handlerStart: 1n, fields: [field] })).fields;
  };

  test.each([
    ['ASCII', '/plain', '/plain'],
    ['UTF-8', '/größe/✓', '/größe/✓'],
    ['invalid UTF-8', Buffer.from([0x2f, 0xff, 0xfe, 0x61]), '/\ufffd\ufffda'],
    ['empty', '', ''],
  ])('%s', (_, value, expected) => expect(text(value).text(Tag.uri)).toBe(expected));

  test('a character that was cut in two is left out', () => {
    const fields = text(Buffer.from('/größe').subarray(0, 4), 100);
    expect([fields.text(Tag.uri), fields.isCut(Tag.uri)]).toEqual(['/gr', true]);
  });

  test('a fixed-size field holds only what it says is filled', () => {
    expect(text('abc\0\0\0', 3).text(Tag.uri)).toBe('abc');
  });

  test('a request line is a method and a URI', () => {
    const line = { tag: Tag.requestLine, value: 'GET /a?b=c', fullLength: 12, split: 3 };
    const { fields } = decode(buildRequest({ handlerStart: 1n, fields: [line] }));
    expect([fields.text(Tag.method), fields.text(Tag.uri)]).toEqual(['GET', '/a?b=c']);
    expect([fields.isCut(Tag.method), fields.isCut(Tag.uri)]).toEqual([false, true]);
  });

  test('a method longer than its line is refused', () => {
    const line = { tag: Tag.requestLine, value: 'GET', split: 3 };
    expect(() => decode(buildRequest({ handlerStart: 1n, fields: [line] }))).toThrow(RecordError);
  });

  test('fields of the record before are not seen', () => {
    const decoder = new RequestDecoder(timeBase(BASE));
    const first = buildRequest(plainRequest());
    const second = buildRequest({ handlerStart: 1n });
    expect(decoder.decode(first, 0, first.length).fields.has(Tag.host)).toBe(true);
    expect(decoder.decode(second, 0, second.length).fields.has(Tag.host)).toBe(false);
  });
});

test('truncated and damaged requests are errors, never crashes', () => {
  const whole = buildRequest(plainRequest());
  const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 });
  fc.assert(
    fc.property(fc.nat(whole.length), damage, (length, changes) => {
      const bytes = Buffer.from(whole);
      for (const [at, value] of changes) bytes[at] = value;
      try {
        const record = decode(bytes.subarray(0, length));
        for (let tag = 0; tag < 64; tag++) record.fields.text(tag);
      } catch (error) {
        expect(error).toBeInstanceOf(RecordError);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('random bytes as any record', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 7_000 }), (random) => {
      const bytes = Buffer.from(random);
      const base = timeBase(BASE);
      for (const attempt of [
        () => decode(bytes),
        () => decodePanic(bytes, 0, bytes.length, base),
        () => decodeProcess(bytes, 0, bytes.length, base),
        () => decodeReply(bytes, 0, bytes.length),
        () => decodeText(bytes, 0, bytes.length),
        () => decodeStats(bytes, 0, bytes.length, base),
      ]) {
        try {
          attempt();
        } catch (error) {
          expect(error).toBeInstanceOf(RecordError);
        }
      }
    }),
  );
});

test('a panic', () => {
  const stack = Buffer.alloc(32);
  stack.writeBigUInt64LE(0x401000n, 0);
  stack.writeBigUInt64LE(0x402000n, 8);
  const bytes = buildPanic({
    handlerStart: BASE + 5n,
    time: BASE + 9n,
    type: 0x500000n,
    fields: [
      { tag: Tag.stack, value: stack, fullLength: 16 },
      { tag: Tag.panicData, value: Buffer.alloc(64, 7) },
      { tag: Tag.panicText, value: 'kaputt\0\0', fullLength: 6 },
    ],
  });
  expect(decodePanic(bytes, 0, bytes.length, timeBase(BASE))).toMatchObject({
    handlerStart: 5,
    time: 9,
    type: 0x500000,
    text: 'kaputt',
    textCut: false,
    stack: [0x401000, 0x402000],
    stackCut: false,
  });
});

describe('records of the loader', () => {
  test('a reply', () => {
    const text = buildField({ tag: Tag.loaderText, value: 'no such pid' });
    const bytes = Buffer.alloc(REPLY.size + 24);
    writeHeader(bytes, RecordType.reply);
    bytes.writeUInt32LE(7, REPLY.seq);
    bytes.writeInt32LE(-3, REPLY.error);
    text.copy(bytes, REPLY.size);
    expect(decodeReply(bytes, 0, bytes.length)).toEqual({ seq: 7, error: -3, text: 'no such pid' });
  });

  test('a log text, and one without any', () => {
    const bytes = Buffer.concat([
      Buffer.alloc(8),
      buildField({ tag: Tag.loaderText, value: 'hello' }),
      Buffer.alloc(3),
    ]);
    expect(decodeText(bytes, 0, bytes.length)).toBe('hello');
    expect(decodeText(Buffer.alloc(8), 0, 8)).toBe('');
  });

  test('the end of a process', () => {
    const bytes = Buffer.alloc(PROCESS.size);
    bytes.writeUInt32LE(4242, PROCESS.tgid);
    bytes.writeBigUInt64LE(BASE + 3n, PROCESS.time);
    expect(decodeProcess(bytes, 0, bytes.length, timeBase(BASE))).toEqual({ tgid: 4242, time: 3 });
  });

  test('sleeps for locks of the runtime', () => {
    const bytes = Buffer.alloc(RUNTIME_LOCKS.size);
    bytes.writeUInt32LE(4242, RUNTIME_LOCKS.tgid);
    bytes.writeBigUInt64LE(9_000n, RUNTIME_LOCKS.waits + RUNTIME_LOCK_WAITS.totalNs);
    bytes.writeBigUInt64LE(6_000n, RUNTIME_LOCKS.waits + RUNTIME_LOCK_WAITS.longestNs);
    bytes.writeBigUInt64LE(3n, RUNTIME_LOCKS.waits + RUNTIME_LOCK_WAITS.buckets + 8);
    const buckets = new Array<number>(18).fill(0).with(1, 3);
    expect(decodeRuntimeLocks(bytes, 0, bytes.length)).toEqual({
      tgid: 4242,
      totalNs: 9_000,
      longestNs: 6_000,
      buckets,
    });
  });

  test('statistics; a cost that was not measured is not zero', () => {
    const bytes = Buffer.alloc(STATS.size, 0);
    bytes[6] = REC_VERSION;
    bytes.writeBigUInt64LE(11n, STATS.hits + 8);
    bytes.writeBigUInt64LE(1n << 40n, STATS.lost + 16);
    bytes.writeBigUInt64LE(9n, STATS.hist + (2 * 128 + 5) * 8);
    bytes.writeBigUInt64LE(1_500n, STATS.unitNs);
    const stats = decodeStats(bytes, 0, bytes.length, timeBase(BASE));
    expect([stats.hits[1], stats.lost[2], stats.histogram[2]?.[5], stats.unitNs]).toEqual([11, 2 ** 40, 9, 1_500]);
    expect(stats.steppedNs).toBeNaN();
  });
});
