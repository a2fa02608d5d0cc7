import type { SessionStats } from '../../agent/view.ts';
import type { Style } from '../color.ts';
import { formatCount, formatDuration, formatShare } from '../format.ts';
import { formatTable } from '../table.ts';
import { printable, truncate } from '../text.ts';
import type { LiveState } from './live-state.ts';
import type { SessionState } from './session-state.ts';
import { isWatched } from './watching.ts';
import { wrapWords } from './wrap.ts';

/** The garbage collector, and other stops of the world, since the start. */
export function renderGc(state: LiveState, columns: number, style: Style): string[] {
  const { stats } = state;
  const title = style('bold', truncate('garbage collector and other stops of the world · since the start', columns));
  if (stats === undefined) return [title, '', style('dim', 'nothing measured yet')];
  return [
    title,
    '',
    ...gcLines(stats, state.session).flatMap((line) => wrapWords(line, columns, 2)),
    ...pauseTable(stats, columns, style),
  ];
}

/** Collections, the requests that were stopped, assists; each in a line. For the summary too. */
export function gcLines(stats: SessionStats, session: SessionState): string[] {
  const { targets } = session;
  return [
    ...(isWatched(targets, 'stw_end') ? pauseLines(stats, session.now) : ['stops of the world are not watched here']),
    ...(isWatched(targets, 'assist_end') ? [assistLine(stats)] : ['GC assists are not watched here']),
  ];
}

function pauseLines({ waits: { gc } }: SessionStats, now: number): string[] {
  const every = gc.cycles === 0 ? '' : `, one every ${formatDuration(now / gc.cycles)}`;
  const stopped = gc.pauses.reduce((sum, { total }) => sum + total, 0);
  const stops = gc.pauses.reduce((sum, { count }) => sum + count, 0);
  const hit =
    gc.touched === 0
      ? ''
      : `, each by ${formatDuration(gc.touchedTotal / gc.touched)} on average, ${formatDuration(gc.touchedLongest)} at most`;
  return [
    `GC cycles ${formatCount(gc.cycles)}${every}; the world was stopped ${formatCount(stops)} times, ${formatDuration(stopped)} in all`,
    `requests stopped ${formatCount(gc.touched)} of ${formatCount(gc.requests)} (${formatShare(gc.requests === 0 ? 0 : gc.touched / gc.requests)})${hit}`,
  ];
}

function assistLine({ process: { assists, assistTime } }: SessionStats): string {
  const mean = assists === 0 ? '' : `, ${formatDuration(assistTime / assists)} on average`;
  return `GC assists ${formatCount(assists)}: goroutines were made to mark for ${formatDuration(assistTime)} in all${mean}`;
}

function pauseTable({ waits: { gc } }: SessionStats, columns: number, style: Style): string[] {
  if (gc.pauses.length === 0) return [];
  const [head = '', ...rows] = formatTable(
    ['  total↓', 'stops', 'longest', 'average', 'world stopped for'],
    gc.pauses.map(({ reason, count, total, longest }) => [
      `  ${formatDuration(total).padStart(6)}`,
      formatCount(count).padStart(5),
      formatDuration(longest).padStart(7),
      formatDuration(total / count).padStart(7),
      printable(reason),
    ]),
  );
  return ['', style('inverse', truncate(head.padEnd(columns), columns)), ...rows.map((row) => truncate(row, columns))];
}
