import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Agent } from './harness/agent.ts';
import { buildServer } from './harness/build.ts';
import { leave, stay, type Way } from './harness/leaving-client.ts';
import { sleep } from './harness/run.ts';
import { type Server, startServer } from './harness/server.ts';
import { requestId } from './judge/pair.ts';
import type { ServerRequest, Span, SpanEvent } from './judge/types.ts';
import { type Cell, cellName, GO_VERSIONS, minorOf } from './matrix.ts';

/** Clients that go away and deadlines that pass: the event, and how long the handler went on, against the server's own clock. */

const CELLS: readonly Cell[] = [
  ...GO_VERSIONS.map((go): Cell => ({ program: 'probe-me', go, build: 'stripped' })),
  { program: 'probe-me', go: '1.27', build: 'pgo' },
  { program: 'probe-me-xnet', go: '1.19', build: 'stripped' },
  { program: 'probe-me-xnet', go: '1.27', build: 'stripped' },
];
const WAYS: readonly Way[] = ['h1', 'tls', 'h2-reset', 'h2-close'];
const WORK_MS = 600;
const LEAVES_MS = 150;
/** A goroutine that is woken by its context is scheduled when there is a processor. */
const SLACK_NS = 20e6;

describe.each(CELLS.map((cell) => [cellName(cell), cell] as const))('%s', (_, cell) => {
  let server: Server;
  let agent: Agent;

  beforeAll(async () => {
    server = await startServer(await buildServer(cell), cell);
    agent = new Agent(server.pid);
    await agent.attached();
  });
  afterAll(async () => {
    await agent.detach();
    await server.stop();
  });

  const addressOf = (way: Way): string => server.addressOf(way === 'h1' ? 'h11' : 'h2');

  /** The span and the server's own line of a request that has this id. */
  async function found(rid: string): Promise<{ readonly span: Span; readonly told: ServerRequest }> {
    await agent.collect(1, (span) => requestId(span) === rid);
    const span = agent.spans.find((one) => requestId(one) === rid);
    const told = (await server.requests()).find(({ query }) => new URLSearchParams(query).get('rid') === rid);
    if (!span || !told) throw new Error(`no ${span ? 'line' : 'span'} of ${rid}`);
    return { span, told };
  }

  test.each(WAYS)('a client that leaves (%s): one handler stops, one goes on', async (way) => {
    const ids = ['stops', 'goes-on'].map((how) => `${how}-${way}`);
    await Promise.all(
      ids.map((rid) =>
        leave(way, {
          address: addressOf(way),
          path: `/context/${rid.replace(`-${way}`, '')}/${WORK_MS}?rid=${rid}`,
          after: LEAVES_MS,
        }),
      ),
    );
    const [stops, goesOn] = await Promise.all(ids.map(found));
    expectEvent('client_gone', stops!, LEAVES_MS);
    expectEvent('client_gone', goesOn!, LEAVES_MS);
    expect(wentOn('client_gone', stops!.span)).toBeLessThan(SLACK_NS);
    expect(wentOn('client_gone', goesOn!.span)).toBeGreaterThan((WORK_MS - LEAVES_MS - 50) * 1e6);
  });

  test.each(['deadline', 'timeout'])('a deadline that passes (%s): one handler stops, one goes on', async (kind) => {
    const ids = (['h1', 'h2-close'] as const).flatMap((way) =>
      ['stops', 'goes-on'].map((how) => ({ way, how, rid: `${kind}-${how}-${way}` })),
    );
    const statuses = await Promise.all(
      ids.map(({ way, how, rid }) =>
        stay(way, { address: addressOf(way), path: `/context/${kind}-${how}/${WORK_MS}?rid=${rid}` }),
      ),
    );
    expect(statuses).toEqual(ids.map(() => (kind === 'timeout' ? 503 : 200)));
    for (const { how, rid } of ids) {
      const both = await found(rid);
      expectEvent('deadline_exceeded', both, WORK_MS / 4);
      // TimeoutHandler answers at once; its own handler is left behind on a goroutine of its own.
      const goesOn = kind === 'deadline' && how === 'goes-on';
      if (goesOn) expect(wentOn('deadline_exceeded', both.span)).toBeGreaterThan((WORK_MS * 0.75 - 50) * 1e6);
      else expect(wentOn('deadline_exceeded', both.span)).toBeLessThan(SLACK_NS);
    }
  });

  test('a handler that http.TimeoutHandler gave up on is among what requests leave behind', async () => {
    await stay('h1', { address: addressOf('h1'), path: '/context/timeout-goes-on/3000?rid=left-behind' });
    const sites = (): object | undefined =>
      agent.goroutines.at(-1)?.sites.find((site) => site.function === 'net/http.(*timeoutHandler).ServeHTTP');
    const before = agent.goroutines.length;
    await agent.until(() => agent.goroutines.length > before, 'it has counted goroutines');
    expect(sites()).toMatchObject({ alive: 1, ...(minorOf(cell.go) >= 21 && { of_requests: 1, outlived: 1 }) });
  });

  test('a client that leaves while it is sent to, and that has not sent its body', async () => {
    await leave('h1', {
      address: addressOf('h1'),
      path: `/context/stream/${WORK_MS}?rid=stream`,
      method: 'POST',
      promised: 10_000_000,
      after: LEAVES_MS,
    });
    expectEvent('client_gone', await found('stream'), LEAVES_MS);
  });

  test('a client that left a handler which still runs when the agent leaves', async () => {
    const other = new Agent(server.pid);
    await other.attached();
    await leave('h1', { address: addressOf('h1'), path: '/context/goes-on/2000?rid=runs', after: LEAVES_MS });
    await sleep(300);
    await other.detach();
    const span = other.spans.find((one) => requestId(one) === 'runs')!;
    expect(span.attributes['httptrace.unfinished']).toBe(true);
    expect(wentOn('client_gone', span)).toBeGreaterThan(250e6);
    expect(wentOn('client_gone', span)).toBeLessThan(span.duration_ns - (LEAVES_MS - 50) * 1e6);
  });

  test('nobody left, no deadline passed: no event', async () => {
    const asked = [
      { way: 'h1', path: '/context/stops/30', method: 'GET' },
      { way: 'h1', path: '/context/flush/100', method: 'GET' },
      { way: 'h2-close', path: '/context/stops/30', method: 'GET' },
      { way: 'h2-close', path: '/context/flush/100', method: 'GET' },
      // All of the stream is out long before its handler returns.
      { way: 'h2-close', path: '/context/flush/100', method: 'HEAD' },
      { way: 'h1', path: '/timeout/in-time', method: 'GET' },
    ] as const;
    await Promise.all(
      asked.map(({ way, path, method }, i) =>
        stay(way, { address: addressOf(way), path: `${path}?rid=quiet-${i}`, method }),
      ),
    );
    for (const i of asked.keys()) {
      const { span } = await found(`quiet-${i}`);
      expect(span.events.filter(isDisturbance), JSON.stringify(asked[i])).toEqual([]);
    }
  });
});

