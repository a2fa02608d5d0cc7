import type { AttributeValue, SpanEvent, SpanLink } from '../span.ts';
import { lengthOf } from './lock-wait.ts';
import { type CodePlace, isLock } from './place.ts';
import type { ExplainedWait, RequestWaits, StateTimes } from './request-waits.ts';

/** Waits shorter than this are in the sums alone, ns. */
const SHORTEST_EVENT = 100_000;
const MAX_EVENTS = 16;

/** `httptrace.wait.*` of a span (docs/spans.md). A figure that is not known is absent. */
export function addWaits(attributes: Map<string, AttributeValue>, waits: RequestWaits): void {
  if (waits.states) {
    addStates(attributes, waits.states);
    setKnown(attributes, 'httptrace.children.wait.mutex', waits.childrenMutex);
    return;
  }
  setKnown(attributes, 'httptrace.wait.mutex', waits.mutex);
  setKnown(attributes, 'httptrace.wait.gc_stw', waits.gcStw);
  setKnown(attributes, 'httptrace.wait.gc_assist', waits.gcAssist);
  // Most programs have none of these: only what there was.
  if (waits.waitGroup) attributes.set('httptrace.wait.wait_group', waits.waitGroup);
  if (waits.cond) attributes.set('httptrace.wait.cond', waits.cond);
  setKnown(attributes, 'httptrace.children.wait.mutex', waits.childrenMutex);
}

/** All of them, zero or not: they add up to the span's duration. */
function addStates(attributes: Map<string, AttributeValue>, states: StateTimes): void {
  attributes.set('httptrace.cpu', states.cpu);
  attributes.set('httptrace.wait.mutex', states.mutex);
  attributes.set('httptrace.wait.gc_stw', states.gcStw);
  attributes.set('httptrace.wait.gc_assist', states.gcAssist);
  attributes.set('httptrace.wait.scheduler', states.scheduler);
  attributes.set('httptrace.wait.channel', states.channel);
  attributes.set('httptrace.wait.network', states.network);
  attributes.set('httptrace.wait.syscall', states.syscall);
  attributes.set('httptrace.wait.sleep', states.sleep);
  attributes.set('httptrace.wait.other', states.other);
}

/** One for each long wait and pause, in order of time. */
export function waitEvents(waits: RequestWaits, handlerEnd: number): readonly SpanEvent[] {
  if (waits.locks.length === 0 && waits.pauses.length === 0 && isUndisturbed(waits)) return [];
  const events = [
    ...(waits.clientGone === undefined ? [] : [disturbance('client_gone', waits.clientGone, handlerEnd)]),
    ...(waits.readTimeout === undefined ? [] : [disturbance('read_timeout', waits.readTimeout, handlerEnd)]),
    ...(waits.deadline === undefined ? [] : [disturbance('deadline_exceeded', waits.deadline, handlerEnd)]),
    ...waits.locks.filter((wait) => lengthOf(wait) >= SHORTEST_EVENT).map(lockEvent),
    ...waits.pauses.map(({ start, end, reason }) => ({
      name: 'httptrace.wait.gc_stw',
      time: start,
      attributes: new Map<string, AttributeValue>([
        ['httptrace.wait.duration', end - start],
        ['httptrace.pause.reason', reason],
      ]),
    })),
  ];
  return events.slice(0, MAX_EVENTS).toSorted((a, b) => a.time - b.time);
}

/** From who waited to who held it. */
export function waitLinks(waits: RequestWaits): readonly SpanLink[] {
  if (waits.locks.length === 0) return [];
  const links = new Map<string, SpanLink>();
  for (const { holderIdentity: holder, holder: held, place } of waits.locks) {
    if (holder === undefined || links.has(holder.spanId)) continue;
    const attributes = new Map<string, AttributeValue>([['httptrace.link', 'lock_holder']]);
    if (place) addPlace(attributes, 'code', place);
    if (held) attributes.set('httptrace.wait.share', held.share);
    links.set(holder.spanId, { traceId: holder.traceId, spanId: holder.spanId, attributes });
  }
  return [...links.values()];
}

function lockEvent(wait: ExplainedWait): SpanEvent {
  const attributes = new Map<string, AttributeValue>([
    ['httptrace.wait.duration', lengthOf(wait)],
    ['httptrace.lock.kind', wait.kind],
    ['httptrace.lock.address', `0x${wait.lock.toString(16)}`],
  ]);
  if (wait.place) addPlace(attributes, 'code', wait.place);
  if (wait.ofChild) attributes.set('httptrace.goroutine.child', wait.goid);
  const { holder, holderIdentity } = wait;
  if (holder) {
    attributes.set('httptrace.holder.goroutine.id', holder.goid);
    attributes.set('httptrace.holder.share', holder.share);
    if (holder.place) addPlace(attributes, 'httptrace.holder.code', holder.place);
  }
  if (holderIdentity) {
    attributes.set('httptrace.holder.name', holderIdentity.name);
    attributes.set('httptrace.holder.trace_id', holderIdentity.traceId);
    attributes.set('httptrace.holder.span_id', holderIdentity.spanId);
  }
  const name = isLock(wait.kind) ? 'mutex' : wait.kind;
  return { name: `httptrace.wait.${name}`, time: wait.start, attributes };
}

function isUndisturbed({ clientGone, readTimeout, deadline }: RequestWaits): boolean {
  return clientGone === undefined && readTimeout === undefined && deadline === undefined;
}

/** Its result is of no use any more: how long the handler went on tells whether it looks at its context. */
function disturbance(
  what: 'client_gone' | 'read_timeout' | 'deadline_exceeded',
  time: number,
  handlerEnd: number,
): SpanEvent {
  const attributes = new Map<string, AttributeValue>();
  if (handlerEnd > time) attributes.set(`httptrace.${what}.handler_went_on`, handlerEnd - time);
  return { name: `httptrace.${what}`, time, attributes };
}

/** Names of the semantic conventions for code. */
function addPlace(attributes: Map<string, AttributeValue>, prefix: string, place: CodePlace): void {
  attributes.set(`${prefix}.function.name`, place.function);
  attributes.set(`${prefix}.file.path`, place.file);
  attributes.set(`${prefix}.line.number`, place.line);
}

function setKnown(attributes: Map<string, AttributeValue>, name: string, value: number | undefined): void {
  if (value !== undefined) attributes.set(name, value);
}
