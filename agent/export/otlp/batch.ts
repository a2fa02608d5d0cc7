import type { RequestSpan } from '../../correlate/span.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import { encodeResourceItems, type ResourceEnvelope } from './request-encoder.ts';
import type { SpanEncoder } from './span-encoder.ts';

/** Below the 4 MiB that gRPC servers take by default. */
export const MAX_BATCH_BYTES = 2 << 20;

/** An encoded request. */
export interface Batch {
  readonly request: Buffer;
  /** Spans, or data points of metrics. */
  readonly items: number;
  /** When it was first tried, ms; undefined: not yet. */
  firstAttempt: number | undefined;
}

/** Spans of one resource, encoded as they come: what is held is bytes, not objects. */
export class BatchBuilder {
  readonly #envelope: ResourceEnvelope;
  readonly #encoder: SpanEncoder;
  readonly #writer = new ProtobufWriter();
  #spans = 0;

  constructor(envelope: ResourceEnvelope, encoder: SpanEncoder) {
    this.#envelope = envelope;
    this.#encoder = encoder;
  }

  get spans(): number {
    return this.#spans;
  }

  get bytes(): number {
    return this.#writer.length;
  }

  add(span: RequestSpan): void {
    this.#encoder.write(this.#writer, span);
    this.#spans++;
  }

  /** Ends the batch and begins a new one. */
  seal(): Batch {
    const spans = this.#writer.bytes.subarray(0, this.#writer.length);
    const batch = { request: encodeResourceItems(this.#envelope, spans), items: this.#spans, firstAttempt: undefined };
    this.#writer.reset();
    this.#spans = 0;
    return batch;
  }
}
