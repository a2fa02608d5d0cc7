import { get, Agent as HttpAgent } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RequestSpan } from '../../agent/correlate/span.ts';
import { buildServer } from './harness/build.ts';
import { sleep } from './harness/run.ts';
import { type Server, startServer } from './harness/server.ts';
import { Session } from './harness/session.ts';
import type { Cell } from './matrix.ts';

const CELLS: readonly Cell[] = [
  { program: 'probe-me', go: '1.19', build: 'stripped' },
  { program: 'probe-me', go: '1.27', build: 'stripped' },
  { program: 'probe-me', go: '1.27', build: 'pgo' },
];
const HANDLER_MS = 20;
/** The client pauses between its requests: a request that is taken to last until the next one is seen to be wrong. */
const PAUSE_MS = 150;
const REQUESTS = 8;

// Without its probe the end of a handler is told by the system calls that follow it. A connection whose socket cannot
// be found has none to see: the probe is attached then, whatever the rate.
describe.each(CELLS)('Go $go, $build', (cell) => {
  let server: Server;
  let session: Session;
  let client: HttpAgent;

  beforeAll(async () => {
    server = await startServer(await buildServer(cell), cell);
  });
  beforeEach(async () => {
    session = await Session.attach(server.pid, { exactRate: 0 });
    client = new HttpAgent({ keepAlive: true, maxSockets: 1 });
  });
  afterEach(() => client.destroy());
  afterAll(() => server?.stop());

  const request = (address: string, path: string): Promise<void> =>
    new Promise((done, failed) => {
      get(`http://${address}${path}`, { agent: client }, (response) => response.resume().on('end', done)).on(
        'error',
        failed,
      );
    });

  async function drive(address: string): Promise<readonly RequestSpan[]> {
    for (let n = 0; n < REQUESTS; n++) {
      await request(address, `/sleep/${HANDLER_MS}`);
      await sleep(PAUSE_MS);
    }
    client.destroy();
    await sleep(PAUSE_MS);
    await session.end();
    return session.spans;
  }

  test('where the socket is found, the probe is not attached', async () => {
    const spans = await drive(server.addressOf('h11'));
    expect(spans.map(({ attributes }) => attributes.get('httptrace.end_unseen'))).toEqual(
      Array(REQUESTS).fill(undefined),
    );
    // By which probes the others are seen, a profile decides.
    expect(Object.keys(session.hits).filter((role) => role.startsWith('http1_')).length).toBeGreaterThan(1);
    expect(session.hits['http1_finish']).toBeUndefined();
  });

  test('where it is not, only the first requests end unseen', async () => {
    const spans = await drive(server.hiddenAddress);
    expect(spans.map(({ attributes }) => attributes.get('http.response.status_code'))).toEqual(
      Array(REQUESTS).fill(200),
    );
    const seen = spans.filter(({ attributes }) => !attributes.has('httptrace.end_unseen'));
    expect(seen.length).toBeGreaterThanOrEqual(REQUESTS - 2);
    for (const { phases } of seen) {
      expect(phases.handler / 1e6).toBeGreaterThanOrEqual(HANDLER_MS);
      expect(phases.handler / 1e6).toBeLessThan(PAUSE_MS);
    }
    expect(session.hits['http1_finish']).toBeGreaterThanOrEqual(REQUESTS - 2);
  });

  test('nothing is lost of connections of one request each', async () => {
    for (let n = 0; n < REQUESTS; n++) {
      client = new HttpAgent({ keepAlive: false });
      await request(server.hiddenAddress, '/sleep/1');
    }
    await sleep(PAUSE_MS);
    await session.end();
    expect(session.spans.length).toBe(REQUESTS);
    for (const { phases, attributes } of session.spans) {
      expect(attributes.get('http.response.status_code')).toBe(200);
      expect(phases.handler / 1e6).toBeLessThan(PAUSE_MS);
    }
  });
});
