import type { LockReport, Tally } from '../../agent/correlate/waits/lock-report.ts';
import type { CodePlace } from '../../agent/correlate/waits/place.ts';
import type { Style } from '../color.ts';
import { formatCount, formatDuration } from '../format.ts';
import { padEnd, padStart, printable, truncate } from '../text.ts';
import type { LiveState } from './live-state.ts';
import { fullPlaceText, holderVerb, lockName, othersText, placeText, topHolder } from './lock-words.ts';
import { isWatched } from './watching.ts';

const TALLIES_SHOWN = 4;
const KIND = 9;

/** Locks that were waited for; the one under the cursor is laid open. At most `space` lines. */
export function renderLocks(state: LiveState, space: number, columns: number, style: Style): string[] {
  const { locks } = state;
  const others = othersText(state.otherWaits);
  const head = [
    style('bold', truncate(titleText(state), columns)),
    ...(others === undefined ? [] : [style('dim', truncate(others, columns))]),
    '',
  ];
  if (locks.length === 0) return [...head, style('dim', truncate(emptyText(state), columns))];
  const isWide = columns >= 60;
  const numbers = 2 + 7 + 1 + (isWide ? 8 + 1 + 7 + 1 : 0) + KIND + 1;
  const place = Math.max(8, Math.floor((columns - numbers - 1) / 2));
  const holder = Math.max(0, columns - numbers - place - 1);
  const titles = [
    `  ${padStart('total↓', 7)}`,
    ...(isWide ? [padStart('waits', 8), padStart('longest', 7)] : []),
    padEnd('lock', KIND),
    padEnd('waited at', place),
    padEnd('held by', holder),
  ].join(' ');
  const details = lockDetails(locks[state.lockCursor], columns, style);
  const rows = Math.max(1, space - head.length - 1 - details.length);
  const first = Math.max(0, state.lockCursor - rows + 1);
  const body = locks.slice(first, first + rows).flatMap((lock, index) => {
    const here = first + index === state.lockCursor;
    const row = [
      `${here ? '>' : ' '} ${padStart(formatDuration(lock.total), 7)}`,
      ...(isWide ? [padStart(formatCount(lock.count), 8), padStart(formatDuration(lock.longest), 7)] : []),
      padEnd(lockName(lock.kind), KIND),
      padEnd(placeText(lock.waitedAt[0]?.of), place),
      padEnd(topHolder(lock), holder),
    ].join(' ');
    const cut = truncate(row, columns);
    return here ? [style('bold', cut), ...details] : [cut];
  });
  return [...head, style('inverse', padEnd(titles, columns)), ...body];
}

function titleText({ locks }: LiveState): string {
  const waits = locks.reduce((sum, { count }) => sum + count, 0);
  const total = locks.reduce((sum, lock) => sum + lock.total, 0);
  const all = `${formatCount(locks.length)} contended ${locks.length === 1 ? 'lock' : 'locks'}, ${formatCount(waits)} waits, ${formatDuration(total)} in all`;
  return `${locks.length === 0 ? 'contended locks' : all} · since the start`;
}

function emptyText({ session }: LiveState): string {
  if (session.targets.length > 0 && !isWatched(session.targets, 'sem_woken')) {
    return 'not watched here: httptrace inspect <pid> says why';
  }
  return 'nobody has waited for a lock yet';
}

function lockDetails(lock: LockReport | undefined, columns: number, style: Style): string[] {
  if (lock === undefined) return [];
  const verb = holderVerb(lock.kind);
  return [
    `${lockName(lock.kind)} at 0x${lock.lock.toString(16)} in process ${lock.pid}`,
    ...tallyLines('waited at', lock.waitedAt, fullPlaceText),
    ...tallyLines('waiting', lock.waiting, printable),
    ...(verb === undefined
      ? []
      : [
          ...tallyLines<CodePlace>(verb === 'held by' ? 'released at' : 'ended at', lock.heldAt, fullPlaceText),
          ...tallyLines(verb, lock.holding, printable),
          ...(lock.unknownHolder > 0
            ? [`${padEnd('unknown', 12)}${tallyTime(lock.unknownHolder)}  holder not seen`]
            : []),
        ]),
  ].map((line) => style('dim', truncate(`    ${line}`, columns)));
}

function tallyLines<T>(label: string, tallies: readonly Tally<T>[], text: (of: T) => string): string[] {
  const shown = tallies.slice(0, TALLIES_SHOWN);
  const more = tallies.length - shown.length;
  return [
    ...shown.map(
      ({ of, count, total }, index) =>
        `${padEnd(index === 0 ? label : '', 12)}${tallyTime(total)} ${padStart(`${formatCount(count)}×`, 8)}  ${text(of)}`,
    ),
    ...(more > 0 ? [`${padEnd('', 12)}and ${more} more`] : []),
  ];
}

function tallyTime(ns: number): string {
  return padStart(formatDuration(ns), 7);
}
