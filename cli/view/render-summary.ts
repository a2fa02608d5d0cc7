import type { SessionStats, SessionSummary } from '../../agent/view.ts';
import type { Style } from '../color.ts';
import { formatCount, formatDuration, formatRate, formatShare } from '../format.ts';
import { formatTable } from '../table.ts';
import { printable } from '../text.ts';
import { errorShare, sortRoutes } from './columns.ts';
import { agentText, costText, lossText, shownText } from './cost.ts';
import { lockName, othersText, placeText, splitLocks, topHolder } from './lock-words.ts';
import { gcLines } from './render-gc.ts';
import { leakLines } from './render-goroutines.ts';
import { runtimeLockText } from './render-process.ts';
import { routeName } from './render-routes.ts';
import { requestText, statusText } from './render-slowest.ts';
import type { SessionState } from './session-state.ts';
import { duration } from './slowest.ts';

const ROUTES_SHOWN = 30;
const CAUSES_SHOWN = 10;
const LOCKS_SHOWN = 10;

const ENDINGS: Readonly<Record<SessionSummary['reason'], string>> = {
  interrupted: 'interrupted',
  duration: 'time is up',
  targets_gone: 'the process has ended',
  failed: 'failed',
};

/** What is printed at the end of a session, for people. Nothing is cut to the width of the window. */
export function renderSummary(state: SessionState, summary: SessionSummary, style: Style): string[] {
  const stats = summary.stats ?? state.stats;
  const error = summary.error === undefined ? '' : `: ${printable(summary.error)}`;
  const detach = summary.detachNs === undefined ? '' : `, detached in ${formatDuration(summary.detachNs)}`;
  return [
    style('bold', `${formatDuration(summary.durationNs)} (${ENDINGS[summary.reason]}${error}${detach})`),
    '',
    ...routeLines(state, summary.durationNs, style),
    ...slowestLines(state, style),
    ...causeLines(state, style),
    ...(stats === undefined ? [] : [...lockLines(stats, style), ...gcLines(stats, state), ...runtimeLines(stats), '']),
    ...leakLines(state, style),
    shownText(state.shown, stats, summary.losses),
    lossText(summary.losses, style),
    ...(summary.unflushed > 0 ? [style('red', `${formatCount(summary.unflushed)} spans could not be exported`)] : []),
    ...(stats === undefined ? [] : [`cost ${costText(state.cost.mean)}`, agentText(stats)]),
    ...state.warnings.map((warning) => style('yellow', `! ${warning}`)),
  ];
}

/** Told where there were any. */
function runtimeLines({ process: { runtimeLocks } }: SessionStats): string[] {
  if (runtimeLocks === undefined || runtimeLocks.count === 0) return [];
  return [`Go runtime ${runtimeLockText(runtimeLocks)}`];
}

function routeLines(state: SessionState, durationNs: number, style: Style): string[] {
  const rows = sortRoutes(state.routes.rows(state.now), 'count', false);
  if (rows.length === 0) return ['no request was seen', ''];
  const seconds = Math.max(1e-9, durationNs / 1e9);
  const [head = '', ...body] = formatTable(
    ['route', 'requests', 'req/s', 'p50', 'p95', 'p99', 'max', 'errors'],
    rows
      .slice(0, ROUTES_SHOWN)
      .map((row) => [
        routeName(row),
        formatCount(row.count),
        formatRate(row.count / seconds),
        ...[row.p50, row.p95, row.p99, row.max].map(formatDuration),
        row.errors === 0 ? '0' : `${formatCount(row.errors)} (${formatShare(errorShare(row))})`,
      ]),
  );
  const more = rows.length > ROUTES_SHOWN ? [`and ${rows.length - ROUTES_SHOWN} more routes`] : [];
  return [style('bold', head), ...body, ...more, ''];
}

function slowestLines(state: SessionState, style: Style): string[] {
  const spans = state.slowestEver.list();
  if (spans.length === 0) return [];
  const [head = '', ...body] = formatTable(
    ['slowest', 'status', 'trace', 'request'],
    spans.map((span) => [formatDuration(duration(span)), statusText(span), span.traceId, requestText(span)]),
  );
  return [style('bold', head), ...body, ''];
}

function causeLines(state: SessionState, style: Style): string[] {
  const rows = state.causes.rows();
  if (rows.length === 0) return [];
  const [head = '', ...body] = formatTable(
    ['slow', 'in all', 'longest', 'cause'],
    rows
      .slice(0, CAUSES_SHOWN)
      .map(({ count, total, longest, text }) => [
        `${formatCount(count)}×`,
        formatDuration(total),
        formatDuration(longest),
        text,
      ]),
  );
  const more = rows.length > CAUSES_SHOWN ? [`and ${rows.length - CAUSES_SHOWN} more causes`] : [];
  return [style('bold', head), ...body, ...more, ''];
}

function lockLines({ waits }: SessionStats, style: Style): string[] {
  const { own: locks, others } = splitLocks(waits.locks);
  const beside = othersText(others);
  if (locks.length === 0) return beside === undefined ? [] : [`no contended lock; ${beside}`, ''];
  const [head = '', ...body] = formatTable(
    ['lock', 'waits', 'in all', 'longest', 'waited at', 'by', 'held by'],
    locks
      .slice(0, LOCKS_SHOWN)
      .map((lock) => [
        lockName(lock.kind),
        formatCount(lock.count),
        formatDuration(lock.total),
        formatDuration(lock.longest),
        placeText(lock.waitedAt[0]?.of),
        printable(lock.waiting[0]?.of ?? 'no request'),
        topHolder(lock),
      ]),
  );
  const more = locks.length > LOCKS_SHOWN ? [`and ${locks.length - LOCKS_SHOWN} more locks`] : [];
  return [style('bold', head), ...body, ...more, ...(beside === undefined ? [] : [beside]), ''];
}
