import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Agent } from './harness/agent.ts';
import { buildLoad, buildServer } from './harness/build.ts';
import { type LoadResult, sendEverything } from './harness/load.ts';
import { type Server, startServer } from './harness/server.ts';
import { conservation } from './judge/conservation.ts';
import { judge } from './judge/judge.ts';
import { requestId } from './judge/pair.ts';
import { report } from './judge/report.ts';
import { type Cell, cellName, minorOf, type Protocol, protocolsOf } from './matrix.ts';

const BUILD_TIMEOUT = 300_000;
const REQUESTS = 360;

const CELLS: readonly Cell[] = [
  { program: 'probe-me', go: '1.19', build: 'stripped' },
  { program: 'probe-me', go: '1.27', build: 'stripped' },
  { program: 'probe-me-xnet', go: '1.27', build: 'stripped' },
];

/** All that can be watched is watched; and as little as at a high rate: the end of handlers by system calls alone. */
const MODES = [
  { mode: '--deep', flags: ['--deep'] },
  { mode: '--exact-rate 0', flags: ['--exact-rate', '0'] },
] as const;

/** Every request is seen as before. */
describe.each(MODES.flatMap((mode) => CELLS.map((cell) => ({ ...mode, name: cellName(cell), cell }))))(
  '$mode, $name',
  ({ mode, flags, cell }) => {
    let server: Server;
    let agent: Agent;
    let sent: ReadonlyMap<Protocol, LoadResult> = new Map();

    beforeAll(async () => {
      const client = await buildLoad();
      server = await startServer(await buildServer(cell), cell);
      agent = new Agent(server.pid, [...flags, '--header', 'X-Request-Id']);
      await agent.attached();
      sent = await sendEverything(client, server, protocolsOf(cell), REQUESTS);
      for (const { problem } of sent.values()) expect(problem, 'the server answered as it must').toBe('');
      await agent.collect((await server.requests()).length, (span) => requestId(span) !== undefined);
      await agent.detach();
    }, BUILD_TIMEOUT);

    afterAll(async () => {
      await agent?.kill();
      await server?.stop();
    });

    describe.each(protocolsOf(cell))('%s', (protocol) => {
      const spans = () => agent.spans.filter((span) => requestId(span)?.startsWith(`${protocol}-`));

      test('one true span for each request', async () => {
        const verdict = judge({
          goMinor: minorOf(cell.go),
          server: (await server.requests()).filter(({ id }) => id.startsWith(`${protocol}-`)),
          client: sent.get(protocol)?.requests ?? [],
          spans: spans(),
          ignorePort: server.debugPort,
        });
        expect(verdict.requests).toBeGreaterThanOrEqual(REQUESTS);
        expect(report(verdict)).toBe('');
      });

      if (mode !== '--deep') return;
      test('waits and CPU add up', () => {
        const { judged, off } = conservation(spans());
        expect(judged).toBeGreaterThanOrEqual(REQUESTS);
        expect(off.length, off.slice(0, 5).join('\n')).toBeLessThanOrEqual(Math.ceil(judged / 1000));
      });
    });
  },
);
