import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RandomIds } from '../../agent/correlate/random-ids.ts';
import { parseTraceparent, parseTracestate } from '../../agent/correlate/trace-identity.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const VALID = { traceId: TRACE, parentId: PARENT, sampled: true };

describe('traceparent', () => {
  test.each([
    ['version 00', `00-${TRACE}-${PARENT}-01`, VALID],
    ['not sampled', `00-${TRACE}-${PARENT}-00`, { ...VALID, sampled: false }],
    ['flags that are not known', `00-${TRACE}-${PARENT}-ff`, VALID],
    ['random flag only', `00-${TRACE}-${PARENT}-02`, { ...VALID, sampled: false }],
    ['a future version', `cc-${TRACE}-${PARENT}-01`, VALID],
    ['a future version with more', `cc-${TRACE}-${PARENT}-01-what-the-future-will-be-like`, VALID],
  ])('%s', (_, header, expected) => expect(parseTraceparent(header)).toEqual(expected));

  test.each([
    ['empty', ''],
    ['version ff', `ff-${TRACE}-${PARENT}-01`],
    ['version 00 with more', `00-${TRACE}-${PARENT}-01-x`],
    ['a future version with more, not separated', `cc-${TRACE}-${PARENT}-01.what`],
    ['trace id of zeros', `00-${'0'.repeat(32)}-${PARENT}-01`],
    ['parent id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['upper case', `00-${TRACE.toUpperCase()}-${PARENT}-01`],
    ['a short trace id', `00-${TRACE.slice(1)}-${PARENT}-01`],
    ['flags that are no digits', `00-${TRACE}-${PARENT}-0x`],
    ['white space', ` 00-${TRACE}-${PARENT}-01`],
    ['two of them', `00-${TRACE}-${PARENT}-01,00-${TRACE}-${PARENT}-01`],
  ])('invalid: %s', (_, header) => expect(parseTraceparent(header)).toBeUndefined());

  test('never crashes, and what it accepts is valid', () => {
    const part = fc.string({ unit: fc.constantFrom(...'0123456789abcdefF-g'), maxLength: 34 });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.tuple(part, part, part, part).map((parts) => parts.join('-')),
        ),
        (header) => {
          const parsed = parseTraceparent(header);
          if (parsed) expect(parsed.traceId + parsed.parentId).toMatch(/^[0-9a-f]{48}$/);
        },
      ),
    );
  });
});

describe('tracestate', () => {
  const members = (count: number) => Array.from({ length: count }, (_, i) => `k${i}=v`).join(',');

  test.each([
    ['one member', 'rojo=00f067aa0ba902b7', 'rojo=00f067aa0ba902b7'],
    ['white space and empty members', ' rojo=1 ,, congo=t61rcWkgMzE\t', 'rojo=1,congo=t61rcWkgMzE'],
    ['a tenant', 'fw529a3039@dt=FfAAAA', 'fw529a3039@dt=FfAAAA'],
    ['32 members', members(32), members(32)],
    ['33 members', members(33), undefined],
    ['empty', '', undefined],
    ['a key twice', 'a=1,a=2', undefined],
    ['no value', 'a=', undefined],
    ['a key in upper case', 'A=1', undefined],
    ['an equals sign in a value', 'a=1=2', undefined],
    ['a control character', 'a=\x1b[31m', undefined],
    ['a long value', `a=${'x'.repeat(257)}`, undefined],
  ])('%s', (_, header, expected) => expect(parseTracestate(header, false)).toBe(expected));

  test('the member in which it was cut is left out', () => {
    expect(parseTracestate('a=1,b=2,c=tru', true)).toBe('a=1,b=2');
    expect(parseTracestate('a=tru', true)).toBeUndefined();
  });

  test('never crashes, and what it lets through is printable', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (header, cut) => {
        expect(parseTracestate(header, cut) ?? '').toMatch(/^[\x20-\x7e]*$/);
      }),
    );
  });
});

test('random ids are well-formed and do not repeat', () => {
  const ids = new RandomIds();
  const made = Array.from({ length: 5_000 }, (_, i) => (i % 2 ? ids.traceId() : ids.spanId()));
  expect(new Set(made).size).toBe(5_000);
  for (const [i, id] of made.entries()) expect(id).toMatch(i % 2 ? /^[0-9a-f]{32}$/ : /^[0-9a-f]{16}$/);
});
