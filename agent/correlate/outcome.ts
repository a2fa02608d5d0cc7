import type { RequestRecord } from '../record/decode.ts';
import { RequestFlag } from '../record/layout.ts';
import type { RequestPanic } from './exceptions.ts';

export interface Outcome {
  /** `error.type`: low cardinality. */
  readonly type: string | undefined;
  /** For a person; undefined: no error. */
  readonly text: string | undefined;
}

const FINE: Outcome = { type: undefined, text: undefined };

/** Whether a request counts as failed. 4xx is the client's doing: no error of the server (HTTP semantic conventions). */
export function outcomeOf(record: RequestRecord, status: number | undefined, panics: readonly RequestPanic[]): Outcome {
  if (record.flags & RequestFlag.aborted) {
    const escaped = panics.at(-1);
    if (!escaped || escaped.isAbort) return { type: 'aborted', text: 'the handler aborted the response' };
    return { type: escaped.type, text: `panic: ${escaped.type}` };
  }
  if (status !== undefined && status >= 500) return { type: `${status}`, text: `HTTP ${status}` };
  return FINE;
}
