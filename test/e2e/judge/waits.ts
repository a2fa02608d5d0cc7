import type { Journal, Period } from '../harness/waits-server.ts';
import type { Span } from './types.ts';

/** Waits shorter than this need not be explained, ns. */
const EXPLAINED = 1_000_000;

export function ridOf(span: Span): string | undefined {
  const query = span.attributes['url.query'];
  return typeof query === 'string' ? (new URLSearchParams(query).get('rid') ?? undefined) : undefined;
}

export interface WaitDifferences {
  /** Requests that waited. */
  readonly compared: number;
  /** By how much the difference is beyond 2 % of the wait, ns. */
  readonly median: number;
  readonly p95: number;
  readonly p99: number;
}

/** The waits of requests against what their handlers measured around `Lock`. */
export function waitDifferences(spans: readonly Span[], journals: ReadonlyMap<string, Journal>): WaitDifferences {
  const beyond: number[] = [];
  for (const span of spans) {
    const journal = journals.get(ridOf(span) ?? '');
    if (!journal?.waits) continue;
    const own = journal.waits.reduce((sum, { start, end }) => sum + end - start, 0);
    const seen = Number(span.attributes['httptrace.wait.mutex'] ?? Number.NaN);
    // Not contended: the handler measures its own clock.
    if (own < 50_000 && seen === 0) continue;
    beyond.push(Math.max(0, Math.abs(own - seen) - own * 0.02));
  }
  const sorted = beyond.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { compared: sorted.length, median: at(0.5), p95: at(0.95), p99: at(0.99) };
}

export interface Blame {
  readonly judged: number;
  /** Waits without an event: their handlers were kept from running before they went to sleep. */
  readonly unexplained: number;
  readonly mismatches: readonly string[];
}

/**
 * Who is blamed for each long wait, against who really held the lock for the longest part of it.
 * @param addresses of the locks, by name
 */
export function blame(
  spans: readonly Span[],
  journals: ReadonlyMap<string, Journal>,
  addresses: ReadonlyMap<string, number>,
): Blame {
  const ridOfSpan = new Map(spans.map((span) => [span.span_id, ridOf(span)]));
  const mismatches: string[] = [];
  let judged = 0;
  let unexplained = 0;
  for (const span of spans) {
    const journal = journals.get(ridOf(span) ?? '');
    for (const wait of journal?.waits ?? []) {
      const length = wait.end - wait.start;
      if (length < EXPLAINED) continue;
      judged++;
      const event = eventOf(span, length, addresses.get(wait.lock));
      if (event === undefined) unexplained++;
      else {
        const text = `${ridOf(span)} ${journal?.path} waited ${Math.round(length / 1000)} us for ${wait.lock}`;
        const wrong = judgeEvent(event.attributes, holdersOf(wait, journals), ridOfSpan, journals);
        if (wrong !== undefined) mismatches.push(`${text}: ${wrong}`);
      }
    }
  }
  return { judged, unexplained, mismatches };
}

function judgeEvent(
  attributes: Span['events'][number]['attributes'],
  right: readonly string[],
  ridOfSpan: ReadonlyMap<string, string | undefined>,
  journals: ReadonlyMap<string, Journal>,
): string | undefined {
  const file = `${attributes['code.file.path']}`;
  if (!/\/locks\.go$/.test(file)) return `in ${file}`;
  const holder = ridOfSpan.get(`${attributes['httptrace.holder.span_id']}`);
  if (holder === undefined) return `holder unknown, was ${right.join(' or ')}`;
  const path = journals.get(holder)?.path ?? '';
  if (!right.includes(holder)) return `${holder} ${path} is blamed, was ${right.join(' or ')}`;
  const named = `${attributes['httptrace.holder.name']}`;
  return named.startsWith(`GET ${path.slice(0, 4)}`) ? undefined : `${path} is named ${named}`;
}

/** A handler of the scene can wait for several locks, one after the other. */
function eventOf(span: Span, length: number, address: number | undefined): Span['events'][number] | undefined {
  return span.events
    .filter(({ name }) => name === 'httptrace.wait.mutex')
    .filter(({ attributes }) => Number(attributes['httptrace.lock.address']) === address)
    .map((event) => ({ event, off: Math.abs(Number(event.attributes['httptrace.wait.duration']) - length) }))
    .toSorted((a, b) => a.off - b.off)[0]?.event;
}

/**
 * The holders of a lock during a wait whose share is the largest, or not much smaller than that. Readers hold together:
 * the last one to leave is seen.
 */
function holdersOf(wait: Period, journals: ReadonlyMap<string, Journal>): readonly string[] {
  const shares: { rid: string; share: number }[] = [];
  for (const { rid, holds } of journals.values()) {
    for (const hold of holds ?? []) {
      if (hold.lock !== wait.lock) continue;
      const share = Math.min(hold.end, wait.end) - Math.max(hold.start, wait.start);
      if (share > 0) shares.push({ rid, share });
    }
  }
  const most = Math.max(...shares.map(({ share }) => share));
  return shares.filter(({ share }) => share >= most * (wait.lock === 'p' ? 0.3 : 0.8) - 50_000).map(({ rid }) => rid);
}
