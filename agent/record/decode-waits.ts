import { RecordError } from './error.ts';
import { FieldTable } from './fields.ts';
import { DEADLINE, DEADLINE_PARENTS, PAUSE, PAUSE_NO_REASON, PAUSE_TEXT, RELEASE, WAIT, WaitKind } from './layout.ts';
import { decodeStack } from './stack.ts';
import { readTime, readU64, type TimeBase } from './time-base.ts';

/** The world of a process stood still. Times are nanoseconds since the decoder's base. */
export interface PauseRecord {
  readonly tgid: number;
  /** runtime.stwReason; undefined: the runtime was not told (before Go 1.21). */
  readonly reason: number | undefined;
  /** Then: what the runtime noted as its reason not to preempt. Not cleaned. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Nanoseconds of it that the runtime counts as its pause; 0: not known. */
  readonly byRuntime: number;
}

/** A goroutine waited for a semaphore or a condition, and runs again. */
export interface WaitRecord {
  readonly tgid: number;
  readonly kind: 'semaphore' | 'cond';
  readonly goid: number;
  /** 0: not known. */
  readonly parentGoid: number;
  /** With tgid and goid: the request; NaN: none. */
  readonly handlerStart: number;
  /** Of the semaphore or of the sync.notifyList. */
  readonly address: number;
  readonly start: number;
  readonly end: number;
  /** It goes on with its goroutine's last wait: it was woken, but another one was faster. */
  readonly again: boolean;
  readonly stack: readonly number[];
}

/** Somebody gave a semaphore back that others may wait for. */
export interface ReleaseRecord {
  readonly tgid: number;
  readonly goid: number;
  readonly parentGoid: number;
  readonly handlerStart: number;
  readonly address: number;
  readonly time: number;
  /** Releases of this process before it were left out. */
  readonly lostBefore: boolean;
  readonly stack: readonly number[];
}

export function decodePause(bytes: Buffer, start: number, end: number, base: TimeBase): PauseRecord {
  const view = viewOf(bytes, start, end, PAUSE.size);
  const reason = view.getUint32(PAUSE.reason, true);
  const text = start + PAUSE.text;
  return {
    tgid: view.getUint32(PAUSE.tgid, true),
    reason: reason === PAUSE_NO_REASON ? undefined : reason,
    text: bytes.toString('latin1', text, text + PAUSE_TEXT).replace(/\0.*$/s, ''),
    start: readTime(view, PAUSE.start, base),
    end: readTime(view, PAUSE.end, base),
    byRuntime: readU64(view, PAUSE.byRuntime),
  };
}

/** The deadline of a context passed. */
export interface DeadlineRecord {
  readonly tgid: number;
  readonly time: number;
  /** Addresses of the contexts that it was derived from, nearest first. */
  readonly parents: readonly number[];
}

export function decodeDeadline(bytes: Buffer, start: number, end: number, base: TimeBase): DeadlineRecord {
  const view = viewOf(bytes, start, end, DEADLINE.size);
  return {
    tgid: view.getUint32(DEADLINE.tgid, true),
    time: readTime(view, DEADLINE.time, base),
    parents: Array.from({ length: DEADLINE_PARENTS }, (_, i) => readU64(view, DEADLINE.parents + i * 8)),
  };
}

/** Decodes waits and releases. Each record that it yields owns its memory. */
export class WaitDecoder {
  readonly #base: TimeBase;
  readonly #fields = new FieldTable();

  constructor(base: TimeBase) {
    this.#base = base;
  }

  /** Throws RecordError when the record is shorter than what it says it holds. */
  wait(bytes: Buffer, start: number, end: number): WaitRecord {
    const view = viewOf(bytes, start, end, WAIT.size);
    return {
      tgid: view.getUint32(WAIT.tgid, true),
      kind: view.getUint32(WAIT.kind, true) === WaitKind.cond ? 'cond' : 'semaphore',
      goid: readU64(view, WAIT.goid),
      parentGoid: readU64(view, WAIT.parentGoid),
      handlerStart: readTime(view, WAIT.handlerStart, this.#base),
      address: readU64(view, WAIT.addr),
      start: readTime(view, WAIT.start, this.#base),
      end: readTime(view, WAIT.end, this.#base),
      again: view.getUint32(WAIT.again, true) !== 0,
      stack: this.#stack(bytes, start + WAIT.size, view.getUint32(WAIT.dataLen, true), end),
    };
  }

  /** Throws RecordError. */
  release(bytes: Buffer, start: number, end: number): ReleaseRecord {
    const view = viewOf(bytes, start, end, RELEASE.size);
    return {
      tgid: view.getUint32(RELEASE.tgid, true),
      goid: readU64(view, RELEASE.goid),
      parentGoid: readU64(view, RELEASE.parentGoid),
      handlerStart: readTime(view, RELEASE.handlerStart, this.#base),
      address: readU64(view, RELEASE.addr),
      time: readTime(view, RELEASE.time, this.#base),
      lostBefore: view.getUint32(RELEASE.lostBefore, true) !== 0,
      stack: this.#stack(bytes, start + RELEASE.size, view.getUint32(RELEASE.dataLen, true), end),
    };
  }

  #stack(bytes: Buffer, from: number, length: number, end: number): readonly number[] {
    if (from + length > end) throw new RecordError('the fields of a wait run past its record');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#fields.index(bytes, view, from, from + length);
    return decodeStack(this.#fields);
  }
}

function viewOf(bytes: Buffer, start: number, end: number, size: number): DataView {
  if (end - start < size) throw new RecordError(`a record of ${end - start} bytes, but its type has ${size}`);
  return new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
}
