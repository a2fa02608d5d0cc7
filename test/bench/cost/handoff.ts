import type { BenchServer } from './server.ts';

const BURSTS = 40;
/** In a burst: as many as the agent can carry away between two of them. */
const ROUNDS = 1000;

export interface Handoff {
  /** CPU time of the server for each round, µs. */
  readonly cpuUs: number;
  readonly rounds: number;
}

/**
 * Two requests hand a lock over, again and again (test/servers/bench/handoff.go): one contended acquisition a round.
 * The server must run with GOMAXPROCS=1.
 */
export async function handoff(server: BenchServer): Promise<Handoff> {
  const waiting = fetch(new URL('/handoff/wait', server.url)).then((response) => response.text());
  const holding = await fetch(new URL(`/handoff/hold?bursts=${BURSTS}&rounds=${ROUNDS}`, server.url));
  const costs = (await holding.json()) as number[];
  await waiting;
  // The first one is for warming up.
  const ns = costs.slice(1).reduce((sum, cost) => sum + cost, 0) / ((BURSTS - 1) * ROUNDS);
  return { cpuUs: ns / 1000, rounds: BURSTS * ROUNDS };
}
