import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Agent } from './harness/agent.ts';
import { buildWaits, inParallel, WaitsServer } from './harness/waits-server.ts';
import { conservation } from './judge/conservation.ts';
import { ridOf } from './judge/waits.ts';
import type { GoVersion } from './matrix.ts';

const VERSIONS: readonly GoVersion[] = ['1.19', '1.21', '1.22', '1.23', '1.24', '1.25', '1.26', '1.27'];
const REQUESTS = 1200;
const WIDTH = 8;

/** Some of everything that a handler can wait for. */
const MIX: readonly (readonly [path: string, query: Record<string, number>])[] = [
  ['/lock/a', { us: 400 }],
  ['/lock/b', { us: 300, busy: 1 }],
  ['/sleep', { us: 3000 }],
  ['/sleep', { us: 1500, busy: 1 }],
  ['/group', { us: 700 }],
  ['/child/c', {}],
  ['/garbage', { nodes: 4000, slot: 1 }],
  ['/write/p', { us: 200 }],
];

describe.each(VERSIONS)('--deep, Go %s', (go) => {
  let server: WaitsServer;
  let agent: Agent;

  beforeAll(async () => {
    server = await WaitsServer.start(await buildWaits(go));
    agent = new Agent(server.pid, ['--deep']);
    await agent.attached();
    await inParallel(REQUESTS, WIDTH, async (i) => {
      const [path, query] = MIX[i % MIX.length] as (typeof MIX)[number];
      await server.ask(path, query);
    });
    await agent.collect(REQUESTS, (span) => ridOf(span) !== undefined);
  });
  afterAll(async () => {
    await agent.detach();
    server.stop();
  });

  test('waits and CPU add up to the duration', () => {
    const spans = agent.spans.filter((span) => ridOf(span) !== undefined);
    const { judged, off } = conservation(spans);
    expect(judged).toBe(REQUESTS);
    expect(off.length, off.slice(0, 5).join('\n')).toBeLessThanOrEqual(REQUESTS / 1000);
  });

  test('time is where the handler spent it', () => {
    const shareOf = (path: string, attribute: string, pick = ''): number => {
      const spans = agent.spans.filter(
        ({ attributes }) => attributes['url.path'] === path && `${attributes['url.query']}`.includes(pick),
      );
      const total = spans.reduce((sum, { duration_ns }) => sum + duration_ns, 0);
      return spans.reduce((sum, { attributes }) => sum + Number(attributes[attribute]), 0) / total;
    };
    expect(shareOf('/sleep', 'httptrace.wait.sleep', 'us=3000')).toBeGreaterThan(0.5);
    expect(shareOf('/sleep', 'httptrace.cpu', 'busy')).toBeGreaterThan(0.3);
    expect(shareOf('/sleep', 'httptrace.wait.sleep', 'busy')).toBe(0);
    expect(shareOf('/child/c', 'httptrace.wait.channel')).toBeGreaterThan(0.4);
    expect(shareOf('/lock/a', 'httptrace.wait.sleep')).toBeGreaterThan(0.05);
  });
});
