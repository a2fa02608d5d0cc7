import { execFileSync } from 'node:child_process';
import { get, Agent as HttpAgent } from 'node:http';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Agent } from '../e2e/harness/agent.ts';
import { buildServer } from '../e2e/harness/build.ts';
import { ROOT } from '../e2e/harness/paths.ts';
import { type Server, startServer } from '../e2e/harness/server.ts';
import { requestId } from '../e2e/judge/pair.ts';
import type { Cell } from '../e2e/matrix.ts';

/** A connection that the server wrapped twice: its socket is found, with all that is known by it. */

const TIMEOUT = 120_000;
const REQUESTS = 5;
const CELL: Cell = { program: 'probe-me', go: '1.26', build: 'stripped' };
const BACKENDS = [
  { name: 'libbpf', suite: undefined },
  { name: 'bpftrace of bookworm', suite: 'bookworm' },
  { name: 'bpftrace of trixie', suite: 'trixie' },
];

function flags(suite: string | undefined): readonly string[] {
  if (suite === undefined) return ['--backend', 'libbpf'];
  execFileSync(resolve(ROOT, 'test/bpftrace.sh'), [suite], { stdio: 'inherit' });
  return ['--backend', 'bpftrace', '--bpftrace', resolve(ROOT, `build/bpftrace/${suite}/bpftrace`)];
}

describe.each(BACKENDS)('$name', ({ suite }) => {
  let server: Server;
  let agent: Agent;

  beforeAll(async () => {
    server = await startServer(await buildServer(CELL), CELL);
    agent = new Agent(server.pid, flags(suite));
    await agent.attached();
    const client = new HttpAgent({ keepAlive: true, maxSockets: 1 });
    for (let n = 0; n < REQUESTS; n++) {
      await new Promise<void>((done, failed) => {
        get(`http://${server.wrappedAddress}/fast?rid=wrapped-${n}`, { agent: client }, (response) =>
          response.resume().on('end', done),
        ).on('error', failed);
      });
    }
    client.destroy();
    await agent.collect(REQUESTS, (span) => requestId(span) !== undefined);
    await agent.detach();
  }, TIMEOUT);

  afterAll(async () => {
    await agent?.kill();
    await server?.stop();
  });

  test('each request has the phases of the socket', () => {
    const spans = agent.spans.filter((span) => requestId(span) !== undefined);
    expect(spans).toHaveLength(REQUESTS);
    for (const [index, { attributes }] of spans.entries()) {
      expect(attributes['httptrace.phase.read']).toBeGreaterThan(0);
      expect(attributes['httptrace.phase.write']).toBeGreaterThanOrEqual(0);
      expect(attributes['http.response.size']).toBeGreaterThan(0);
      expect(attributes['httptrace.phase.accept_queue'] !== undefined).toBe(index === 0);
    }
  });
});
