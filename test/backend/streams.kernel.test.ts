import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, constants } from 'node:http2';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Agent } from '../e2e/harness/agent.ts';
import { buildLoad, buildServer } from '../e2e/harness/build.ts';
import { sendRequests } from '../e2e/harness/load.ts';
import { ROOT } from '../e2e/harness/paths.ts';
import { type Server, startServer } from '../e2e/harness/server.ts';
import { inParallel } from '../e2e/harness/waits-server.ts';
import { requestId } from '../e2e/judge/pair.ts';
import type { Cell } from '../e2e/matrix.ts';

/**
 * Streams of HTTP/2 begin and end on two goroutines at once: each request must be there once, with the route that the mux
 * gave it, and nothing may be left over.
 */

const TIMEOUT = 120_000;
const REQUESTS = 5000;
const CANCELLED = 4000;
const CELL: Cell = { program: 'probe-me', go: '1.26', build: 'stripped' };

function backend(suite: string | undefined): readonly string[] {
  if (suite === undefined) return ['--backend', 'libbpf'];
  execFileSync(resolve(ROOT, 'test/bpftrace.sh'), [suite], { stdio: 'inherit' });
  return ['--backend', 'bpftrace', '--bpftrace', resolve(ROOT, `build/bpftrace/${suite}/bpftrace`)];
}

/** Streams that the client resets at about the moment at which their handler begins or returns. */
async function cancelMany(address: string): Promise<void> {
  const session = connect(`https://${address}`, { rejectUnauthorized: false });
  await inParallel(CANCELLED, 16, async (index) => {
    const id = `cancelled-${index}`;
    // The server notes the header, spans have the query.
    const stream = session.request({ ':path': `/sleep/1?rid=${id}`, 'x-request-id': id });
    stream.on('error', () => undefined).resume();
    setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), index % 3);
    await once(stream, 'close');
  });
  session.close();
}

const BACKENDS = [
  { name: 'libbpf', suite: undefined },
  { name: 'bpftrace of bookworm', suite: 'bookworm' },
  { name: 'bpftrace of trixie', suite: 'trixie' },
];

describe.each(BACKENDS)('$name', ({ suite }) => {
  let server: Server;
  let agent: Agent;
  let cancelled: readonly string[] = [];

  beforeAll(async () => {
    const client = await buildLoad();
    server = await startServer(await buildServer(CELL), CELL);
    agent = new Agent(server.pid, backend(suite));
    await agent.attached();
    const options = { client, protocol: 'h2', address: server.addressOf('h2'), mix: 'timed', connections: 16 } as const;
    await sendRequests({ ...options, prefix: 'many-' }, REQUESTS);
    await cancelMany(server.addressOf('h2'));
    const sent = await server.requests();
    cancelled = sent.flatMap(({ id }) => (id.startsWith('cancelled-') ? [id] : []));
    await agent.collect(sent.length, (span) => requestId(span) !== undefined);
    await agent.detach();
  }, TIMEOUT);

  afterAll(async () => {
    await agent?.kill();
    await server?.stop();
  });

  const idsOf = (prefix: string) => agent.spans.map(requestId).filter((id) => id?.startsWith(prefix) ?? false);

  test('each of many streams is seen once, with its route', () => {
    const ids = idsOf('many-');
    expect(new Set(ids).size).toBe(REQUESTS);
    expect(ids.length).toBe(REQUESTS);
    expect(agent.spans.filter((span) => span.attributes['http.route'] === undefined)).toEqual([]);
  });

  test('and each that is cancelled while its handler begins or returns', () => {
    const ids = idsOf('cancelled-');
    expect(cancelled.length).toBeGreaterThan(CANCELLED / 2);
    expect(ids.sort()).toEqual([...cancelled].sort());
  });

  test('nothing is left over', () => {
    expect(agent.spans.filter((span) => span.attributes['httptrace.unfinished'] === true)).toEqual([]);
    expect(agent.summary).toMatchObject({ lost: {} });
  });
});
