import { RequestDecoder, type RequestRecord } from '../record/decode.ts';
import { decodePanic } from '../record/decode-panic.ts';
import { RequestFlag, Tag } from '../record/layout.ts';
import type { TimeBase } from '../record/time-base.ts';
import { type Attributes, requestAttributes } from './attributes.ts';
import { parseAuthority, parsePeer } from './authority.ts';
import { cleanLine } from './clean.ts';
import { EndedRequests } from './ended-requests.ts';
import { type PanicCounts, PanicTable, type RequestPanic } from './exceptions.ts';
import { type GoroutineReport, GoroutineTable } from './goroutines.ts';
import { type HeaderTags, headerTags } from './headers.ts';
import { Memo } from './memo.ts';
import { knownMethod, spanName } from './method.ts';
import { outcomeOf } from './outcome.ts';
import { timingOf } from './phases.ts';
import { ProtocolSwitches } from './protocol-switch.ts';
import { RandomIds } from './random-ids.ts';
import { splitRequestUri } from './request-uri.ts';
import type { AddressResolver } from './resolver.ts';
import { type Route, RouteTable } from './route.ts';
import { addSampled } from './sampled-attributes.ts';
import type { SampledWaits, WaitKind } from './sampled-waits.ts';
import { SampleTable } from './samples.ts';
import type { RequestSpan, SpanEvent } from './span.ts';
import { finalStatus } from './status.ts';
import { parseTraceparent, parseTracestate, type TraceParent } from './trace-identity.ts';
import { addWaits, waitEvents, waitLinks } from './waits/attributes.ts';
import { causeOf } from './waits/cause.ts';
import { WaitExplainer, type WaitObserver, type Watched } from './waits/explainer.ts';

export interface CorrelatorOptions {
  /** What decoded times count from. */
  readonly base: TimeBase;
  /** The plan's list of headers: canonical names in its order (`wantedHeaders`). */
  readonly headers: readonly string[];
  /** Those of them that become attributes. */
  readonly shownHeaders: readonly string[];
  readonly omitQuery: boolean;
  /** Bytes of panic messages that are kept; 0: none. */
  readonly exceptionMessageBytes: number;
  /** What is watched in a process besides its requests. */
  readonly watchedOf: (tgid: number) => Watched;
  /** Of a process; undefined: its panics are shown without type and function names. */
  readonly resolverOf: (tgid: number) => AddressResolver | undefined;
  /** Texts of a process's g.waitreason; absent: goroutines are not sampled. */
  readonly waitReasonsOf?: (tgid: number) => readonly string[] | undefined;
  /** Waits of a process that probes measure exactly: estimates of them are left out. */
  readonly exactWaitsOf?: (tgid: number) => ReadonlySet<WaitKind>;
  /** Is told of each pause and wait; undefined: nobody is. */
  readonly observer?: WaitObserver;
}

const REMEMBERED_STRINGS = 4096;
const NO_EVENTS: readonly SpanEvent[] = [];
const NO_WAITS: ReadonlySet<WaitKind> = new Set();

/** Turns request and panic records into spans. All strings of a span are cleaned: no raw value leaves. */
export class RequestCorrelator {
  readonly #options: CorrelatorOptions;
  readonly #decoder: RequestDecoder;
  readonly #tags: HeaderTags;
  readonly #ids = new RandomIds();
  readonly #panics: PanicTable;
  readonly #ended = new EndedRequests();
  readonly #samples: SampleTable;
  readonly #goroutines: GoroutineTable;
  readonly #switches = new ProtocolSwitches();
  /** What requests wait for: it takes the records of pauses, waits and releases. */
  readonly waits: WaitExplainer;
  readonly #routes = new Map<number, RouteTable>();
  // `null` stands for "cannot be parsed": a Memo has no undefined.
  readonly #authorities = new Memo(REMEMBERED_STRINGS, (text) => parseAuthority(cleanLine(text)) ?? null);
  readonly #peers = new Memo(REMEMBERED_STRINGS, (text) => parsePeer(cleanLine(text)) ?? null);
  readonly #lines = new Memo(REMEMBERED_STRINGS, cleanLine);

