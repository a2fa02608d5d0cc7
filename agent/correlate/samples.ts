import { decodeSamples, type Sample } from '../record/decode-samples.ts';
import type { TimeBase } from '../record/time-base.ts';
import type { EndedRequests } from './ended-requests.ts';
import { Places } from './places.ts';
import type { AddressResolver } from './resolver.ts';
import type { SampledChildren, SampledPlace, SampledWaits, WaitKind, WaitTimes } from './sampled-waits.ts';
import { WaitKinds } from './wait-kind.ts';

/** Fewer than this say too little of a request: with four, a share is known to about a quarter. */
const MIN_SAMPLES = 4;
/** Requests that are followed at one time; the one that began first is forgotten. */
const MAX_REQUESTS = 8192;
const MAX_STACKS = 32;
const MAX_CHILDREN = 256;
/** A request that was not sampled for so long is over; its record was lost or left out. */
const FORGOTTEN_NS = 10e9;
const BACKGROUND_READ = 'net/http.(*connReader).startBackgroundRead';

/** What the table knows of a process. */
interface Program {
  readonly kinds: WaitKinds;
  readonly places: Places;
}

export interface SampleSources {
  readonly base: TimeBase;
  readonly resolverOf: (tgid: number) => AddressResolver | undefined;
  /** Texts of g.waitreason; undefined: the process is not sampled. */
  readonly waitReasonsOf: (tgid: number) => readonly string[] | undefined;
}

/** The request that samples are taken for. Times count from the clock base. */
export interface SampledRequest {
  readonly tgid: number;
  readonly goid: number;
  readonly handlerStart: number;
  readonly handlerEnd: number;
}

/** Samples until the record of their request comes: it is always sent later. */
export class SampleTable {
  readonly #sources: SampleSources;
  readonly #ended: EndedRequests;
  readonly #requests = new Map<string, RequestSamples>();
  readonly #programs = new Map<number, Program>();
  #swept = 0;

  constructor(sources: SampleSources, ended: EndedRequests) {
    this.#sources = sources;
    this.#ended = ended;
  }

