import { cleanLine } from '../../correlate/clean.ts';
import { readFields } from './protobuf-reader.ts';

/** A response has a few bytes; a larger one is not read (a hostile endpoint could fill the memory). */
export const MAX_RESPONSE_BYTES = 64 << 10;
const MAX_MESSAGE_LENGTH = 200;

/** What became of one request. Messages come from the network: they are cleaned and cut. */
export type ExportResult =
  | { readonly kind: 'success'; readonly rejected: number; readonly message: string | undefined }
  /** @param afterMs when the receiver said how long to wait */
  | { readonly kind: 'retryable'; readonly message: string; readonly afterMs: number | undefined }
  /** @param isUnknownSignal the receiver does not take this signal at all */
  | { readonly kind: 'failure'; readonly message: string; readonly isUnknownSignal: boolean };

/** Export{Trace,Metrics}ServiceResponse: partial_success 1 {rejected_{spans,data_points} 1, error_message 2}. */
export function parseResponse(body: Buffer): ExportResult {
  let rejected = 0;
  let message: string | undefined;
  try {
    for (const field of readFields(body)) {
      if (field.number !== 1) continue;
      for (const part of readFields(field.bytes)) {
        if (part.number === 1) rejected = part.value;
        if (part.number === 2) message = shortMessage(part.bytes.toString('utf8'));
      }
    }
  } catch {
    // The receiver accepted what was sent; what it adds is not understood.
  }
  return { kind: 'success', rejected, message };
}

/**
 * The delay of a google.rpc.RetryInfo in a google.rpc.Status (`grpc-status-details-bin`): Status.details 3 {Any:
 * type_url 1, value 2}, RetryInfo.retry_delay 1 {Duration: seconds 1, nanos 2}. Undefined: there is none.
 */
export function parseRetryInfo(status: Buffer): number | undefined {
  try {
    for (const detail of readFields(status)) {
      if (detail.number !== 3) continue;
      const parts = [...readFields(detail.bytes)];
      const type = parts.find((part) => part.number === 1)?.bytes.toString('latin1') ?? '';
      const value = parts.find((part) => part.number === 2)?.bytes;
      if (value && type.endsWith('/google.rpc.RetryInfo')) return retryDelay(value);
    }
  } catch {
    // Not a status that we can read: it says nothing.
  }
  return undefined;
}

function retryDelay(retryInfo: Buffer): number {
  for (const field of readFields(retryInfo)) {
    if (field.number !== 1) continue;
    const parts = new Map([...readFields(field.bytes)].map((part) => [part.number, part.value]));
    return (parts.get(1) ?? 0) * 1000 + (parts.get(2) ?? 0) / 1e6;
  }
  return 0;
}

export function shortMessage(text: string): string {
  return cleanLine(text.slice(0, MAX_MESSAGE_LENGTH));
}
