import { RecordError } from './error.ts';
import { FieldTable } from './fields.ts';
import {
  HEADER,
  HIST_BUCKETS,
  HIST_CLASSES,
  PROCESS,
  REPLY,
  RUNTIME_LOCK_BUCKETS,
  RUNTIME_LOCK_WAITS,
  RUNTIME_LOCKS,
  STATS,
  STATS_HITS,
  STATS_LOST,
  Tag,
} from './layout.ts';
import { readTime, readU64, type TimeBase } from './time-base.ts';

/** A process ran execve, or ended. */
export interface ProcessRecord {
  readonly tgid: number;
  readonly time: number;
}

export interface ReplyRecord {
  readonly seq: number;
  /** 0 or a negative errno. */
  readonly error: number;
  readonly text: string;
}

/** Counters since the loader started. A measured cost that is not known is NaN. */
export interface StatsRecord {
  readonly time: number;
  /** By role: the order of ROLES in agent/probe/plan.ts. */
  readonly hits: readonly number[];
  readonly steppedHits: number;
  /** By reason: the order of KERNEL_LOSSES. */
  readonly lost: readonly number[];
  readonly finished: number;
  readonly progNs: number;
  /** In a second, for all processes. */
  readonly syscallNs: number;
  readonly unitNs: number;
  readonly steppedNs: number;
  readonly mapBytes: number;
  /** Times that a goroutine was made to mark, and how long, ns. */
  readonly assists: number;
  readonly assistNs: number;
  /** Waits for semaphores that ended, and how long they were, ns. */
  readonly waits: number;
  readonly waitNs: number;
  /** --deep: times that a goroutine had to wait for a processor, and how long, ns. */
  readonly delays: number;
  readonly delayNs: number;
  /** `[status class][bucket]` */
  readonly histogram: readonly (readonly number[])[];
}

/** Sleeps of threads of one process for locks of the Go runtime itself, since it was attached to. */
export interface RuntimeLocksRecord {
  readonly tgid: number;
  readonly totalNs: number;
  readonly longestNs: number;
  /** How many by length: RUNTIME_LOCK_BOUNDS of bpf/record.h. */
  readonly buckets: readonly number[];
}

export function decodeProcess(bytes: Buffer, start: number, end: number, base: TimeBase): ProcessRecord {
  const view = viewOf(bytes, start, end, PROCESS.size);
  return { tgid: view.getUint32(PROCESS.tgid, true), time: readTime(view, PROCESS.time, base) };
}

export function decodeReply(bytes: Buffer, start: number, end: number): ReplyRecord {
  const view = viewOf(bytes, start, end, REPLY.size);
  return {
    seq: view.getUint32(REPLY.seq, true),
    error: view.getInt32(REPLY.error, true),
    text: loaderText(bytes, start + REPLY.size, end),
  };
}

/** REC_HELLO and REC_LOG: the text they carry. */
export function decodeText(bytes: Buffer, start: number, end: number): string {
  viewOf(bytes, start, end, HEADER.size);
  return loaderText(bytes, start + HEADER.size, end);
}

export function decodeRuntimeLocks(bytes: Buffer, start: number, end: number): RuntimeLocksRecord {
  const view = viewOf(bytes, start, end, RUNTIME_LOCKS.size);
  return {
    tgid: view.getUint32(RUNTIME_LOCKS.tgid, true),
    totalNs: readU64(view, RUNTIME_LOCKS.waits + RUNTIME_LOCK_WAITS.totalNs),
    longestNs: readU64(view, RUNTIME_LOCKS.waits + RUNTIME_LOCK_WAITS.longestNs),
    buckets: readCounters(view, RUNTIME_LOCKS.waits + RUNTIME_LOCK_WAITS.buckets, RUNTIME_LOCK_BUCKETS),
  };
}

export function decodeStats(bytes: Buffer, start: number, end: number, base: TimeBase): StatsRecord {
  const view = viewOf(bytes, start, end, STATS.size);
  const counters = (offset: number, length: number): number[] => readCounters(view, offset, length);
  const measured = (offset: number): number => readU64(view, offset) || Number.NaN;
  return {
    time: readTime(view, STATS.time, base),
    hits: counters(STATS.hits, STATS_HITS),
    steppedHits: readU64(view, STATS.steppedHits),
    lost: counters(STATS.lost, STATS_LOST),
    finished: readU64(view, STATS.finished),
    progNs: measured(STATS.progNs),
    syscallNs: measured(STATS.syscallNs),
    unitNs: measured(STATS.unitNs),
    steppedNs: measured(STATS.steppedNs),
    mapBytes: measured(STATS.mapBytes),
    assists: readU64(view, STATS.assists),
    assistNs: readU64(view, STATS.assistNs),
    waits: readU64(view, STATS.waits),
    waitNs: readU64(view, STATS.waitNs),
    delays: readU64(view, STATS.delays),
    delayNs: readU64(view, STATS.delayNs),
    histogram: Array.from({ length: HIST_CLASSES }, (_, c) =>
      counters(STATS.hist + c * HIST_BUCKETS * 8, HIST_BUCKETS),
    ),
  };
}

function readCounters(view: DataView, offset: number, length: number): number[] {
  return Array.from({ length }, (_, i) => readU64(view, offset + i * 8));
}

function viewOf(bytes: Buffer, start: number, end: number, size: number): DataView {
  if (end - start < size) throw new RecordError(`a record of ${end - start} bytes, but its type has ${size}`);
  return new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
}

/** The text field at `start`; what follows it is padding. */
function loaderText(bytes: Buffer, start: number, end: number): string {
  if (end - start < 8) return '';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fieldEnd = start + 8 + view.getUint16(start + 2, true);
  if (fieldEnd > end) throw new RecordError('a text of the loader runs past its record');
  const fields = new FieldTable();
  fields.index(bytes, view, start, fieldEnd);
  return fields.text(Tag.loaderText) ?? '';
}