  constructor(options: CorrelatorOptions) {
    this.#options = options;
    this.#decoder = new RequestDecoder(options.base);
    this.#tags = headerTags(options.headers, options.shownHeaders, Tag.header);
    this.#panics = new PanicTable(options.exceptionMessageBytes);
    this.waits = new WaitExplainer(options.base, options.resolverOf, options.observer);
    this.#samples = new SampleTable({ waitReasonsOf: () => undefined, ...options }, this.#ended);
    this.#goroutines = new GoroutineTable(options, this.#ended);
  }

  /** Panics since the start. */
  get panics(): PanicCounts {
    return this.#panics.counts;
  }

  /** A REC_PANIC record. It is held until its request ends. Throws RecordError. */
  panic(bytes: Buffer, start: number, end: number): void {
    const panic = decodePanic(bytes, start, end, this.#options.base);
    this.#panics.add(panic, this.#options.resolverOf(panic.tgid));
  }

  /** A REC_SAMPLES record. They are held until their request ends. Throws RecordError. */
  samples(bytes: Buffer, start: number, end: number): void {
    this.#samples.add(bytes, start, end);
  }

  /** A REC_GOROUTINES record. Undefined: others go on with it. Throws RecordError. */
  goroutines(bytes: Buffer, start: number, end: number): GoroutineReport | undefined {
    return this.#goroutines.add(bytes, start, end);
  }

  /**
   * A REC_REQUEST record. Undefined: a preface or an upgrade to HTTP/2, which is no request of its own. Throws
   * RecordError.
   */
  request(bytes: Buffer, start: number, end: number): RequestSpan | undefined {
    const record = this.#decoder.decode(bytes, start, end);
    const originalMethod = this.#lines.get(record.fields.text(Tag.method) ?? '');
    if (record.flags & RequestFlag.preview) {
      this.#preview(record, originalMethod);
      return undefined;
    }
    if (this.#switches.isSwitch(record, originalMethod, record.fields.text(this.#tags.upgrade))) return undefined;
    return this.#spanOf(record, originalMethod);
  }

  /** The process is gone: what was learnt of it is forgotten. */
  forget(tgid: number): void {
    this.#routes.delete(tgid);
    this.waits.forget(tgid);
    this.#samples.forget(tgid);
    this.#goroutines.forget(tgid);
    this.#ended.forget(tgid);
  }

  /** It runs, and others wait for what it holds: it gets its ids now. */
  #preview(record: RequestRecord, originalMethod: string): void {
    // One that is not sampled was not read.
    if (originalMethod === '') return;
    const route = this.#routeOf(record);
    this.waits.identify(record, {
      traceId: this.#parent(record)?.traceId ?? this.#ids.traceId(),
      spanId: this.#ids.spanId(),
      name: spanName(knownMethod(originalMethod), route?.route),
    });
  }

  #routeOf(record: RequestRecord): Route | undefined {
    const uri = record.fields.text(Tag.uri);
    const path = uri === undefined ? '' : splitRequestUri(cleanLine(uri)).path;
    return this.#routesOf(record.tgid).find(this.#line(record, Tag.pattern), path);
  }

