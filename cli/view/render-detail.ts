import type { AttributeValue, RequestSpan, SpanEvent } from '../../agent/correlate/span.ts';
import type { Style, StyleName } from '../color.ts';
import { formatDuration } from '../format.ts';
import { padEnd, padStart, printable, truncate } from '../text.ts';
import type { LiveState } from './live-state.ts';
import { waitName } from './lock-words.ts';
import { requestText, statusText } from './render-slowest.ts';
import { renderWaits } from './render-waits.ts';
import { duration } from './slowest.ts';
import { wrap } from './wrap.ts';

const LABEL = 16;
const TIME = 9;

/** One request: its phases and waits on a time line, what it waited for, its attributes and other events. Long values are wrapped, not cut. */
export function renderDetail(state: LiveState, columns: number, style: Style): string[] {
  const span = state.opened;
  if (span === undefined) return [];
  return [
    style('bold', truncate(`${requestText(span)}  ${statusText(span)}  ${formatDuration(duration(span))}`, columns)),
    ...wrap(`trace ${span.traceId}  span ${span.spanId}`, columns, 2),
    ...(span.error === undefined
      ? []
      : wrap(printable(`error: ${span.error}`), columns, 2).map((line) => style('red', line))),
    '',
    ...renderWaterfall(span, columns, style),
    '',
    ...renderWaits(span, columns, style),
    '',
    style('bold', 'attributes'),
    ...[...span.attributes].flatMap(([name, value]) => wrap(`  ${printable(name)} = ${valueText(value)}`, columns, 4)),
    ...span.events.filter(isNotAWait).flatMap((event) => renderEvent(event, span, columns, style)),
  ];
}

interface Stretch {
  readonly label: string;
  readonly from: number;
  readonly length: number | undefined;
  readonly color: StyleName;
}

const WAITS_ON_LINE = 6;
/** Share of the request: shorter ones would be a dot. */
const LEAST_ON_LINE = 0.01;

/** Where each phase lies. The accept queue and the TLS handshake come before the request's first byte. */
function stretches(span: RequestSpan): Stretch[] {
  const { acceptQueue, tlsHandshake, read, handler, writeHeader, write, finish } = span.phases;
  const before = (acceptQueue ?? 0) + (tlsHandshake ?? 0);
  const entered = before + (read ?? 0);
  const end = before + duration(span);
  const all: Stretch[] = [
    { label: 'accept queue', from: 0, length: acceptQueue, color: 'blue' },
    { label: 'tls handshake', from: acceptQueue ?? 0, length: tlsHandshake, color: 'blue' },
    { label: 'read', from: before, length: read, color: 'cyan' },
    { label: 'handler', from: entered, length: handler, color: 'green' },
    { label: '  to header', from: entered, length: writeHeader, color: 'green' },
    { label: 'write', from: end - (write ?? 0), length: write, color: 'yellow' },
    { label: 'finish', from: end - finish, length: finish, color: 'magenta' },
  ];
  return [...all.filter((stretch) => stretch.length !== undefined), ...waitStretches(span, before)];
}

/** The longest waits and pauses, each where it lies: in order of time. */
function waitStretches(span: RequestSpan, before: number): Stretch[] {
  const { start, waits } = span;
  const { locks, pauses } = waits;
  const all = [
    ...locks
      .filter(({ ofChild }) => !ofChild)
      .map((wait) => ({ ...wait, label: waitName(wait.kind).split(',')[0] ?? '', color: 'red' as const })),
    ...pauses.map((pause) => ({ ...pause, label: 'world stopped', color: 'magenta' as const })),
  ];
  return all
    .filter((wait) => wait.end - wait.start >= duration(span) * LEAST_ON_LINE)
    .sort((a, b) => b.end - b.start - (a.end - a.start))
    .slice(0, WAITS_ON_LINE)
    .sort((a, b) => a.start - b.start)
    .map((wait) => ({
      label: `  ${wait.label}`,
      from: before + wait.start - start,
      length: wait.end - wait.start,
      color: wait.color,
    }));
}

function renderWaterfall(span: RequestSpan, columns: number, style: Style): string[] {
  const { acceptQueue, tlsHandshake } = span.phases;
  const whole = duration(span) + (acceptQueue ?? 0) + (tlsHandshake ?? 0);
  const width = Math.max(10, columns - LABEL - TIME - 2);
  const at = (ns: number): number => Math.min(width, Math.max(0, Math.round((ns / Math.max(1, whole)) * width)));
  return stretches(span).map(({ label, from, length = 0, color }) => {
    const start = Math.min(at(from), width - 1);
    const end = Math.max(start + 1, at(from + length));
    const bar = ' '.repeat(start) + style(color, '█'.repeat(end - start));
    return `${padEnd(label, LABEL)}${padStart(formatDuration(length), TIME)}  ${bar}`;
  });
}

/** Those are told in words above. */
function isNotAWait({ name }: SpanEvent): boolean {
  return !/^httptrace\.(wait\.|client_gone$|read_timeout$|deadline_exceeded$)/.test(name);
}

function renderEvent(event: SpanEvent, span: RequestSpan, columns: number, style: Style): string[] {
  const lines = [...event.attributes].flatMap(([name, value]) => {
    const text = String(value).split('\n');
    if (text.length === 1) return wrap(`  ${printable(name)} = ${valueText(value)}`, columns, 4);
    return [
      `  ${printable(name)} =`,
      ...text.flatMap((line) => wrap(`    ${printable(line.replaceAll('\t', '  '))}`, columns, 6)),
    ];
  });
  return ['', style('bold', `${printable(event.name)}  at ${formatDuration(event.time - span.start)}`), ...lines];
}

function valueText(value: AttributeValue): string {
  return printable(typeof value === 'object' ? value.join(', ') : String(value));
}
