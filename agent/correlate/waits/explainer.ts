import type { RequestRecord } from '../../record/decode.ts';
import { decodeDeadline, decodePause, WaitDecoder, type WaitRecord } from '../../record/decode-waits.ts';
import { RequestFlag, Tag, WaitWord } from '../../record/layout.ts';
import { readTime, readU64, type TimeBase } from '../../record/time-base.ts';
import type { AddressResolver } from '../resolver.ts';
import { BoundedMap } from './bounded-map.ts';
import { DeadlineTable } from './deadlines.ts';
import { GcBook, type GcReport } from './gc-report.ts';
import { type Identity, IdentityTable } from './identities.ts';
import { LockBook, type LockReport } from './lock-report.ts';
import { type LockWait, lengthOf } from './lock-wait.ts';
import { type Pause, PauseTable, pauseOf } from './pauses.ts';
import { PendingTable, type PendingWaits } from './pending.ts';
import { isLock } from './place.ts';
import { LockPlaces } from './places.ts';
import { ReleaseTable } from './releases.ts';
import { type RequestRef, requestKey } from './request-key.ts';
import type { ExplainedWait, RequestWaits, StateTimes } from './request-waits.ts';

/** What is watched in a process: a figure of what is not is unknown, not zero. */
export interface Watched {
  readonly locks: boolean;
  readonly conds: boolean;
  readonly pauses: boolean;
  readonly assists: boolean;
  /** --deep: every state of a request's goroutine. */
  readonly scheduler: boolean;
}

/** Takes each pause and wait as it becomes known, whether or not it held up a request. */
export interface WaitObserver {
  pause(tgid: number, pause: Pause): void;
  lockWait(wait: LockWait): void;
}

export interface WaitReport {
  readonly locks: readonly LockReport[];
  readonly gc: GcReport;
}

/** net/http waits for the goroutine that reads ahead between handler and next request: nobody's doing. */
const PLUMBING = /^net\/http\.\(\*connReader\)\./;
const MAX_GOROUTINES = 8192;
const MAX_ASLEEP = 31;
/** From one wait of a call to its next, ns. */
const SAME_CALL = 100_000;
/** A pause that still goes on when a request ends is named when it ends. */
const PAUSE_GOES_ON = 'stopping the world';
const NO_LOCKS: readonly ExplainedWait[] = [];

/** Joins pauses, waits and releases to the requests that they held up. */
export class WaitExplainer {
  readonly #base: TimeBase;
  readonly #places: LockPlaces;
  readonly #observer: WaitObserver | undefined;
  readonly #decoder: WaitDecoder;
  readonly #pauses = new PauseTable();
  readonly #deadlines = new DeadlineTable();
  readonly #releases = new ReleaseTable();
  readonly #pending = new PendingTable();
  readonly #identities = new IdentityTable();
  readonly #lastWaits = new BoundedMap<string, LockWait>(MAX_GOROUTINES);
  readonly #locks = new LockBook();
  readonly #gc = new GcBook();
  readonly #readTime = (view: DataView, at: number): number => readTime(view, at, this.#base);

  constructor(
    base: TimeBase,
    resolverOf: (tgid: number) => AddressResolver | undefined,
    observer: WaitObserver | undefined,
  ) {
    this.#base = base;
    this.#places = new LockPlaces(resolverOf);
    this.#observer = observer;
    this.#decoder = new WaitDecoder(base);
  }

