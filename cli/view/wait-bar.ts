import type { SampledWaits, WaitKind } from '../../agent/correlate/sampled-waits.ts';
import type { RequestSpan } from '../../agent/correlate/span.ts';
import type { RequestWaits, StateTimes } from '../../agent/correlate/waits/request-waits.ts';
import type { Style, StyleName } from '../color.ts';
import { renderParts } from './bar.ts';
import { duration } from './slowest.ts';

/** How long a request was in one part. */
export interface PartTime {
  /** Nanoseconds. */
  readonly time: number;
  /** From samples. */
  readonly isEstimate: boolean;
}

/** What a request can be doing: its letter in bars, and what it is called. */
export interface WaitPart {
  readonly glyph: string;
  readonly color: StyleName;
  readonly label: string;
  readonly short: string;
  /** For the help screen. */
  readonly meaning: string;
  /** --deep: all parts together are the request. */
  readonly ofStates: (states: StateTimes, waits: RequestWaits) => number;
  /** Without --deep, where a probe measures it. */
  readonly exact?: (waits: RequestWaits) => number | undefined;
  /** Without --deep, from samples, where nothing exact is known; undefined: they do not tell it. */
  readonly sampled?: (times: SampledWaits['times'], waits: RequestWaits) => number;
}

const kind =
  (name: WaitKind): NonNullable<WaitPart['sampled']> =>
  (times) =>
    times[name] ?? 0;

/** In the order of the bar. Letters, because a person can remember more of them than shades. */
export const WAIT_PARTS: readonly WaitPart[] = [
  {
    glyph: 'M',
    color: 'red',
    label: 'mutex',
    short: 'mutex',
    meaning: 'waited for a Mutex or RWMutex',
    ofStates: ({ mutex }) => mutex,
    exact: (waits) => waits.mutex,
    sampled: kind('mutex'),
  },
  {
    glyph: 'W',
    color: 'yellow',
    label: 'WaitGroup, Cond',
    short: 'group',
    meaning: 'waited for a WaitGroup or a Cond: for other goroutines',
    ofStates: groupState,
    exact: ({ waitGroup, cond }) =>
      waitGroup === undefined && cond === undefined ? undefined : (waitGroup ?? 0) + (cond ?? 0),
  },
  {
    glyph: 'S',
    color: 'magenta',
    label: 'world stopped',
    short: 'stop',
    meaning: 'stood still: the whole program was stopped, mostly for the garbage collector',
    ofStates: ({ gcStw }) => gcStw,
    exact: (waits) => waits.gcStw,
  },
  {
    glyph: 'A',
    color: 'blue',
    label: 'GC assist',
    short: 'assist',
    meaning: 'was made to work for the garbage collector, because it allocated memory',
    ofStates: ({ gcAssist }) => gcAssist,
    exact: (waits) => waits.gcAssist,
    sampled: kind('gc_assist'),
  },
  {
    glyph: 'P',
    color: 'yellow',
    label: 'processor',
    short: 'proc',
    meaning: 'could have run, and waited for a processor',
    ofStates: ({ scheduler }) => scheduler,
    sampled: kind('scheduler'),
  },
  {
    glyph: 'C',
    color: 'cyan',
    label: 'channel',
    short: 'chan',
    meaning: 'waited for a channel, or in a select',
    ofStates: ({ channel }) => channel,
    sampled: kind('channel'),
  },
  {
    glyph: 'N',
    color: 'blue',
    label: 'network',
    short: 'net',
    meaning: 'waited for the network',
    ofStates: ({ network }) => network,
    sampled: kind('network'),
  },
  {
    glyph: 'K',
    color: 'cyan',
    label: 'system call',
    short: 'sys',
    meaning: 'in a system call: in the kernel',
    ofStates: ({ syscall }) => syscall,
    sampled: kind('syscall'),
  },
  {
    glyph: 'Z',
    color: 'magenta',
    label: 'sleep',
    short: 'sleep',
    meaning: 'slept',
    ofStates: ({ sleep }) => sleep,
    sampled: kind('sleep'),
  },
  {
    glyph: '=',
    color: 'green',
    label: 'CPU',
    short: 'CPU',
    meaning: 'ran',
    ofStates: ({ cpu }) => cpu,
    sampled: kind('cpu'),
  },
  {
    glyph: 'o',
    color: 'dim',
    label: 'other',
    short: 'other',
    meaning: 'something else; of HTTP/2 also what followed the handler',
    ofStates: (states, waits) => states.other - groupState(states, waits),
    // Samples count these as other; they are known exactly.
    sampled: (times, { waitGroup = 0, cond = 0, gcStw = 0 }) =>
      Math.max(0, (times.other ?? 0) - waitGroup - cond - gcStw),
  },
];

/** The scheduler does not tell them from other waits, their own probes do; the time until it ran again is not theirs here. */
function groupState({ other }: StateTimes, { waitGroup = 0, cond = 0 }: RequestWaits): number {
  return Math.min(other, waitGroup + cond);
}

/** Undefined: not known. */
export function partTime({ ofStates, exact, sampled }: WaitPart, span: RequestSpan): PartTime | undefined {
  const { waits, sampledWaits } = span;
  if (waits.states !== undefined) return { time: ofStates(waits.states, waits), isEstimate: false };
  const known = exact?.(waits);
  if (known !== undefined) return { time: known, isEstimate: false };
  if (sampled === undefined || sampledWaits === undefined) return undefined;
  return { time: sampled(sampledWaits.times, waits), isEstimate: true };
}

/** The whole width is the request's own duration; what is not known is blank. */
export function renderWaitBar(span: RequestSpan, width: number, style: Style): string {
  const known = WAIT_PARTS.map((part) => ({ part, ...(partTime(part, span) ?? { time: 0, isEstimate: false }) }));
  const sum = (ofEstimates: boolean): number =>
    known.reduce((total, { time, isEstimate }) => total + (isEstimate === ofEstimates ? time : 0), 0);
  // What is exact keeps its width; estimates share what it leaves.
  const fit = Math.min(1, Math.max(0, duration(span) - sum(false)) / Math.max(1, sum(true)));
  const parts = known.map(({ part: { glyph, color }, time, isEstimate }) => ({
    length: Math.max(0, isEstimate ? time * fit : time),
    glyph,
    color,
  }));
  return renderParts(parts, width, duration(span), 0, style);
}

/** `M mutex  W WaitGroup, Cond  ...` */
export function renderWaitLegend(style: Style): string {
  return WAIT_PARTS.map((part) => `${style(part.color, part.glyph)} ${part.label}`).join('  ');
}

/** `~ sampled: PCNKZ=o`; empty: all of these are exact, or not known. */
export function renderEstimates(spans: readonly RequestSpan[]): string {
  const guessed = WAIT_PARTS.filter((part) => spans.some((span) => partTime(part, span)?.isEstimate === true));
  return guessed.length === 0 ? '' : `~ sampled: ${guessed.map(({ glyph }) => glyph).join('')}`;
}
