import type { RequestSpan } from '../../agent/correlate/span.ts';
import { formatDuration } from '../format.ts';
import { printable } from '../text.ts';
import { duration } from './slowest.ts';
import { partTime, WAIT_PARTS } from './wait-bar.ts';

/** `82ms of 91ms: waited for the mutex at store.go:88, held by GET /report at report.go:19, trace 4bf9…` */
export function causeText(span: RequestSpan): string | undefined {
  const { cause } = span;
  if (cause === undefined) return undefined;
  return `${cause.isEstimate ? '~' : ''}${formatDuration(cause.time)} of ${formatDuration(duration(span))}: ${printable(cause.text)}`;
}

/** For a column: what was waited for comes first. `mutex at store.go:88, held by GET /report at ...` */
export function shortCause({ cause }: RequestSpan): string {
  const text = printable(cause?.text ?? '').replace(/^(?:(?:mostly|partly) )?(?:waited (?:for (?:the |a )?)?)?/, '');
  return cause?.isEstimate ? `~${text.replace(/ \(sampled\)$/, '')}` : text;
}

/** In a sentence, also where no cause is known: that is not the same as none of what is watched. */
export function causeOrWhyNot(span: RequestSpan): string {
  const text = causeText(span);
  if (text !== undefined) return text;
  const unknown = WAIT_PARTS.filter((part) => partTime(part, span) === undefined);
  if (unknown.length === WAIT_PARTS.length) return 'cause not known: waits are not watched in this process';
  const lacking = unknown.filter(({ exact }) => exact !== undefined).map(({ label }) => label);
  if (lacking.length > 0) return `cause not known; not known of it: ${lacking.join(', ')}`;
  if (unknown.length > 0) return 'no lock and no GC held it up for long; of other waits there are too few samples';
  return 'nothing of what is watched took a quarter of it';
}

/** The same for requests that waited for the same thing: without the trace and the goroutine that held it. */
export function causeGroup(text: string): string {
  return printable(text)
    .replace(/, trace [0-9a-f]{8}…$/, '')
    .replace(/, held longest by /, ', held by ')
    .replace(/, (held|ended) by goroutine \d+/, ', $1 by a goroutine without a request');
}
