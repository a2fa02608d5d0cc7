import { expect, it } from 'vitest';
import { makeStyle } from '../../cli/color.ts';
import { displayWidth } from '../../cli/text.ts';
import { causeGroup, causeOrWhyNot, causeText, shortCause } from '../../cli/view/cause.ts';
import { CauseBook } from '../../cli/view/causes.ts';
import { renderWaits } from '../../cli/view/render-waits.ts';
import { duration } from '../../cli/view/slowest.ts';
import { renderEstimates, renderWaitBar } from '../../cli/view/wait-bar.ts';
import { wrapWords } from '../../cli/view/wrap.ts';
import { NO_WAITS } from '../correlate/no-waits.ts';
import { span } from './synthetic.ts';
import { deepSpan, sampledSpan, waitingSpan } from './synthetic-waits.ts';

it('says how much of the request a cause explains', () => {
  expect(causeText(waitingSpan(3))).toBe(
    '47.8ms of 68.3ms: waited for the mutex at store.go:88, held by GET /report at report.go:19, trace 4bf92f35…',
  );
  expect(shortCause(waitingSpan(3))).toMatch(/^mutex at store\.go:88, held by GET \/report/);
  expect(causeText(span(3))).toBeUndefined();
});

it('keeps apart what was not watched from what did not hold a request up', () => {
  expect(causeOrWhyNot(span(3))).toContain('not watched in this process');
  const known = { ...NO_WAITS, mutex: 0, waitGroup: 0, gcStw: 0, gcAssist: 0 };
  expect(causeOrWhyNot(span(3, { waits: known }))).toContain('no lock and no GC');
  expect(causeOrWhyNot(span(3, { waits: { ...known, mutex: undefined } }))).toBe(
    'cause not known; not known of it: mutex',
  );
  expect(causeOrWhyNot(sampledSpan(3, { cause: undefined }))).toBe('nothing of what is watched took a quarter of it');
});

it('marks what is from samples', () => {
  expect(causeText(sampledSpan(3))).toBe('~54.6ms of 68.3ms: mostly slept at shop.go:40 (sampled)');
  expect(shortCause(sampledSpan(3))).toBe('~slept at shop.go:40');
  const cause = { time: 5e6, text: 'partly waited for a channel at a.go:1 (sampled)', isEstimate: true } as const;
  expect(shortCause(span(3, { cause }))).toBe('~channel at a.go:1');
});

it('a bar: exact parts keep their width, estimates share the rest, --deep fills it', () => {
  const plain = makeStyle(false);
  expect(renderWaitBar(span(3), 20, plain)).toBe(' '.repeat(20));
  expect(renderWaitBar(waitingSpan(3), 20, plain).trimEnd()).toMatch(/^M{14}S?$/);
  expect(renderWaitBar(sampledSpan(3), 20, plain)).toBe(`${'Z'.repeat(16)}${'='.repeat(4)}`);
  const made = sampledSpan(3);
  const exact = { ...made, waits: { ...made.waits, mutex: duration(made) / 2 } };
  expect(renderWaitBar(exact, 20, plain)).toBe(`${'M'.repeat(10)}${'Z'.repeat(8)}==`);
  expect(renderWaitBar(deepSpan(3), 20, plain)).toMatch(/^M+P+C+=+o+$/);
  expect(renderEstimates([waitingSpan(3), deepSpan(3)])).toBe('');
  expect(renderEstimates([sampledSpan(3)])).toBe('~ sampled: PCNKZ=o');
});

it('says what made the work of a handler useless, and how long it went on', () => {
  const made = waitingSpan(3);
  const at = (ms: number): number => made.start + ms * 1e6;
  const waits = { ...made.waits, clientGone: undefined, readTimeout: at(20), deadline: at(5) };
  const text = renderWaits({ ...made, waits }, 120, makeStyle(false)).join('\n');
  expect(text).toMatch(/the server gave up waiting for the body after 20\.0ms; the handler went on for \d/);
  expect(text).toMatch(/a deadline passed after 5\.00ms; the handler went on for \d/);
  expect(text).not.toContain('the client went away');
});

it('counts requests that waited for the same thing together, whatever held it that time', () => {
  const book = new CauseBook();
  const text = 'waited for the mutex at a.go:1, held by GET /x at b.go:2, trace ';
  for (const trace of ['11111111…', '22222222…']) book.add(span(1, { cause: { time: 5e6, text: text + trace } }));
  book.add(span(1, { weight: 10, cause: { time: 1e6, text: 'waited inside net/http or the runtime' } }));
  expect(book.rows()).toEqual([
    { text: 'waited inside net/http or the runtime', count: 10, total: 10e6, longest: 1e6 },
    { text: 'waited for the mutex at a.go:1, held by GET /x at b.go:2', count: 2, total: 10e6, longest: 5e6 },
  ]);
  expect(causeGroup('waited, held longest by GET /x')).toBe('waited, held by GET /x');
  expect(causeGroup('waited, held by goroutine 17 at b.go:2')).toBe(
    'waited, held by a goroutine without a request at b.go:2',
  );
});

it('holds a bounded number of causes', () => {
  const book = new CauseBook();
  for (let n = 0; n < 5000; n++) book.add(span(1, { cause: { time: n, text: `waited at ${n}` } }));
  expect(book.rows().length).toBeLessThanOrEqual(500);
});

it.each([1, 8, 20, 79])('wraps to %i columns between words and loses none of them', (columns) => {
  const text = '  why 70ms: waited for the mutex at a-name-that-is-longer-than-any-line-there-is-here.go:88, held';
  const lines = wrapWords(text, Math.max(12, columns), 4);
  for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(Math.max(12, columns));
  expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
});