  /** A REC_SAMPLES record. Throws RecordError. */
  add(bytes: Buffer, start: number, end: number): void {
    decodeSamples(bytes, start, end, this.#sources.base, (sample) => this.#sample(sample));
  }

  /** What is known of a request that has ended; handed out once. Undefined: too little. */
  take(request: SampledRequest): SampledWaits | undefined {
    if (this.#requests.size === 0) return undefined;
    const key = keyOf(request.tgid, request.goid, request.handlerStart);
    const samples = this.#requests.get(key);
    const program = this.#programs.get(request.tgid);
    if (samples === undefined || program === undefined) return undefined;
    this.#requests.delete(key);
    return samples.result(request, program.places, this.#ended.lastEnd(request.tgid, request.goid));
  }

  forget(tgid: number): void {
    this.#programs.delete(tgid);
    for (const [key, samples] of this.#requests) if (samples.tgid === tgid) this.#requests.delete(key);
  }

  #sample(sample: Sample): void {
    const program = this.#program(sample.tgid);
    if (program === undefined) return;
    const key = keyOf(sample.tgid, sample.goid, sample.handlerStart);
    let samples = this.#requests.get(key);
    if (samples === undefined) {
      samples = new RequestSamples(sample.tgid);
      this.#requests.set(key, samples);
      if (this.#requests.size > MAX_REQUESTS) this.#requests.delete(this.#requests.keys().next().value as string);
    }
    const stack = sample.stack ?? samples.lastStackOf(sample.child);
    const kind = program.kinds.of(sample.status, sample.reason, () => program.places.isInGroup(stack));
    samples.add(sample, { time: sample.time, kind, ns: sample.periodNs, stack }, program.places);
    if (sample.time - this.#swept > FORGOTTEN_NS) this.#sweep(sample.time);
  }

  #program(tgid: number): Program | undefined {
    const known = this.#programs.get(tgid);
    if (known !== undefined) return known;
    const reasons = this.#sources.waitReasonsOf(tgid);
    const resolver = this.#sources.resolverOf(tgid);
    if (reasons === undefined || resolver === undefined) return undefined;
    const program = { kinds: new WaitKinds(reasons), places: new Places(resolver) };
    this.#programs.set(tgid, program);
    return program;
  }

  #sweep(now: number): void {
    this.#swept = now;
    for (const [key, { lastTime }] of this.#requests) if (now - lastTime > FORGOTTEN_NS) this.#requests.delete(key);
  }
}

/** Times by kind, and how many samples they are of. */
class Tally {
  readonly times = new Map<WaitKind, number>();
  samples = 0;
  total = 0;

  add(kind: WaitKind, ns: number): void {
    this.times.set(kind, (this.times.get(kind) ?? 0) + ns);
    this.samples++;
    this.total += ns;
  }

  remove(kind: WaitKind, ns: number): void {
    const left = (this.times.get(kind) ?? 0) - ns;
    if (left > 0) this.times.set(kind, left);
    else this.times.delete(kind);
    this.samples--;
    this.total -= ns;
  }

  scaled(factor: number): WaitTimes {
    return Object.fromEntries([...this.times].map(([kind, ns]) => [kind, Math.round(ns * factor)]));
  }
}

interface Moment {
  readonly time: number;
  readonly kind: WaitKind;
  readonly ns: number;
  readonly stack: string;
}

interface Child {
  readonly absent: number;
  readonly tally: Tally;
  last: Moment;
}

class RequestSamples {
  readonly tgid: number;
  lastTime = 0;
  readonly #own = new Tally();
  /** `kind` and stack to the time spent there. */
  readonly #stacks = new Map<string, { readonly kind: WaitKind; readonly stack: string; ns: number }>();
  readonly #children = new Map<number, Child>();
  /** That of the last sample: most are like the one before. */
  #stack: { readonly kind: WaitKind; readonly stack: string; ns: number } | undefined;
  /** Only the last sample can have been taken after the handler returned. */
  #last: Moment | undefined;

  constructor(tgid: number) {
    this.tgid = tgid;
  }

  /** @param child a goroutine that it started; 0: its own */
  lastStackOf(child: number): string {
    return (child === 0 ? this.#last : this.#children.get(child)?.last)?.stack ?? '';
  }

  add(sample: Sample, moment: Moment, places: Places): void {
    this.lastTime = sample.time;
    if (sample.child !== 0) {
      this.#addChild(sample, moment, places);
      return;
    }
    this.#last = moment;
    this.#own.add(moment.kind, moment.ns);
    this.#addStack(moment, 1);
  }

  result(request: SampledRequest, places: Places, previousEnd: number | undefined): SampledWaits | undefined {
    const end = request.handlerEnd;
    if (this.#last !== undefined && this.#last.time > end) {
      this.#own.remove(this.#last.kind, this.#last.ns);
      this.#addStack(this.#last, -1);
    }
    if (this.#own.samples < MIN_SAMPLES) return undefined;
    const factor = (end - request.handlerStart) / this.#own.total;
    return {
      samples: this.#own.samples,
      times: this.#own.scaled(factor),
      where: this.#where(places, factor),
      children: this.#childrenOf(request, previousEnd),
    };
  }

  #addStack({ kind, ns, stack }: Moment, sign: 1 | -1): void {
    if (stack === '' || kind === 'cpu') return;
    if (this.#stack !== undefined && this.#stack.stack === stack && this.#stack.kind === kind) {
      this.#stack.ns += sign * ns;
      return;
    }
    const key = kind + stack;
    const known = this.#stacks.get(key);
    if (known !== undefined) {
      known.ns += sign * ns;
      this.#stack = known;
    } else if (this.#stacks.size < MAX_STACKS) {
      this.#stack = { kind, stack, ns };
      this.#stacks.set(key, this.#stack);
    }
  }

  #addChild(sample: Sample, moment: Moment, places: Places): void {
    const known = this.#children.get(sample.child);
    if (known !== undefined) {
      known.tally.add(moment.kind, moment.ns);
      known.last = moment;
      return;
    }
    if (this.#children.size >= MAX_CHILDREN) return;
    // The loader leaves these out, except where the function is inlined.
    if (places.ofReturn(sample.gopc)?.function === BACKGROUND_READ) return;
    const child = { absent: sample.childAbsent, tally: new Tally(), last: moment };
    child.tally.add(moment.kind, moment.ns);
    this.#children.set(sample.child, child);
  }

  #where(places: Places, factor: number): SampledPlace | undefined {
    const found = new Map<string, SampledPlace>();
    for (const { kind, stack, ns } of this.#stacks.values()) {
      const place = places.of(stack);
      if (place === undefined || ns <= 0) continue;
      const key = `${kind} ${place.file}:${place.line}`;
      const time = (found.get(key)?.time ?? 0) + Math.round(ns * factor);
      found.set(key, { kind, ...place, time });
    }
    return [...found.values()].reduce<SampledPlace | undefined>(
      (most, one) => (most === undefined || one.time > most.time ? one : most),
      undefined,
    );
  }

  /**
   * A connection's goroutine serves one request after the other: a goroutine that it started is this request's only
   * if it was not there yet when the one before had ended.
   */
  #childrenOf(request: SampledRequest, previousEnd: number | undefined): SampledChildren | undefined {
    const since = Math.min(previousEnd ?? Number.NEGATIVE_INFINITY, request.handlerStart);
    const all = new Tally();
    let goroutines = 0;
    for (const { absent, tally, last } of this.#children.values()) {
      // Negated: NaN, never looked for, is no proof.
      if (!(absent >= since)) continue;
      if (last.time > request.handlerEnd) tally.remove(last.kind, last.ns);
      if (tally.samples === 0) continue;
      goroutines++;
      for (const [kind, ns] of tally.times) all.times.set(kind, (all.times.get(kind) ?? 0) + ns);
      all.samples += tally.samples;
    }
    if (all.samples < MIN_SAMPLES) return undefined;
    return { goroutines, samples: all.samples, times: all.scaled(1) };
  }
}

function keyOf(tgid: number, goid: number, handlerStart: number): string {
  return `${tgid}/${goid}/${handlerStart}`;
}
