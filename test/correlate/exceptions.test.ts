import { describe, expect, test } from 'vitest';
import { boundsErrorText } from '../../agent/correlate/bounds-error.ts';
import { RequestCorrelator } from '../../agent/correlate/requests.ts';
import type { AddressResolver } from '../../agent/correlate/resolver.ts';
import { RequestFlag, Tag } from '../../agent/record/layout.ts';
import { timeBase } from '../../agent/record/time-base.ts';
import { NOTHING_WATCHED } from '../../agent/session/attached.ts';
import {
  BASE,
  buildPanic,
  buildRequest,
  type FieldInput,
  type PanicInput,
  plainRequest,
} from '../record/build-record.ts';

/** Addresses of type descriptors; kinds as in abi.Kind. */
const TYPES: Record<number, { name: string; kind: number }> = {
  1: { name: 'string', kind: 24 },
  2: { name: '*errors.errorString', kind: 22 },
  3: { name: '*fmt.wrapError', kind: 22 },
  4: { name: 'runtime.boundsError', kind: 25 },
  5: { name: 'runtime.errorString', kind: 24 },
  6: { name: 'int', kind: 2 },
  7: { name: 'main.Code', kind: 8 },
  8: { name: 'main.Failure', kind: 25 },
  9: { name: '*runtime.TypeAssertionError', kind: 22 },
  10: { name: 'float64', kind: 14 },
  11: { name: 'interface {}', kind: 20 },
  12: { name: 'bool', kind: 1 },
  13: { name: 'int8', kind: 3 },
  14: { name: 'evil\x1b[2J', kind: 25 },
};

const FRAMES: Record<number, string[]> = {
  4096: ['runtime.gopanic'],
  8191: ['main.inlined', 'main.handler'],
  12287: ['runtime.sigpanic'],
  16384: ['main.faulting'],
};

const RESOLVER: AddressResolver = {
  typeAt: (address) => TYPES[address],
  frames: (address) =>
    (FRAMES[address] ?? []).map((name, i, all) => ({
      function: name,
      file: '/src/main.go',
      line: 10 + i,
      inlined: i < all.length - 1,
    })),
};

function correlator(messageBytes = 256, resolver: AddressResolver | undefined = RESOLVER): RequestCorrelator {
  return new RequestCorrelator({
    base: timeBase(BASE),
    headers: [],
    shownHeaders: [],
    omitQuery: false,
    exceptionMessageBytes: messageBytes,
    watchedOf: () => NOTHING_WATCHED,
    resolverOf: () => resolver,
  });
}

function push(subject: RequestCorrelator, panic: PanicInput, flags: number, request = {}) {
  const bytes = buildPanic({ handlerStart: BASE + 2_000n, time: BASE + 9_000n, ...panic });
  subject.panic(bytes, 0, bytes.length);
  const requestBytes = buildRequest(plainRequest({ flags, ...request }));
  return subject.request(requestBytes, 0, requestBytes.length);
}

const ESCAPED = RequestFlag.panicked | RequestFlag.aborted;

function exceptionOf(type: number, fields: FieldInput[], subject = correlator()) {
  const span = push(subject, { type: BigInt(type), fields }, ESCAPED, { status: 0, wireStatus: 0 });
  const { attributes } = span?.events[0] ?? {};
  return { type: attributes?.get('exception.type'), message: attributes?.get('exception.message'), span };
}

const text = (value: string): FieldInput => ({ tag: Tag.panicText, value });

function data(write: (bytes: Buffer) => void): FieldInput {
  const value = Buffer.alloc(64);
  write(value);
  return { tag: Tag.panicData, value };
}

describe('messages as Go gives them', () => {
  test.each<[string, number, FieldInput[], string | undefined]>([
    ['a string', 1, [text('kaputt')], 'kaputt'],
    ['an empty string', 1, [data(() => {})], ''],
    ['errors.New', 2, [text('no rows')], 'no rows'],
    ['fmt.Errorf with %w', 3, [text('load: no rows')], 'load: no rows'],
    [
      'nil dereference',
      5,
      [text('invalid memory address or nil pointer dereference')],
      'runtime error: invalid memory address or nil pointer dereference',
    ],
    ['an int', 6, [data((bytes) => bytes.writeBigInt64LE(-42n))], '-42'],
    ['a named uint8, with other bytes behind it', 7, [data((bytes) => bytes.fill(0xff))], '255'],
    ['an int8', 13, [data((bytes) => bytes.fill(0xff))], '-1'],
    ['a float', 10, [data((bytes) => bytes.writeDoubleLE(1.5))], '+1.500000e+000'],
    ['a bool', 12, [data((bytes) => bytes.writeUInt8(1))], 'true'],
    ['a struct: only its type', 8, [text('misread'), data(() => {})], undefined],
  ])('%s', (_, type, fields, message) => {
    expect(exceptionOf(type, fields)).toMatchObject({ type: TYPES[type]?.name, message });
  });

  test('a failed type assertion', () => {
    const assertion = (interfaceType: bigint, concrete: bigint, asserted: bigint, methodLength: bigint) =>
      data((bytes) => {
        for (const [i, word] of [interfaceType, concrete, asserted, 0n, methodLength].entries()) {
          bytes.writeBigUInt64LE(word, i * 8);
        }
      });
    const messageOf = (field: FieldInput) => exceptionOf(9, [field]).message;
    expect(messageOf(assertion(11n, 1n, 6n, 0n))).toBe('interface conversion: interface {} is string, not int');
    expect(messageOf(assertion(11n, 0n, 6n, 0n))).toBe('interface conversion: interface {} is nil, not int');
    expect(messageOf(assertion(11n, 1n, 8n, 4n))).toBe(
      'interface conversion: string is not main.Failure: missing method',
    );
    expect(messageOf(assertion(11n, 99n, 6n, 0n))).toBeUndefined();
  });

  test.each([
    [5n, 3n, true, 0, 'index out of range [5] with length 3'],
    [-1n, 3n, true, 0, 'index out of range [-1]'],
    [5n, 3n, true, 2, 'slice bounds out of range [:5] with capacity 3'],
    [4n, 2n, true, 3, 'slice bounds out of range [4:2]'],
    [2n, 1n, true, 8, 'cannot convert slice with length 1 to array or pointer to array with length 2'],
    [-1n, 3n, false, 0, 'index out of range [18446744073709551615] with length 3'],
    [5n, 3n, true, 200, undefined],
  ])('bounds %s %s signed %s code %s', (x, y, signed, code, expected) => {
    const bytes = Buffer.alloc(24);
    bytes.writeBigInt64LE(x, 0);
    bytes.writeBigInt64LE(y, 8);
    bytes[16] = signed ? 1 : 0;
    bytes[17] = code;
    expect(boundsErrorText(bytes)).toBe(expected);
    expect(exceptionOf(4, [{ tag: Tag.panicData, value: bytes }]).message).toBe(
      expected && `runtime error: ${expected}`,
    );
  });

  test('are cut between characters, or left out', () => {
    expect(exceptionOf(1, [text('größe')], correlator(4)).message).toBe('grö');
    expect(exceptionOf(1, [text('größe')], correlator(3)).message).toBe('gr');
    expect(exceptionOf(1, [text('größe')], correlator(0)).message).toBeUndefined();
  });

  test('cannot hold terminal escapes, but lines', () => {
    expect(exceptionOf(1, [text('a\x1b[2J\nb')]).message).toBe('a\ufffd[2J\nb');
    expect(exceptionOf(14, []).type).toBe('evil\ufffd[2J');
  });
});

