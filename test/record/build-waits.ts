import {
  GOROUTINE_SITE,
  GOROUTINES,
  GoroutineFlag,
  PAUSE,
  PAUSE_NO_REASON,
  RELEASE,
  RecordType,
  SAMPLE,
  SAMPLE_SAME_STACK,
  SAMPLES,
  Tag,
  WAIT,
  WaitKind,
} from '../../agent/record/layout.ts';
import { buildField, writeHeader } from './build-record.ts';

// As in build-record.ts: times are absolute nanoseconds, what is not given is zero. The kernel sends stacks in
// fields of a fixed size, of which only a part is filled.
const FRAMES = 16;

export interface PauseInput {
  tgid?: number;
  /** Undefined: the runtime was not told. */
  reason?: number | undefined;
  text?: string;
  start?: bigint;
  end?: bigint;
  byRuntime?: bigint;
}

export function buildPause({ tgid = 4242, reason, text = '', start, end, byRuntime }: PauseInput): Buffer {
  const bytes = Buffer.alloc(PAUSE.size);
  writeHeader(bytes, RecordType.pause);
  bytes.writeUInt32LE(tgid, PAUSE.tgid);
  bytes.writeUInt32LE(reason ?? PAUSE_NO_REASON, PAUSE.reason);
  bytes.writeBigUInt64LE(start ?? 0n, PAUSE.start);
  bytes.writeBigUInt64LE(end ?? 0n, PAUSE.end);
  bytes.writeBigUInt64LE(byRuntime ?? 0n, PAUSE.byRuntime);
  bytes.write(text, PAUSE.text, PAUSE.size - PAUSE.text, 'latin1');
  return bytes;
}

interface Goroutine {
  tgid?: number;
  goid?: number;
  parentGoid?: number;
  handlerStart?: bigint;
  addr?: number;
  stack?: readonly number[];
}

export interface WaitInput extends Goroutine {
  kind?: 'semaphore' | 'cond';
  start?: bigint;
  end?: bigint;
  again?: boolean;
}

export function buildWait({ kind = 'semaphore', start, end, again = false, ...of }: WaitInput): Buffer {
  const bytes = withStack(RecordType.wait, WAIT, of);
  bytes.writeUInt32LE(WaitKind[kind], WAIT.kind);
  bytes.writeBigUInt64LE(start ?? 0n, WAIT.start);
  bytes.writeBigUInt64LE(end ?? 0n, WAIT.end);
  bytes.writeUInt32LE(Number(again), WAIT.again);
  return bytes;
}

export interface ReleaseInput extends Goroutine {
  time?: bigint;
  lostBefore?: boolean;
}

export function buildRelease({ time, lostBefore = false, ...of }: ReleaseInput): Buffer {
  const bytes = withStack(RecordType.release, RELEASE, of);
  bytes.writeBigUInt64LE(time ?? 0n, RELEASE.time);
  bytes.writeUInt32LE(Number(lostBefore), RELEASE.lostBefore);
  return bytes;
}

function withStack(type: number, layout: typeof WAIT | typeof RELEASE, of: Goroutine): Buffer {
  const { tgid = 4242, goid = 35, parentGoid = 0, handlerStart = 0n, addr = 0xc000_0000_00, stack = [] } = of;
  const field = buildField({ tag: Tag.stack, value: words(stack, FRAMES), fullLength: 8 * stack.length });
  const bytes = Buffer.alloc(layout.size + field.length);
  writeHeader(bytes, type);
  bytes.writeUInt32LE(tgid, layout.tgid);
  bytes.writeUInt32LE(field.length, layout.dataLen);
  bytes.writeBigUInt64LE(BigInt(goid), layout.goid);
  bytes.writeBigUInt64LE(BigInt(parentGoid), layout.parentGoid);
  bytes.writeBigUInt64LE(handlerStart, layout.handlerStart);
  bytes.writeBigUInt64LE(BigInt(addr), layout.addr);
  field.copy(bytes, layout.size);
  return bytes;
}

export interface SampleInput {
  goid?: number;
  handlerStart?: bigint;
  child?: number;
  childAbsent?: bigint;
  gopc?: number;
  since?: number;
  status?: number;
  reason?: number;
  /** `same`: as in the sample before. */
  stack?: readonly number[] | 'same';
}