  /** A REC_PAUSE record. Throws RecordError. */
  pause(bytes: Buffer, start: number, end: number): void {
    const record = decodePause(bytes, start, end, this.#base);
    const pause = pauseOf(record);
    this.#pauses.add(record.tgid, pause);
    this.#gc.pause(pause);
    this.#observer?.pause(record.tgid, pause);
  }

  /** A REC_DEADLINE record. Throws RecordError. */
  deadline(bytes: Buffer, start: number, end: number): void {
    this.#deadlines.add(decodeDeadline(bytes, start, end, this.#base));
  }

  /** A REC_WAIT record. Throws RecordError. */
  wait(bytes: Buffer, start: number, end: number): void {
    const record = this.#decoder.wait(bytes, start, end);
    const goroutine = `${record.tgid}/${record.goid}`;
    const part = this.#explainWait(record);
    this.#releases.woken(part);
    const last = this.#lastWaits.get(goroutine);
    const before = last !== undefined && goesOn(record, part, last) ? last : undefined;
    const wait = this.#blame(before === undefined ? part : joined(before, part));
    this.#lastWaits.set(goroutine, wait);
    this.#locks.add(wait, before);
    this.#pending.add(wait, before);
    // A wait that goes on was counted in part already.
    this.#observer?.lockWait(before === undefined ? wait : part);
  }

  /** A REC_RELEASE record. Throws RecordError. */
  release(bytes: Buffer, start: number, end: number): void {
    const release = this.#decoder.release(bytes, start, end);
    const { offset, place } = this.#places.of(release.tgid, release.stack);
    if (release.lostBefore) this.#releases.lost(release.tgid, release.time);
    else this.#releases.add(release, release.address - offset, place);
  }

  identity(request: RequestRef): Identity | undefined {
    return this.#identities.get(request);
  }

  /** A request that runs and has held up others, or one that has ended. */
  identify(request: RequestRef, identity: Identity): void {
    this.#identities.set(request, identity);
  }

  /** @param name of the request, e.g. `GET /report` */
  explain(record: RequestRecord, start: number, end: number, name: string, watched: Watched): RequestWaits {
    const pauses = this.#pausesOf(record, start, end);
    const stopped = pauses.reduce((sum, pause) => sum + lengthOf(pause), 0);
    this.#gc.request(stopped);
    const pending = this.#pending.take(record);
    const children = this.#pending.takeChildren(record, end);
    const locks = this.#locksOf(pending, children, name);
    const isWhole = (record.flags & RequestFlag.waitsCut) === 0;
    const hasLocks = isWhole && watched.locks;
    const total = pending?.total ?? {};
    const states = watched.scheduler ? statesOf(record) : undefined;
    const childrenMutex = mutexTime(children);
    return {
      states,
      mutex: hasLocks ? (total.mutex ?? 0) + (total.rwmutex_read ?? 0) + (total.rwmutex_write ?? 0) : undefined,
      waitGroup: hasLocks ? (total.wait_group ?? 0) : undefined,
      cond: isWhole && watched.conds ? (total.cond ?? 0) : undefined,
      gcStw: watched.pauses ? stopped : undefined,
      gcAssist: watched.assists ? assistOf(record) : undefined,
      childrenMutex: childrenMutex > 0 ? childrenMutex : undefined,
      locks,
      pauses,
      clientGone: this.#moment(record, Tag.clientGone),
      readTimeout: this.#moment(record, Tag.readTimeout),
      deadline: this.#deadline(record),
    };
  }

  report(): WaitReport {
    return { locks: this.#locks.report(), gc: this.#gc.report() };
  }

  forget(tgid: number): void {
    this.#pauses.forget(tgid);
    this.#deadlines.forget(tgid);
    this.#releases.forget(tgid);
    this.#places.forget(tgid);
  }

  /** Most requests waited for none. */
  #locksOf(pending: PendingWaits | undefined, children: readonly LockWait[], name: string): readonly ExplainedWait[] {
    if (pending === undefined && children.length === 0) return NO_LOCKS;
    return [
      ...(pending?.longest ?? []).map((wait) => this.#nameHolder(wait, name, false)),
      ...children.map((wait) => this.#nameHolder(wait, name, true)),
    ];
  }

  /** Who signals a condition has not held it. */
  #blame(wait: LockWait): LockWait {
    return wait.kind === 'cond' ? wait : { ...wait, holder: this.#releases.holder(wait) };
  }

  #explainWait(record: WaitRecord): LockWait {
    const { kind, offset, place } = this.#places.of(record.tgid, record.stack);
    const isCond = record.kind === 'cond';
    const isPlumbing = place !== undefined && PLUMBING.test(place.function);
    return {
      tgid: record.tgid,
      goid: record.goid,
      handlerStart: record.handlerStart,
      parentGoid: record.parentGoid,
      kind: isPlumbing ? 'other' : isCond ? 'cond' : kind,
      lock: record.address - offset,
      start: record.start,
      end: record.end,
      asleep: [record.start],
      place,
      holder: undefined,
    };
  }

  #nameHolder(wait: LockWait, name: string, ofChild: boolean): ExplainedWait {
    const holderIdentity = wait.holder && this.#identities.get(wait.holder);
    this.#locks.name(wait, name, holderIdentity?.name);
    return { ...wait, holderIdentity, ofChild };
  }

  #pausesOf(record: RequestRecord, start: number, end: number): readonly Pause[] {
    const ended = this.#pauses.within(record.tgid, start, end);
    const since = record.fields.word(Tag.pauseOpen, this.#readTime);
    if (since === undefined || since >= end) return ended;
    return [
      { start: Math.max(since, start), end, reason: PAUSE_GOES_ON, isGc: false, byRuntime: end - since },
      ...ended,
    ];
  }

  #deadline(record: RequestRecord): number | undefined {
    const context = record.fields.word(Tag.context, readU64);
    if (context === undefined || context === 0) return undefined;
    return this.#deadlines.passed(record.tgid, context, record.handlerStart, record.handlerEnd);
  }

  #moment(record: RequestRecord, tag: number): number | undefined {
    return record.fields.word(tag, this.#readTime);
  }
}

/**
 * One call of Lock can wait several times: a Mutex when others are faster than who was woken, an RWMutex for other
 * writers first and then for readers.
 */
function goesOn(record: WaitRecord, wait: LockWait, last: LockWait): boolean {
  if (wait.lock !== last.lock || wait.end < last.end || requestKey(wait) !== requestKey(last)) return false;
  return record.again || (wait.kind === 'rwmutex_write' && record.start - last.end < SAME_CALL);
}

function mutexTime(waits: readonly LockWait[]): number {
  let sum = 0;
  for (const wait of waits) if (isLock(wait.kind)) sum += lengthOf(wait);
  return sum;
}

function joined(before: LockWait, part: LockWait): LockWait {
  return { ...part, start: before.start, asleep: [...before.asleep.slice(-MAX_ASLEEP), part.start] };
}

/** The times of all states, which add up to the span's. Undefined: its goroutine was not followed. */
function statesOf({ fields }: RequestRecord): StateTimes | undefined {
  return fields.word(Tag.waits, readStates, 8 * WaitWord.max);
}

function readStates(view: DataView, at: number): StateTimes {
  const word = (index: number): number => readU64(view, at + index * 8);
  return {
    cpu: word(WaitWord.cpu),
    scheduler: word(WaitWord.scheduler),
    mutex: word(WaitWord.mutex),
    channel: word(WaitWord.channel),
    network: word(WaitWord.network),
    syscall: word(WaitWord.syscall),
    sleep: word(WaitWord.sleep),
    gcAssist: word(WaitWord.gcAssist),
    gcStw: word(WaitWord.gcStw),
    other: word(WaitWord.other),
  };
}

function assistOf({ fields }: RequestRecord): number {
  return fields.word(Tag.waits, (view, at) => readU64(view, at + WaitWord.gcAssist * 8)) ?? 0;
}