  #spanOf(record: RequestRecord, originalMethod: string): RequestSpan {
    const { fields } = record;
    const tags = this.#tags;
    const method = knownMethod(originalMethod);
    const uriText = fields.text(Tag.uri);
    const uri = uriText === undefined ? undefined : splitRequestUri(cleanLine(uriText));
    const route = this.#routesOf(record.tgid).find(this.#line(record, Tag.pattern), uri?.path ?? '');
    const host = fields.text(Tag.host);
    const peer = fields.text(Tag.peer);
    const { start, end, phases } = timingOf(record);
    const panics = this.#panics.take(record.tgid, record.goid, record.handlerStart);
    const status = finalStatus(record);
    const outcome = outcomeOf(record, status, panics);
    this.#panics.count(panics.length > 0 && (record.flags & RequestFlag.aborted) !== 0);
    const parent = this.#parent(record);
    const identity = this.waits.identity(record);
    const name = spanName(method, route?.route);
    const waits = this.waits.explain(record, start, end, name, this.#options.watchedOf(record.tgid));
    const sampledWaits = this.#takeSamples(record);

    const attributes = requestAttributes(
      record,
      {
        method,
        originalMethod,
        uri,
        route,
        server: host === undefined ? undefined : (this.#authorities.get(host) ?? undefined),
        peer: peer === undefined ? undefined : (this.#peers.get(peer) ?? undefined),
        userAgent: this.#line(record, tags.userAgent),
        forwardedFor: fields.text(tags.forwardedFor),
        status,
        errorType: outcome.type,
        phases,
      },
      this.#options.omitQuery,
    );
    addWaits(attributes, waits);
    const cause = causeOf(waits, end - start, sampledWaits);
    if (cause) attributes.set('httptrace.cause', cause.text);
    if (sampledWaits) addSampled(attributes, sampledWaits, this.#options.exactWaitsOf?.(record.tgid) ?? NO_WAITS);
    this.#addHeaders(attributes, record);

    return {
      traceId: identity?.traceId ?? parent?.traceId ?? this.#ids.traceId(),
      spanId: identity?.spanId ?? this.#ids.spanId(),
      parentSpanId: parent?.parentId,
      traceState: parent && this.#traceState(record),
      sampled: parent?.sampled ?? true,
      name,
      start,
      end,
      error: outcome.text,
      attributes,
      events: joined(eventsOf(record, panics), waitEvents(waits, handlerUntil(record))),
      links: waitLinks(waits),
      pid: record.tgid,
      goid: record.goid,
      method,
      route: route?.route,
      routeGuessed: route?.guessed ?? false,
      status,
      phases,
      waits,
      cause,
      weight: record.weight > 0 ? record.weight : 1,
      sampledWaits,
    };
  }

  #takeSamples(record: RequestRecord): SampledWaits | undefined {
    if (this.#options.waitReasonsOf === undefined) return undefined;
    const { tgid, goid, handlerStart } = record;
    const until = handlerUntil(record);
    const waits = this.#samples.take({ tgid, goid, handlerStart, handlerEnd: until });
    this.#ended.note(tgid, goid, until);
    return waits;
  }

  #routesOf(tgid: number): RouteTable {
    const known = this.#routes.get(tgid);
    if (known) return known;
    const routes = new RouteTable();
    this.#routes.set(tgid, routes);
    return routes;
  }

  #line(record: RequestRecord, tag: number): string | undefined {
    const text = record.fields.text(tag);
    return text === undefined ? undefined : this.#lines.get(text);
  }

  #parent(record: RequestRecord): TraceParent | undefined {
    const header = record.fields.text(this.#tags.traceparent);
    return header === undefined ? undefined : parseTraceparent(header);
  }

  #traceState(record: RequestRecord): string | undefined {
    const header = record.fields.text(this.#tags.tracestate);
    return header === undefined ? undefined : parseTracestate(header, record.fields.isCut(this.#tags.tracestate));
  }

  #addHeaders(attributes: Attributes, record: RequestRecord): void {
    for (const { tag, attribute } of this.#tags.shown) {
      // Not remembered: request ids and the like never come back.
      const value = record.fields.text(tag);
      if (value !== undefined) attributes.set(attribute, [cleanLine(value)]);
    }
  }
}

/** When the handler returned, or, while it still runs, when it was last seen. */
function handlerUntil({ handlerEnd, end }: RequestRecord): number {
  return Number.isNaN(handlerEnd) ? end : handlerEnd;
}

/** Most requests have none. */
function joined(a: readonly SpanEvent[], b: readonly SpanEvent[]): readonly SpanEvent[] {
  if (b.length === 0) return a;
  return a.length === 0 ? b : [...a, ...b];
}

/** What happened on the connection before its first request, and the panics. */
function eventsOf(record: RequestRecord, panics: readonly RequestPanic[]): readonly SpanEvent[] {
  const first = (record.flags & RequestFlag.first) !== 0;
  if (!first && panics.length === 0) return NO_EVENTS;
  const events: SpanEvent[] = [];
  addMoment(events, 'httptrace.connection.established', record.established);
  addMoment(events, 'httptrace.connection.accepted', record.accepted);
  addMoment(events, 'httptrace.tls_handshake.start', record.tlsStart);
  addMoment(events, 'httptrace.tls_handshake.end', record.tlsEnd);
  for (const panic of panics) {
    if (!panic.isAbort) events.push(panic.event);
  }
  return events;
}

const NO_ATTRIBUTES: SpanEvent['attributes'] = new Map();

function addMoment(events: SpanEvent[], name: string, time: number): void {
  if (!Number.isNaN(time)) events.push({ name, time, attributes: NO_ATTRIBUTES });
}
