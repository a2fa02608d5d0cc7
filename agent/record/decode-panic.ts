import { RecordError } from './error.ts';
import { FieldTable } from './fields.ts';
import { PANIC, Tag } from './layout.ts';
import { decodeStack } from './stack.ts';
import { readTime, readU64, type TimeBase } from './time-base.ts';

/** A call of runtime.gopanic. Owns its memory. */
export interface PanicRecord {
  readonly tgid: number;
  readonly goid: number;
  /** The request that the goroutine was serving, by its handler's start; NaN: none. */
  readonly handlerStart: number;
  readonly time: number;
  /** Run-time address of the type descriptor of the panic value; 0: a nil value. */
  readonly type: number;
  /** What stands where a Go string would, if the value is one. Only the type says whether it is. */
  readonly text: string | undefined;
  readonly textCut: boolean;
  /** The first bytes of the value. */
  readonly data: Buffer | undefined;
  /** Innermost first: the program counter in gopanic, then return addresses. */
  readonly stack: readonly number[];
  readonly stackCut: boolean;
}

/** Throws RecordError when the record is shorter than what it says it holds. */
export function decodePanic(bytes: Buffer, start: number, end: number, base: TimeBase): PanicRecord {
  if (end - start < PANIC.size) throw new RecordError('a panic record is cut off');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fieldsEnd = start + PANIC.size + view.getUint32(start + PANIC.dataLen, true);
  if (fieldsEnd > end) throw new RecordError('the fields of a panic run past its record');
  const fields = new FieldTable();
  fields.index(bytes, view, start + PANIC.size, fieldsEnd);
  return {
    tgid: view.getUint32(start + PANIC.tgid, true),
    goid: readU64(view, start + PANIC.goid),
    handlerStart: readTime(view, start + PANIC.handlerStart, base),
    time: readTime(view, start + PANIC.time, base),
    type: readU64(view, start + PANIC.type),
    text: fields.text(Tag.panicText)?.replace(/\0+$/, '') || undefined,
    textCut: fields.isCut(Tag.panicText),
    data: fields.bytes(Tag.panicData),
    stack: decodeStack(fields),
    stackCut: fields.isCut(Tag.stack),
  };
}
