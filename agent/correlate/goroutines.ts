import { decodeGoroutines, type GoroutinesRecord } from '../record/decode-goroutines.ts';
import type { TimeBase } from '../record/time-base.ts';
import type { EndedRequests } from './ended-requests.ts';
import { Memo } from './memo.ts';
import { type Place, Places } from './places.ts';
import type { AddressResolver } from './resolver.ts';
import { GoStatus } from './wait-kind.ts';

/** The goroutines of one process at one moment: about once a second. */
export interface GoroutineReport {
  readonly pid: number;
  /** Nanoseconds since the clock base. */
  readonly time: number;
  /** As runtime.NumGoroutine counts: without those of the runtime itself. */
  readonly total: number;
  /** False: there were too many to look at all of them; counts are of a part. */
  readonly complete: boolean;
  /** Those of the runtime included. */
  readonly byStatus: GoroutineStates;
  /** By the `go` statement that started them, most growth first, then most alive; at most MAX_SITES. */
  readonly sites: readonly GoroutineSite[];
}

export interface GoroutineStates {
  readonly running: number;
  readonly runnable: number;
  readonly waiting: number;
  readonly syscall: number;
}

export interface GoroutineSite {
  /** The function with the `go` statement. Cleaned. */
  readonly function: string;
  readonly file: string;
  readonly line: number;
  readonly alive: number;
  /** Of them, started by a goroutine that serves a request now or has served one; undefined: parents are not known. */
  readonly ofRequests: number | undefined;
  /** Of those, whose parent serves no request now. */
  readonly outlived: number | undefined;
  /** More than a minute ago, or than when the agent attached. */
  readonly growth: number;
}

const MAX_SITES = 100;
const GROWTH_NS = 60e9;
const REMEMBERED_PLACES = 4096;
/** The runtime's goroutines begin in its own functions; the first one of main too. */
const OF_RUNTIME = /^runtime\./;
const STARTS_MAIN = /^runtime\.(rt0_go|main)\b/;

export interface GoroutineSources {
  readonly base: TimeBase;
  readonly resolverOf: (tgid: number) => AddressResolver | undefined;
}

/** Makes reports from REC_GOROUTINES records. */
export class GoroutineTable {
  readonly #sources: GoroutineSources;
  readonly #ended: EndedRequests;
  readonly #processes = new Map<number, ProcessGoroutines>();

  constructor(sources: GoroutineSources, ended: EndedRequests) {
    this.#sources = sources;
    this.#ended = ended;
  }

  /** Undefined: other records go on with this one. Throws RecordError. */
  add(bytes: Buffer, start: number, end: number): GoroutineReport | undefined {
    const record = decodeGoroutines(bytes, start, end, this.#sources.base);
    const resolver = this.#sources.resolverOf(record.tgid);
    if (resolver === undefined) return undefined;
    let process = this.#processes.get(record.tgid);
    if (process === undefined) {
      process = new ProcessGoroutines(resolver, this.#ended);
      this.#processes.set(record.tgid, process);
    }
    return process.add(record);
  }

  forget(tgid: number): void {
    this.#processes.delete(tgid);
  }
}

interface Counts {
  alive: number;
  ofRequests: number;
  outlived: number;
}

class ProcessGoroutines {
  readonly #ended: EndedRequests;
  readonly #places: Memo<Place | null>;
  #counts = new Map<number, Counts>();
  #parentsKnown = false;
  /** Parents that have served requests and have goroutines alive: EndedRequests may forget them, this does not. */
  #requestParents = new Set<number>();
  #nextParents = new Set<number>();
  /** Oldest first: goroutines alive by `go` statement. */
  readonly #history: { readonly time: number; readonly alive: ReadonlyMap<number, number> }[] = [];

  constructor(resolver: AddressResolver, ended: EndedRequests) {
    const places = new Places(resolver);
    this.#ended = ended;
    this.#places = new Memo(REMEMBERED_PLACES, (gopc) => places.ofReturn(Number(gopc)) ?? null);
  }

  add(record: GoroutinesRecord): GoroutineReport | undefined {
    for (const { gopc, parent, count, ofFlight, parentsCut } of record.sites) {
      const counts = this.#counts.get(gopc) ?? { alive: 0, ofRequests: 0, outlived: 0 };
      this.#counts.set(gopc, counts);
      counts.alive += count;
      if (parent !== 0 || parentsCut) this.#parentsKnown = true;
      const hasServed = parent !== 0 && (ofFlight || this.#hasServed(record.tgid, parent));
      if (hasServed) counts.ofRequests += count;
      if (hasServed && !ofFlight) counts.outlived += count;
    }
    if (record.more) return undefined;
    const report = this.#report(record);
    this.#remember(record.time);
    return report;
  }

  #hasServed(tgid: number, parent: number): boolean {
    const served = this.#requestParents.has(parent) || this.#ended.lastEnd(tgid, parent) !== undefined;
    if (served) this.#nextParents.add(parent);
    return served;
  }

  #report(record: GoroutinesRecord): GoroutineReport {
    const before = this.#history[0]?.alive;
    let total = 0;
    const sites: GoroutineSite[] = [];
    for (const [gopc, { alive, ofRequests, outlived }] of this.#counts) {
      const place = this.#places.get(String(gopc));
      if (place !== null && OF_RUNTIME.test(place.function) && !STARTS_MAIN.test(place.function)) continue;
      total += alive;
      if (place === null) continue;
      sites.push({
        ...place,
        alive,
        ofRequests: this.#parentsKnown ? ofRequests : undefined,
        outlived: this.#parentsKnown ? outlived : undefined,
        growth: before === undefined ? 0 : alive - (before.get(gopc) ?? 0),
      });
    }
    const status = (number: number): number => record.byStatus[number] ?? 0;
    return {
      pid: record.tgid,
      time: record.time,
      total,
      complete: record.lookedAt === record.listed,
      byStatus: {
        running: status(GoStatus.running),
        runnable: status(GoStatus.runnable) + status(GoStatus.preempted),
        waiting: status(GoStatus.waiting),
        syscall: status(GoStatus.syscall),
      },
      sites: sites.toSorted((a, b) => b.growth - a.growth || b.alive - a.alive).slice(0, MAX_SITES),
    };
  }

  #remember(time: number): void {
    this.#history.push({ time, alive: new Map([...this.#counts].map(([gopc, { alive }]) => [gopc, alive])) });
    while (time - (this.#history[0]?.time ?? time) > GROWTH_NS) this.#history.shift();
    this.#counts = new Map();
    this.#requestParents = this.#nextParents;
    this.#nextParents = new Set();
  }
}
