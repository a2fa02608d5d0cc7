import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Agent } from './harness/agent.ts';
import { buildWaits, type Figures, inParallel, WaitsServer } from './harness/waits-server.ts';
import { blame, ridOf, waitDifferences } from './judge/waits.ts';
import type { GoVersion } from './matrix.ts';

const VERSIONS: readonly GoVersion[] = ['1.19', '1.21', '1.22', '1.23', '1.24', '1.25', '1.26', '1.27'];
const REQUESTS = 1500;
const WIDTH = 10;

/** Five routes and three locks, some held for long. */
const SCENE: readonly ((i: number) => readonly [path: string, query: Record<string, number>])[] = [
  (i) => ['/lock/a', { us: i % 10 === 0 ? 8000 : 300 }],
  (i) => ['/lock/b', { us: 500, ...(i % 2 === 1 && { busy: 1 }) }],
  () => ['/nested', { us: 200 }],
  () => ['/read/p', { us: 1500 }],
  (i) => ['/write/p', { us: i % 4 === 0 ? 4000 : 400 }],
];

const lockAddresses = (figures: Figures): ReadonlyMap<string, number> =>
  new Map(
    Object.entries(figures).flatMap(([name, value]) => (name.startsWith('lock ') ? [[name.slice(5), value]] : [])),
  );

describe.each(VERSIONS)('Go %s', (go) => {
  let server: WaitsServer;
  let agent: Agent;
  let addresses: ReadonlyMap<string, number>;

  beforeAll(async () => {
    server = await WaitsServer.start(await buildWaits(go));
    agent = new Agent(server.pid);
    await agent.attached();
    await inParallel(REQUESTS, WIDTH, async (i) => {
      const [path, query] = (SCENE[i % SCENE.length] as (typeof SCENE)[number])(Math.floor(i / SCENE.length));
      await server.ask(path, query);
    });
    addresses = lockAddresses(await server.figures());
    await agent.collect(REQUESTS, (span) => ridOf(span) !== undefined);
  });
  afterAll(async () => {
    await agent.detach();
    server.stop();
  });

  test('waits agree with what handlers measure themselves', () => {
    const { median, p95, compared } = waitDifferences(agent.spans, server.journals);
    expect(compared).toBeGreaterThan(REQUESTS / 4);
    // Beyond 2 % of the wait, in nanoseconds.
    expect(median).toBeLessThan(20_000);
    expect(p95).toBeLessThan(20_000);
  });

  test('every wait longer than a millisecond names lock, holder, route and line', () => {
    const verdict = blame(agent.spans, server.journals, addresses);
    expect(verdict.judged).toBeGreaterThan(REQUESTS / 10);
    expect(verdict.unexplained).toBeLessThan(verdict.judged / 100);
    // Who is kept from running between giving a lock back and the probe seems to have held it for longer.
    expect(verdict.mismatches.length, verdict.mismatches.join('\n')).toBeLessThanOrEqual(verdict.judged / 200);
  });
});