export function buildSamples(time: bigint, periodNs: bigint, samples: readonly SampleInput[]): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(SAMPLES.size), ...samples.map(buildSample)]);
  writeHeader(bytes, RecordType.samples);
  bytes.writeUInt32LE(4242, SAMPLES.tgid);
  bytes.writeUInt32LE(samples.length, SAMPLES.count);
  bytes.writeBigUInt64LE(time, SAMPLES.time);
  bytes.writeBigUInt64LE(periodNs, SAMPLES.periodNs);
  return bytes;
}

function buildSample({ stack = [], ...sample }: SampleInput): Buffer {
  const addresses = stack === 'same' ? [] : stack;
  const bytes = Buffer.concat([Buffer.alloc(SAMPLE.size), words(addresses)]);
  bytes.writeBigUInt64LE(BigInt(sample.goid ?? 35), SAMPLE.goid);
  bytes.writeBigUInt64LE(sample.handlerStart ?? 0n, SAMPLE.handlerStart);
  bytes.writeBigUInt64LE(BigInt(sample.child ?? 0), SAMPLE.child);
  bytes.writeBigUInt64LE(sample.childAbsent ?? 0n, SAMPLE.childAbsent);
  bytes.writeBigUInt64LE(BigInt(sample.gopc ?? 0), SAMPLE.gopc);
  bytes.writeUInt32LE(sample.since ?? 0, SAMPLE.since);
  bytes.writeUInt16LE(sample.status ?? 0, SAMPLE.status);
  bytes.writeUInt8(sample.reason ?? 0, SAMPLE.reason);
  bytes.writeUInt8(stack === 'same' ? SAMPLE_SAME_STACK : addresses.length, SAMPLE.depth);
  return bytes;
}

export interface GoroutinesInput {
  time?: bigint;
  listed?: number;
  lookedAt?: number;
  byStatus?: readonly number[];
  more?: boolean;
  sites?: readonly { gopc: number; parent?: number; count: number; ofFlight?: boolean; parentsCut?: boolean }[];
}

export function buildGoroutines(input: GoroutinesInput): Buffer {
  const { sites = [] } = input;
  const bytes = Buffer.alloc(GOROUTINES.size + sites.length * GOROUTINE_SITE.size);
  writeHeader(bytes, RecordType.goroutines);
  bytes.writeUInt32LE(4242, GOROUTINES.tgid);
  bytes.writeUInt32LE(sites.length, GOROUTINES.count);
  bytes.writeBigUInt64LE(input.time ?? 0n, GOROUTINES.time);
  bytes.writeUInt32LE(input.listed ?? 0, GOROUTINES.listed);
  bytes.writeUInt32LE(input.lookedAt ?? 0, GOROUTINES.lookedAt);
  for (const [i, count] of (input.byStatus ?? []).entries()) bytes.writeUInt32LE(count, GOROUTINES.byStatus + 4 * i);
  bytes.writeUInt32LE(Number(input.more ?? false), GOROUTINES.more);
  for (const [i, { gopc, parent = 0, count, ofFlight, parentsCut }] of sites.entries()) {
    const at = GOROUTINES.size + i * GOROUTINE_SITE.size;
    bytes.writeBigUInt64LE(BigInt(gopc), at + GOROUTINE_SITE.gopc);
    bytes.writeBigUInt64LE(BigInt(parent), at + GOROUTINE_SITE.parent);
    bytes.writeUInt32LE(count, at + GOROUTINE_SITE.count);
    const flags = (ofFlight ? GoroutineFlag.ofFlight : 0) | (parentsCut ? GoroutineFlag.parentsCut : 0);
    bytes.writeUInt32LE(flags, at + GOROUTINE_SITE.flags);
  }
  return bytes;
}

function words(addresses: readonly number[], room = addresses.length): Buffer {
  const bytes = Buffer.alloc(8 * room);
  for (const [i, address] of addresses.entries()) bytes.writeBigUInt64LE(BigInt(address), 8 * i);
  return bytes;
}
