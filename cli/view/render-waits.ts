import type { RequestSpan } from '../../agent/correlate/span.ts';
import type { ExplainedWait } from '../../agent/correlate/waits/request-waits.ts';
import type { Style } from '../color.ts';
import { formatCount, formatDuration, formatShare } from '../format.ts';
import { padEnd, padStart, printable, truncate } from '../text.ts';
import { causeOrWhyNot } from './cause.ts';
import { fullPlaceText, holderVerb, waitName } from './lock-words.ts';
import { duration } from './slowest.ts';
import { type PartTime, partTime, renderWaitBar, WAIT_PARTS } from './wait-bar.ts';
import { wrapWords } from './wrap.ts';

const PAUSES_SHOWN = 8;
/** net/http waits a little at the end of each request, for its own goroutine: that explains nothing, ns. */
const LEAST_OTHER = 100_000;
const LABEL = 16;
const TIME = 9;

/** What one request waited for: sums, each long wait with its holder, pauses, links. */
export function renderWaits(span: RequestSpan, columns: number, style: Style): string[] {
  return [
    style('bold', 'why'),
    ...wrapWords(`  ${causeOrWhyNot(span)}`, columns, 4),
    '',
    ...sumLines(span, columns, style),
    ...disturbanceLines(span, columns, style),
    ...lockLines(span, columns, style),
    ...pauseLines(span, columns, style),
    ...linkLines(span, columns, style),
  ];
}

function sumLines(span: RequestSpan, columns: number, style: Style): string[] {
  const parts = WAIT_PARTS.map((part) => ({ ...part, known: partTime(part, span) }));
  const times = parts.flatMap(({ known, label, glyph, color }) => {
    if (known === undefined || known.time <= 0) return [];
    const { time, isEstimate } = known;
    const text = padStart(`${isEstimate ? '~' : ''}${formatDuration(time)}`, TIME);
    return [`${padEnd(label, LABEL)}${text}${padStart(formatShare(time / duration(span)), 7)}  ${style(color, glyph)}`];
  });
  const labels = (wanted: (known: PartTime | undefined) => boolean): string =>
    parts
      .filter(({ known }) => wanted(known))
      .map(({ label }) => label)
      .join(', ');
  const bar = renderWaitBar(span, Math.max(10, columns - LABEL - TIME - 2), style);
  const { childrenMutex } = span.waits;
  return [
    ...(bar.trim() === '' ? [] : [`${padEnd('waits', LABEL + TIME + 2)}${bar}`]),
    ...times,
    ...labelled(
      'none',
      labels((known) => known?.isEstimate === false && known.time <= 0),
      columns,
    ),
    ...labelled(
      '~ none found',
      labels((known) => known?.isEstimate === true && known.time <= 0),
      columns,
    ),
    ...labelled(
      'unknown',
      labels((known) => known === undefined),
      columns,
    ),
    ...sampleLines(span, columns),
    ...(childrenMutex === undefined
      ? []
      : [
          truncate(
            `${padEnd('  children', LABEL)}${padStart(formatDuration(childrenMutex), TIME)}  mutex waits of goroutines it started`,
            columns,
          ),
        ]),
  ];
}

/** How good the figures with `~` are. */
function sampleLines({ waits, sampledWaits }: RequestSpan, columns: number): string[] {
  if (waits.states !== undefined || sampledWaits === undefined) return [];
  const { samples, where } = sampledWaits;
  const at = where === undefined ? '' : `; waiting most at ${fullPlaceText(where)}`;
  return labelled('~', `estimates from ${formatCount(samples)} samples${at}`, columns);
}

function labelled(label: string, text: string, columns: number): string[] {
  return text === '' ? [] : wrapWords(`${padEnd(label, LABEL)}${text}`, columns, LABEL);
}

/** What made the handler's work useless, and how long it went on. */
function disturbanceLines({ start, phases, waits }: RequestSpan, columns: number, style: Style): string[] {
  const handlerEnd = start + (phases.read ?? 0) + phases.handler;
  const told = (what: string, time: number | undefined): string[] => {
    if (time === undefined) return [];
    const rest = handlerEnd > time ? `; the handler went on for ${formatDuration(handlerEnd - time)}` : '';
    return wrapWords(`${what} after ${formatDuration(time - start)}${rest}`, columns, 2);
  };
  const lines = [
    ...told('the client went away', waits.clientGone),
    ...told('the server gave up waiting for the body', waits.readTimeout),
    ...told('a deadline passed', waits.deadline),
  ];
  return lines.length === 0 ? [] : ['', ...lines.map((line) => style('yellow', line))];
}

function lockLines(span: RequestSpan, columns: number, style: Style): string[] {
  const locks = span.waits.locks.filter((wait) => wait.kind !== 'other' || wait.end - wait.start >= LEAST_OTHER);
  if (locks.length === 0) return [];
  return ['', style('bold', 'longest waits'), ...locks.flatMap((wait) => lockWait(wait, span, columns))];
}

function lockWait(wait: ExplainedWait, span: RequestSpan, columns: number): string[] {
  const whose = wait.ofChild ? `, goroutine ${wait.goid} that it started` : '';
  const what = `${waitName(wait.kind)} 0x${wait.lock.toString(16)} at ${fullPlaceText(wait.place)}${whose}`;
  const time = padStart(formatDuration(wait.end - wait.start), 7);
  const holder = holderLine(wait);
  return [
    ...wrapWords(`  ${time} ${what}, began after ${formatDuration(wait.start - span.start)}`, columns, 10),
    ...(holder === undefined ? [] : wrapWords(`          ${holder}`, columns, 12)),
  ];
}

function holderLine({ kind, holder, holderIdentity, start, end }: ExplainedWait): string | undefined {
  const verb = holderVerb(kind);
  if (verb === undefined) return undefined;
  if (holder === undefined) return `${verb}: unknown`;
  const who =
    holderIdentity === undefined
      ? `goroutine ${holder.goid}, no request that is known`
      : `${printable(holderIdentity.name)}, goroutine ${holder.goid}, trace ${holderIdentity.traceId}`;
  // Of several holders one after the other, the longest is named.
  const share = holder.share < (end - start) * 0.9 ? ` for ${formatDuration(holder.share)} of it` : '';
  return `${verb} ${who}${share}, released at ${fullPlaceText(holder.place)}`;
}

function pauseLines({ start, waits: { pauses } }: RequestSpan, columns: number, style: Style): string[] {
  if (pauses.length === 0) return [];
  const shown = pauses.toSorted((a, b) => a.start - b.start).slice(0, PAUSES_SHOWN);
  const more = pauses.length - shown.length;
  return [
    '',
    style('bold', 'the world was stopped'),
    ...shown.flatMap((pause) =>
      wrapWords(
        `  ${padStart(formatDuration(pause.end - pause.start), 7)} ${printable(pause.reason)}, began after ${formatDuration(pause.start - start)}`,
        columns,
        10,
      ),
    ),
    ...(more > 0 ? [`          and ${more} more`] : []),
  ];
}

function linkLines({ links }: RequestSpan, columns: number, style: Style): string[] {
  if (links.length === 0) return [];
  return [
    '',
    style('bold', 'links'),
    ...links.flatMap(({ traceId, spanId, attributes }) =>
      wrapWords(
        `  ${printable(String(attributes.get('httptrace.link') ?? 'link'))} trace ${traceId} span ${spanId}`,
        columns,
        4,
      ),
    ),
  ];
}
