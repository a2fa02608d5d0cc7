import { RecordError } from './error.ts';
import { GOROUTINE_SITE, GOROUTINE_STATUSES, GOROUTINES, GoroutineFlag } from './layout.ts';
import { readTime, readU64, type TimeBase } from './time-base.ts';

/** All goroutines of a process at one moment, or a part of them. Owns its memory. */
export interface GoroutinesRecord {
  readonly tgid: number;
  readonly time: number;
  /** In the runtime's list, dead ones included. */
  readonly listed: number;
  /** Of them; fewer: there was no time for all. */
  readonly lookedAt: number;
  /** By g.atomicstatus. */
  readonly byStatus: readonly number[];
  readonly sites: readonly GoroutineGroup[];
  /** Another record goes on with this one. */
  readonly more: boolean;
}

/** Goroutines that one goroutine started at one place, and that live. */
export interface GoroutineGroup {
  /** Return address of the `go` statement. */
  readonly gopc: number;
  /** 0: not known. */
  readonly parent: number;
  readonly count: number;
  /** The parent is serving a request now. */
  readonly ofFlight: boolean;
  /** They have several parents, which are not told. */
  readonly parentsCut: boolean;
}

/** A REC_GOROUTINES record. Throws RecordError when it is shorter than it says. */
export function decodeGoroutines(bytes: Buffer, start: number, end: number, base: TimeBase): GoroutinesRecord {
  if (end - start < GOROUTINES.size) throw new RecordError('a record of goroutines is cut off');
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
  const count = view.getUint32(GOROUTINES.count, true);
  if (GOROUTINES.size + count * GOROUTINE_SITE.size > end - start) {
    throw new RecordError('the goroutines run past their record');
  }
  return {
    tgid: view.getUint32(GOROUTINES.tgid, true),
    time: readTime(view, GOROUTINES.time, base),
    listed: view.getUint32(GOROUTINES.listed, true),
    lookedAt: view.getUint32(GOROUTINES.lookedAt, true),
    byStatus: Array.from({ length: GOROUTINE_STATUSES }, (_, i) => view.getUint32(GOROUTINES.byStatus + 4 * i, true)),
    sites: Array.from({ length: count }, (_, i) => group(view, GOROUTINES.size + i * GOROUTINE_SITE.size)),
    more: view.getUint32(GOROUTINES.more, true) !== 0,
  };
}

function group(view: DataView, at: number): GoroutineGroup {
  const flags = view.getUint32(at + GOROUTINE_SITE.flags, true);
  return {
    gopc: readU64(view, at + GOROUTINE_SITE.gopc),
    parent: readU64(view, at + GOROUTINE_SITE.parent),
    count: view.getUint32(at + GOROUTINE_SITE.count, true),
    ofFlight: (flags & GoroutineFlag.ofFlight) !== 0,
    parentsCut: (flags & GoroutineFlag.parentsCut) !== 0,
  };
}
