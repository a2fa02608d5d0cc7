import type { GoBinary } from '../gobinary/binary.ts';
import type { Layout } from './plan.ts';

/** SYNC_RANGES of bpf/config.h. */
const MAX_RANGES = 8;
/** A search by prefix finds no more. */
const MAX_FOUND = 1000;

/** Members that are link-time addresses. */
export const SYNC_TEXT_ADDRESSES: readonly string[] = Array.from({ length: MAX_RANGES }, (_, i) => `sync_text.${i}`);

interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Where the code of package sync is, and of the functions by which it enters the runtime. A stack that has left it has
 * come to who waits. Most of it stands together; instances of generic functions and method values are elsewhere. Where
 * there are more stretches than fit, the closest are taken together with what is between them: then some more of a
 * stack is read than is needed.
 */
export function syncText(binary: GoBinary): Layout {
  const found = ['sync.', 'internal/sync.'].map((prefix) => binary.findByPrefix(prefix));
  // There may be more than were found: whole stacks are read.
  const isWhole = found.every(({ length }) => length < MAX_FOUND);
  const ranges = isWhole ? joinClosest(found.flat(), MAX_RANGES) : [{ start: 0, end: 2 ** 47 }];
  return Object.fromEntries(
    ranges.flatMap(({ start, end }, i) => [
      [`sync_text.${i}`, start],
      [`sync_size.${i}`, end - start],
    ]),
  );
}

/** At most `most` stretches that hold all of these: they are cut at the widest gaps. The longest comes first. */
export function joinClosest(ranges: readonly Range[], most: number): readonly Range[] {
  const sorted = ranges.toSorted((a, b) => a.start - b.start);
  const cuts = sorted
    .map(({ start }, i) => ({ i, gap: start - (sorted[i - 1]?.end ?? start) }))
    .toSorted((a, b) => b.gap - a.gap)
    .slice(0, most - 1)
    .filter(({ gap }) => gap > 0)
    .map(({ i }) => i)
    .toSorted((a, b) => a - b);
  return [0, ...cuts]
    .map((from, n) => sorted.slice(from, cuts[n] ?? sorted.length))
    .filter((part) => part.length > 0)
    .map((part) => ({ start: part[0]?.start ?? 0, end: Math.max(...part.map(({ end }) => end)) }))
    .toSorted((a, b) => b.end - b.start - (a.end - a.start));
}
