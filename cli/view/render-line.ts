import type { Clock, RequestSpan } from '../../agent/correlate/span.ts';
import type { Style } from '../color.ts';
import { formatDuration } from '../format.ts';
import { printable } from '../text.ts';
import { causeText } from './cause.ts';
import { requestText, statusText } from './render-slowest.ts';
import { duration } from './slowest.ts';

/**
 * One request as one line: time (UTC) of its start, duration, status, method and path, route, phases, ids, and why it
 * was slow. Nothing is cut.
 */
export function renderLine(span: RequestSpan, clock: Clock, style: Style): string {
  const { read, handler, writeHeader, finish, acceptQueue, tlsHandshake } = span.phases;
  const status = statusText(span);
  const why = causeText(span);
  const phases: [string, number | undefined][] = [
    ['accept', acceptQueue],
    ['tls', tlsHandshake],
    ['read', read],
    ['handler', handler],
    ['header', writeHeader],
    ['finish', finish],
  ];
  const parts = [
    timeText(clock, span.start),
    formatDuration(duration(span)).padStart(6),
    span.error === undefined ? status : style('red', status),
    requestText(span),
    ...(span.route === undefined ? [] : [`route=${printable(span.route)}${span.routeGuessed ? '~' : ''}`]),
    ...phases.flatMap(([name, ns]) => (ns === undefined ? [] : [`${name}=${formatDuration(ns)}`])),
    `trace=${span.traceId}`,
    `pid=${span.pid}`,
    ...(span.error === undefined ? [] : [style('red', `error=${JSON.stringify(printable(span.error))}`)]),
    ...(why === undefined ? [] : [`why=${JSON.stringify(why)}`]),
  ];
  return parts.join(' ');
}

/** `13:37:42.123456` */
function timeText(clock: Clock, time: number): string {
  const micros = (clock.baseUnixNano + BigInt(Math.round(time))) / 1000n;
  const iso = new Date(Number(micros / 1000n)).toISOString();
  return `${iso.slice(11, 23)}${String(micros % 1000n).padStart(3, '0')}`;
}