test('the stack is printed as Go does', () => {
  const stack = Buffer.alloc(40);
  for (const [i, address] of [0x1000, 0x2000, 0x3000, 0x4000, 0x9000].entries()) {
    stack.writeBigUInt64LE(BigInt(address), i * 8);
  }
  const { span } = exceptionOf(1, [text('x'), { tag: Tag.stack, value: stack, fullLength: 48 }]);
  expect(span?.events[0]?.attributes.get('exception.stacktrace')).toBe(
    [
      'goroutine 35 [running]:',
      'panic(...)\n\t/src/main.go:10',
      'main.inlined(...)\n\t/src/main.go:10',
      'main.handler(...)\n\t/src/main.go:11',
      'runtime.sigpanic(...)\n\t/src/main.go:10',
      'main.faulting(...)\n\t/src/main.go:10',
      'unknown pc 0x9000',
      '...additional frames elided...\n',
    ].join('\n'),
  );
});

describe('the span of a panicking request', () => {
  test('escaped: an error of the panic’s type, without a status', () => {
    const { span } = exceptionOf(2, [text('no rows')]);
    expect(span).toMatchObject({ error: 'panic: *errors.errorString', status: undefined });
    expect(span?.attributes.get('error.type')).toBe('*errors.errorString');
    expect(span?.events).toMatchObject([{ name: 'exception', time: 9_000 }]);
  });

  test('recovered: an event, no error', () => {
    const span = push(correlator(), { type: 2n, fields: [text('no rows')] }, RequestFlag.panicked);
    expect(span).toMatchObject({ error: undefined, status: 200, events: [{ name: 'exception' }] });
  });

  test('recovered and answered with 500', () => {
    const span = push(correlator(), { type: 2n }, RequestFlag.panicked, { status: 500 });
    expect([span?.error, span?.attributes.get('error.type')]).toEqual(['HTTP 500', '500']);
  });

  test('http.ErrAbortHandler is an abort, not an exception', () => {
    const { span } = exceptionOf(2, [text('net/http: abort Handler')]);
    expect(span).toMatchObject({ error: 'the handler aborted the response', events: [] });
    expect(span?.attributes.get('error.type')).toBe('aborted');
  });

  test('without a resolver the type is not guessed', () => {
    const subject = new RequestCorrelator({
      base: timeBase(BASE),
      headers: [],
      shownHeaders: [],
      omitQuery: false,
      exceptionMessageBytes: 256,
      watchedOf: () => NOTHING_WATCHED,
      resolverOf: () => undefined,
    });
    expect(exceptionOf(2, [text('x')], subject)).toMatchObject({ type: 'panic', message: undefined });
  });

  test.each<[string, PanicInput]>([
    ['another goroutine', { goid: 36 }],
    ['another process', { tgid: 1 }],
    ['an earlier request', { handlerStart: BASE + 1n }],
    ['no request', { handlerStart: 0n }],
  ])('a panic of %s is not its own', (_, panic) => {
    expect(push(correlator(), { type: 1n, ...panic }, 0)?.events).toEqual([]);
  });

  test('panics whose requests never end do not fill the memory, nor does one request', () => {
    const subject = correlator();
    for (let i = 0; i < 5_000; i++) {
      const bytes = buildPanic({ goid: 100 + i, handlerStart: BASE + 1n, type: 1n });
      subject.panic(bytes, 0, bytes.length);
    }
    for (let i = 0; i < 10; i++) push(subject, { goid: 99, type: 1n }, 0);
    expect(push(subject, { goid: 35, type: 1n }, ESCAPED)?.events).toHaveLength(1);
    const last = buildRequest(plainRequest({ goid: 99 }));
    expect(subject.request(last, 0, last.length)?.events).toHaveLength(4);
  });
});
