import { RecordError } from './error.ts';
import { SAMPLE, SAMPLE_SAME_STACK, SAMPLES } from './layout.ts';
import { readTime, readU64, type TimeBase } from './time-base.ts';

/** A goroutine of a request, as it was found at one moment. One object is used for sample after sample. */
export interface Sample {
  readonly tgid: number;
  /** Of the request. */
  readonly goid: number;
  readonly handlerStart: number;
  /** The goroutine that was read, where a request started it; 0: the request's own. */
  readonly child: number;
  /** When this child was last looked for and not there; NaN: never. */
  readonly childAbsent: number;
  /** Return address of the child's `go` statement. */
  readonly gopc: number;
  readonly time: number;
  /** What this sample stands for. */
  readonly periodNs: number;
  /** runtime: g.atomicstatus, g.waitreason. */
  readonly status: number;
  readonly reason: number;
  /**
   * Addresses as bytes of a latin-1 string, 8 each, innermost first; the first is a program counter. Empty: it ran.
   * Undefined: as in the sample before of this goroutine and request.
   */
  readonly stack: string | undefined;
}

/** Calls `visit` for each sample of a REC_SAMPLES record. Throws RecordError when it is shorter than it says. */
export function decodeSamples(
  bytes: Buffer,
  start: number,
  end: number,
  base: TimeBase,
  visit: (sample: Sample) => void,
): void {
  if (end - start < SAMPLES.size) throw new RecordError('a record of samples is cut off');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(start + SAMPLES.count, true);
  const time = readTime(view, start + SAMPLES.time, base);
  const sample = {
    tgid: view.getUint32(start + SAMPLES.tgid, true),
    goid: 0,
    handlerStart: 0,
    child: 0,
    childAbsent: 0,
    gopc: 0,
    time,
    periodNs: readU64(view, start + SAMPLES.periodNs),
    status: 0,
    reason: 0,
    stack: '' as string | undefined,
  };
  let at = start + SAMPLES.size;
  for (let i = 0; i < count; i++) {
    const stackAt = at + SAMPLE.size;
    const depth = stackAt <= end ? view.getUint8(at + SAMPLE.depth) : 0;
    const next = stackAt + (depth === SAMPLE_SAME_STACK ? 0 : 8 * depth);
    if (next > end) throw new RecordError('the samples run past their record');
    sample.goid = readU64(view, at + SAMPLE.goid);
    sample.handlerStart = readTime(view, at + SAMPLE.handlerStart, base);
    sample.child = readU64(view, at + SAMPLE.child);
    sample.childAbsent = readTime(view, at + SAMPLE.childAbsent, base);
    sample.gopc = readU64(view, at + SAMPLE.gopc);
    sample.time = time + view.getUint32(at + SAMPLE.since, true);
    sample.status = view.getUint16(at + SAMPLE.status, true);
    sample.reason = view.getUint8(at + SAMPLE.reason);
    sample.stack = depth === SAMPLE_SAME_STACK ? undefined : bytes.toString('latin1', stackAt, next);
    visit(sample);
    at = next;
  }
}

/** The addresses in `Sample.stack`. */
export function stackAddresses(stack: string): readonly number[] {
  const bytes = Buffer.from(stack, 'latin1');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length >> 3 }, (_, i) => readU64(view, i * 8));
}
