import type { RequestSpan } from '../correlate/span.ts';

/**
 * The description of an error status. Absent where http.response.status_code says it all (HTTP semantic
 * conventions, "Status").
 */
export function statusMessage(span: RequestSpan): string | undefined {
  if (span.status !== undefined && span.attributes.get('error.type') === String(span.status)) return undefined;
  return span.error;
}
