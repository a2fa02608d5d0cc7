import type { RequestRecord } from '../record/decode.ts';
import { RequestFlag } from '../record/layout.ts';

/** The final status of a response; undefined where none was sent or seen. */
export function finalStatus(record: RequestRecord): number | undefined {
  if (isStatus(record.status)) return record.status;
  if (isStatus(record.wireStatus)) return record.wireStatus;
  // net/http sends 200 when the handler returns without a WriteHeader, but not for a handler that took the
  // connection over or did not return.
  const silent = RequestFlag.hijacked | RequestFlag.aborted | RequestFlag.unfinished;
  const returned = (record.flags & RequestFlag.finishNoHeader) !== 0 && (record.flags & silent) === 0;
  return returned ? 200 : undefined;
}

function isStatus(code: number): boolean {
  return code >= 100 && code <= 999;
}
