import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RequestCorrelator } from '../../agent/correlate/requests.ts';
import { RecordError } from '../../agent/record/error.ts';
import { RequestFlag, Tag } from '../../agent/record/layout.ts';
import { timeBase } from '../../agent/record/time-base.ts';
import { NOTHING_WATCHED } from '../../agent/session/attached.ts';
import { BASE, buildPanic, buildRequest, plainRequest } from '../record/build-record.ts';

const HEADERS = ['Traceparent', 'Tracestate', 'User-Agent', 'Upgrade', 'X-Forwarded-For', 'X-Any'];

/** Bytes as a target may hold them: any, or text with escapes and invalid UTF-8 mixed in. */
const nasty = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc
    .array(
      fc.constantFrom(
        '/',
        'a',
        '?',
        '&',
        '=',
        '@',
        '://',
        '%',
        '\x1b[2J',
        '\x9b',
        '\u202e',
        '\r\n',
        'sig',
        ',',
        ':',
        '[',
        '9',
      ),
    )
    .map((parts) => Buffer.from(parts.join(''))),
);

const tags = [Tag.method, Tag.uri, Tag.host, Tag.peer, Tag.pattern, ...HEADERS.map((_, i) => Tag.header + i)];

const fields = fc.array(
  fc.record({ tag: fc.constantFrom(...tags), value: nasty, fullLength: fc.option(fc.nat(1_000), { nil: undefined }) }),
  { maxLength: 12 },
);

const time = fc.option(fc.bigInt({ min: 1n, max: BASE * 2n }), { nil: undefined });
const times = fc.record({
  established: time,
  accepted: time,
  firstRead: time,
  writeHeader: time,
  firstWrite: time,
  lastWrite: time,
  handlerEnd: time,
  end: time,
});

function correlator(): RequestCorrelator {
  return new RequestCorrelator({
    base: timeBase(BASE),
    headers: HEADERS,
    shownHeaders: ['X-Any'],
    omitQuery: false,
    exceptionMessageBytes: 100,
    watchedOf: () => NOTHING_WATCHED,
    resolverOf: () => ({ typeAt: () => ({ name: 'string', kind: 24 }), frames: () => [] }),
  });
}

function defined<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}

test('whatever a target holds, its spans are clean and their times in order', () => {
  const subject = correlator();
  fc.assert(
    fc.property(fields, times, fc.nat(0x3ff), nasty, (list, moments, flags, message) => {
      const panic = buildPanic({
        handlerStart: BASE + 2_000n,
        type: 1n,
        fields: [{ tag: Tag.panicText, value: message }],
      });
      subject.panic(panic, 0, panic.length);
      const input = { ...plainRequest(), ...moments, flags, fields: list.map(defined) };
      const bytes = buildRequest(defined(input) as never);
      const span = subject.request(bytes, 0, bytes.length);
      if (!span) return;
      const texts = [span.name, span.route ?? '', span.error ?? '', ...[...span.attributes].flat().map(String)];
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      for (const text of texts) expect(text).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029]/);
      for (const event of span.events) {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
        for (const value of event.attributes.values()) expect(value).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/);
      }
      const { read, handler, finish } = span.phases;
      expect((read ?? 0) + handler + finish).toBe(span.end - span.start);
      for (const length of Object.values(span.phases)) expect(length ?? 0).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 1_000 },
  );
});

test('damaged records are refused or understood, never more', () => {
  const whole = buildRequest(plainRequest({ flags: RequestFlag.first }));
  const subject = correlator();
  const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 20 });
  fc.assert(
    fc.property(fc.nat(whole.length), damage, (length, changes) => {
      const bytes = Buffer.from(whole.subarray(0, length));
      for (const [at, value] of changes) if (at < length) bytes[at] = value;
      for (const attempt of [() => subject.request(bytes, 0, length), () => subject.panic(bytes, 0, length)]) {
        try {
          attempt();
        } catch (error) {
          expect(error).toBeInstanceOf(RecordError);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});
