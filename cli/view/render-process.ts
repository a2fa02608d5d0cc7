import type { PanicCounts } from '../../agent/correlate/exceptions.ts';
import type { RuntimeLockWaits, SessionStats } from '../../agent/view.ts';
import type { Style } from '../color.ts';
import { formatCount, formatDuration } from '../format.ts';
import { padEnd, printable, truncate } from '../text.ts';
import { deepCostText } from './cost.ts';
import type { LiveState } from './live-state.ts';
import { renderGoroutines } from './render-goroutines.ts';
import type { SessionState } from './session-state.ts';
import { isWatched } from './watching.ts';
import { wrapWords } from './wrap.ts';

const LABEL = 12;

interface Fact {
  readonly label: string;
  /** Undefined: nothing to say. */
  readonly text: (stats: SessionStats, session: SessionState) => string | undefined;
}

const FACTS: readonly Fact[] = [
  {
    label: 'panics',
    text: ({ process: { panics } }, { targets }) =>
      isWatched(targets, 'panic') ? panicText(panics) : 'not watched here',
  },
  {
    label: 'waits',
    text: ({ process: { waits, waitTime } }, { targets }) =>
      isWatched(targets, 'sem_woken')
        ? `${formatCount(waits)} for mutexes, wait groups and conditions, ${formatDuration(waitTime)} in all (l: which ones)`
        : 'not watched here',
  },
  {
    label: 'Go runtime',
    text: ({ process: { runtimeLocks } }) => (runtimeLocks ? runtimeLockText(runtimeLocks) : 'not watched here'),
  },
  {
    label: 'GC assists',
    text: ({ process: { assists, assistTime } }, { targets }) =>
      isWatched(targets, 'assist_end')
        ? `${formatCount(assists)}, ${formatDuration(assistTime)} in all (g: the garbage collector)`
        : 'not watched here',
  },
  {
    label: 'delays',
    text: ({ process: { delays, delayTime } }, { targets }) =>
      isWatched(targets, 'sched_execute')
        ? delayText(delays, delayTime)
        : 'not watched: waits for a processor need --deep',
  },
  {
    label: 'deep costs',
    text: ({ cost }) => deepCostText(cost),
  },
];

/** What it says of the Go runtime: threads slept, not goroutines. */
export function runtimeLockText({ count, total, longest }: RuntimeLockWaits): string {
  const times = count === 0 ? '' : `, ${formatDuration(total)} in all, ${formatDuration(longest)} at most`;
  return `slept ${formatCount(count)} times for its own locks${times}`;
}

function delayText(count: number, time: number): string {
  const mean = count === 0 ? '' : `, ${formatDuration(time / count)} on average`;
  return `goroutines waited for a processor ${formatCount(count)} times, ${formatDuration(time)} in all${mean}`;
}

function panicText({ all, ofRequests }: PanicCounts): string {
  if (all === ofRequests) return `${formatCount(all)}${all === 0 ? '' : '; each ended its request'}`;
  return `${formatCount(all)}; ${formatCount(ofRequests)} requests were ended by one; the others were recovered, or in no request`;
}

/** What the targets did altogether, in requests and outside of them. */
export function renderProcess(state: LiveState, columns: number, style: Style): string[] {
  const { session, stats } = state;
  const facts = stats === undefined ? [style('dim', 'nothing measured yet')] : processLines(stats, session);
  return [
    style('bold', truncate('the processes together, in requests and outside of them · since the start', columns)),
    '',
    ...facts.flatMap((line) => wrapWords(line, columns, LABEL)),
    '',
    ...renderGoroutines(state.goroutines, columns, style),
    '',
    style('bold', 'what is not watched'),
    ...missing(session).flatMap((line) => wrapWords(line, columns, 4)),
  ];
}

function processLines(stats: SessionStats, session: SessionState): string[] {
  return FACTS.flatMap(({ label, text }) => {
    const fact = text(stats, session);
    return fact === undefined ? [] : [`${padEnd(label, LABEL)}${fact}`];
  });
}

function missing({ targets, exited }: SessionState): string[] {
  const lines = targets
    .filter(({ process }) => !exited.has(process.pid))
    .flatMap(({ process, unavailable }) =>
      unavailable.map(({ what, reason }) => `  ${process.pid} ${printable(what)}: ${printable(reason)}`),
    );
  return lines.length === 0 ? ['  nothing is missing'] : lines;
}
