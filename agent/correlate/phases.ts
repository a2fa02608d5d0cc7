import type { RequestRecord } from '../record/decode.ts';
import type { Phases } from './span.ts';

/** When a request began and ended, and what it spent its time with. */
export interface Timing {
  readonly start: number;
  readonly end: number;
  readonly phases: Phases;
}

/** docs/spans.md says what each phase means. A phase whose two ends are out of order is absent: it was not observed. */
export function timingOf(record: RequestRecord): Timing {
  const { handlerStart, firstRead, lastWrite } = record;
  const read = between(firstRead, handlerStart);
  const end = latest(latest(latest(handlerStart, record.handlerEnd), lastWrite), record.end);
  const handlerEnd = record.handlerEnd >= handlerStart ? record.handlerEnd : end;
  return {
    start: read === undefined ? handlerStart : firstRead,
    end,
    phases: {
      acceptQueue: between(record.established, record.accepted),
      tlsHandshake: between(record.tlsStart, record.tlsEnd),
      read,
      handler: handlerEnd - handlerStart,
      writeHeader: between(handlerStart, record.writeHeader),
      write: between(record.firstWrite, lastWrite),
      finish: end - handlerEnd,
    },
  };
}

function between(from: number, to: number): number | undefined {
  return to >= from ? to - from : undefined;
}

/** `time` may be NaN. */
function latest(known: number, time: number): number {
  if (time > known) return time;
  return known;
}
