import type { RequestSpan } from '../../agent/correlate/span.ts';
import type { Style } from '../color.ts';
import { formatDuration } from '../format.ts';
import { padEnd, padStart, printable, truncate } from '../text.ts';
import { causeOrWhyNot, shortCause } from './cause.ts';
import type { LiveState } from './live-state.ts';
import { barPhases, renderBar } from './phases.ts';
import { duration } from './slowest.ts';
import { renderWaitBar } from './wait-bar.ts';
import { wrapWords } from './wrap.ts';

const TRACE_DIGITS = 8;

/** Widths of the columns that change with the window's; 0: left out. */
interface Layout {
  readonly trace: number;
  readonly name: number;
  readonly phases: number;
  readonly waits: number;
  readonly cause: number;
}

const WAITS = 10;
const WHY_LINES = 2;

/** The slowest recent requests: a title line and at most `space - 1` rows, scrolled so that the cursor is seen. Under the cursor, why. */
export function renderSlowest(state: LiveState, space: number, columns: number, style: Style): string[] {
  const layout = layoutFor(columns);
  const head = [
    `  ${padStart('slowest', 7)}`,
    padEnd('status', 6),
    padStart('age', 5),
    padEnd('request', layout.name),
    ...(layout.trace > 0 ? [padEnd('trace', layout.trace)] : []),
    padEnd('phases', layout.phases),
    ...(layout.waits > 0 ? [padEnd('waits', layout.waits)] : []),
    ...(layout.cause > 0 ? [padEnd('cause', layout.cause)] : []),
  ].join(' ');
  const chosen = state.slowest[state.cursor];
  const why = chosen === undefined || space < 4 ? [] : whyLines(chosen, columns, style);
  const rows = Math.max(0, space - 1 - why.length);
  const first = Math.max(0, state.cursor - rows + 1);
  const scale = state.slowest[0] === undefined ? 0 : duration(state.slowest[0]);
  const body = state.slowest.slice(first, first + rows).flatMap((span, index) => {
    const here = first + index === state.cursor;
    const row = renderRow(span, here, state.now, layout, scale, style);
    return here ? [row, ...why] : [row];
  });
  return [style('inverse', head), ...body];
}

function layoutFor(columns: number): Layout {
  const trace = columns >= 64 ? TRACE_DIGITS : 0;
  const left = columns - 23 - (trace > 0 ? trace + 1 : 0);
  if (columns < 72) {
    const phases = Math.max(8, Math.floor(left / 3));
    return { trace, phases, name: Math.max(8, left - phases - 1), waits: 0, cause: 0 };
  }
  if (columns < 120) {
    const phases = Math.floor(left / 4);
    return { trace, phases, name: left - phases - WAITS - 2, waits: WAITS, cause: 0 };
  }
  const name = Math.min(40, Math.floor(left / 4));
  const phases = Math.floor(left / 8);
  return { trace, phases, name, waits: WAITS, cause: left - name - phases - WAITS - 3 };
}

function renderRow(span: RequestSpan, here: boolean, now: number, layout: Layout, scale: number, style: Style): string {
  const cells = [
    `${here ? '>' : ' '} ${padStart(formatDuration(duration(span)), 7)}`,
    statusCell(span, style),
    padStart(ageText(now - span.end), 5),
    padEnd(requestText(span), layout.name),
    ...(layout.trace > 0 ? [span.traceId.slice(0, layout.trace)] : []),
  ].join(' ');
  return [
    here ? style('bold', cells) : cells,
    renderBar(barPhases(span.phases), layout.phases, style, scale),
    ...(layout.waits > 0 ? [renderWaitBar(span, layout.waits, style)] : []),
    ...(layout.cause > 0 ? [padEnd(shortCause(span), layout.cause)] : []),
  ].join(' ');
}

function whyLines(span: RequestSpan, columns: number, style: Style): string[] {
  const lines = wrapWords(`    ${causeOrWhyNot(span)}`, columns, 4);
  const shown = lines.length > WHY_LINES ? [...lines.slice(0, WHY_LINES - 1), `${lines[WHY_LINES - 1]}…`] : lines;
  return shown.map((line) => style(span.cause === undefined ? 'dim' : 'yellow', truncate(line, columns)));
}

/** Method and path as they came; the span's name where the path is not known. */
export function requestText(span: RequestSpan): string {
  const path = span.attributes.get('url.path');
  return printable(typeof path === 'string' ? `${span.method} ${path}` : span.name);
}

/** `200`, `500!` for an error, `panic`. */
export function statusText(span: RequestSpan): string {
  const panicked = span.events.some((event) => event.name === 'exception');
  const status = span.status === undefined ? '-' : String(span.status);
  if (panicked) return span.status === undefined ? 'panic' : `${status} P`;
  return span.error === undefined ? status : `${status}!`;
}

function statusCell(span: RequestSpan, style: Style): string {
  const text = padEnd(statusText(span), 6);
  if (span.error !== undefined) return style('red', text);
  return span.status !== undefined && span.status >= 400 ? style('yellow', text) : text;
}

function ageText(ns: number): string {
  const seconds = Math.max(0, Math.floor(ns / 1e9));
  return seconds < 100 ? `${seconds}s` : `${Math.floor(seconds / 60)}m`;
}
