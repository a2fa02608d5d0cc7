import { checkIdentity } from './identity.ts';
import { checkOutcome } from './outcome.ts';
import { pairUp } from './pair.ts';
import { checkPhases } from './phases.ts';
import { checkRequest } from './request.ts';
import { compareTimes, type TimeComparison } from './times.ts';
import type { Check, Evidence, Mismatch, Pair } from './types.ts';

export interface Verdict {
  /** Requests that the server handled. */
  readonly requests: number;
  readonly mismatches: readonly Mismatch[];
  readonly times: readonly TimeComparison[];
}

const CHECKS: readonly Check[] = [checkRequest, checkOutcome, checkIdentity, checkPhases];

/** Holds the spans against what server and client say. Pure. */
export function judge(evidence: Evidence): Verdict {
  const { pairs, mismatches } = pairUp(evidence);
  for (const pair of pairs) {
    for (const check of CHECKS) check(pair, (what, expected, got) => compare(pair, what, expected, got, mismatches));
  }
  return { requests: evidence.server.length, mismatches, times: compareTimes(pairs) };
}

function compare(pair: Pair, what: string, expected: unknown, got: unknown, mismatches: Mismatch[]): void {
  if (expected === got) return;
  mismatches.push({ id: pair.request.id, request: describe(pair), what, expected, got });
}

function describe({ request, client }: Pair): string {
  return `${client?.protocol ?? 'proxied'} ${request.method} ${request.path}`;
}
