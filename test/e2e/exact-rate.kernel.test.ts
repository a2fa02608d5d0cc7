import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildLoad, buildServer } from './harness/build.ts';
import { steadyLoad } from './harness/load.ts';
import { sleep } from './harness/run.ts';
import { type Server, startServer } from './harness/server.ts';
import { Session } from './harness/session.ts';
import type { Cell } from './matrix.ts';

const CELL: Cell = { program: 'probe-me', go: '1.26', build: 'stripped' };
const LIMIT = 200;
/** The loader looks once a second, and five times before it takes a low rate for one. */
const SETTLE_MS = 2_500;
const QUIET_MS = 7_500;

let server: Server;
let client: string;

beforeAll(async () => {
  client = await buildLoad();
  server = await startServer(await buildServer(CELL), CELL);
});
afterAll(() => server?.stop());

/** How many requests pass the probe on the end of handlers while this load is on, and how many there are. */
async function endsSeen(session: Session, rate: number): Promise<{ readonly hits: number; readonly requests: number }> {
  const hits = (role: 'http1_finish' | 'http1_serve') => session.hits[role] ?? 0;
  const load = steadyLoad({ client, protocol: 'h11', address: server.addressOf('h11'), mix: '/fast' }, rate);
  await sleep(SETTLE_MS);
  const before = { hits: hits('http1_finish'), requests: hits('http1_serve') };
  await sleep(SETTLE_MS);
  const after = { hits: hits('http1_finish'), requests: hits('http1_serve') };
  await load.stop();
  return { hits: after.hits - before.hits, requests: after.requests - before.requests };
}

test('the end of handlers has its probe while there are few requests, and again when there are', async () => {
  const session = await Session.attach(server.pid, { exactRate: LIMIT });
  const first = await endsSeen(session, LIMIT / 4);
  const many = await endsSeen(session, LIMIT * 4);
  await sleep(QUIET_MS);
  const last = await endsSeen(session, LIMIT / 4);
  const { stats } = await session.end();

  // A request that runs while the figures are taken may have passed one of two probes.
  for (const few of [first, last]) {
    expect(few.requests).toBeGreaterThan(LIMIT / 4);
    expect(Math.abs(few.hits - few.requests)).toBeLessThanOrEqual(4);
  }
  expect(many.requests).toBeGreaterThan(LIMIT * 2);
  expect(many.hits).toBe(0);
  expect(session.spans.length).toBe(stats?.totals.finished);
  expect(session.spans.filter(({ attributes }) => attributes.has('httptrace.end_unseen'))).toEqual([]);
});
