import type { Verdict } from './judge.ts';
import { MEDIAN_LIMIT } from './times.ts';
import type { Mismatch } from './types.ts';

const SHOWN_OF_A_KIND = 4;

/** For a person: how many of each kind, and the first of each. Empty: nothing to complain of. */
export function report({ requests, mismatches }: Verdict): string {
  const kinds = new Map<string, Mismatch[]>();
  for (const one of mismatches) kinds.set(one.what, [...(kinds.get(one.what) ?? []), one]);
  const lines = [...kinds].flatMap(([what, list]) => [
    `${what}: ${list.length} of ${requests} requests`,
    ...list.slice(0, SHOWN_OF_A_KIND).map(describe),
    ...(list.length > SHOWN_OF_A_KIND ? [`  ... in all: ${count(list.map(({ request }) => request))}`] : []),
  ]);
  return lines.join('\n');
}

/** The same for times. Empty: they agree. */
export function reportTimes({ times }: Verdict, quantiles: 'all' | 'median' = 'all'): string {
  return times
    .filter(({ agrees, count, median }) => !(agrees || (quantiles === 'median' && count > 0 && median <= MEDIAN_LIMIT)))
    .map(({ what, count, ...ns }) => {
      const [median, p99, bias] = [ns.median, ns.p99, ns.bias].map(microseconds);
      return `${what}: median ${median}, p99 ${p99} beyond the share allowed, bias ${bias}, ${count} requests`;
    })
    .join('\n');
}

function describe({ id, request, expected, got }: Mismatch): string {
  return `  ${id} ${request}: expected ${text(expected)}, got ${text(got)}`;
}

function text(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

function count(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, n]) => `${name} x${n}`).join(', ');
}

function microseconds(nanoseconds: number): string {
  return `${(nanoseconds / 1000).toFixed(1)} us`;
}