describe.each(GO_VERSIONS)('Go %s', (go) => {
  const cell: Cell = { program: 'probe-me', go, build: 'stripped' };

  test('a client that is slow to send its body has not gone, though net/http ends the context all the same', async () => {
    const server = await startServer(await buildServer(cell), cell, ['-read-timeout', '150ms']);
    const agent = new Agent(server.pid);
    await agent.attached();
    try {
      const path = `/context/body/${WORK_MS}?rid=slow`;
      const slow = { address: server.addressOf('h11'), path, method: 'POST', promised: 1000, after: 2 * WORK_MS };
      await leave('h1', slow);
      await agent.collect(1);
      const [told] = await server.requests();
      expectEvent('read_timeout', { span: agent.spans[0]!, told: told! }, 150);
    } finally {
      await agent.detach();
      await server.stop();
    }
  });
});

function isDisturbance({ name }: SpanEvent): boolean {
  return /client_gone|deadline|read_timeout/.test(name);
}

/** Nanoseconds. */
function wentOn(what: string, { events }: Span): number {
  const event = events.find(({ name }) => name === `httptrace.${what}`);
  return Number(event?.attributes[`httptrace.${what}.handler_went_on`] ?? 0);
}

/** The event is there, alone of its kind, at the time when the server itself saw the context end. */
function expectEvent(
  what: string,
  { span, told }: { readonly span: Span; readonly told: ServerRequest },
  afterMs: number,
): void {
  const text = JSON.stringify({ events: span.events, told });
  expect(
    span.events.filter(isDisturbance).map(({ name }) => name),
    text,
  ).toEqual([`httptrace.${what}`]);
  const event = span.events.find(isDisturbance)!;
  const went = wentOn(what, span);
  expect(told.handler_ns - went, text).toBeGreaterThan((afterMs - 50) * 1e6);
  expect(told.handler_ns - went, text).toBeLessThan((afterMs + 300) * 1e6);
  const sinceStart = Number(BigInt(event.time_unix_nano) - BigInt(told.start_unix_ns));
  if (told.context_end_ns === 0) {
    // The handler was faster than the goroutine that watches its context.
    expect(went, text).toBeLessThan(SLACK_NS);
    return;
  }
  expect(Math.abs(sinceStart - told.context_end_ns), text).toBeLessThan(SLACK_NS);
  expect(Math.abs(went - (told.handler_ns - told.context_end_ns)), text).toBeLessThan(SLACK_NS);
}
