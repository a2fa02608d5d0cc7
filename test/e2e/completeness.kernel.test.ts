import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Agent } from './harness/agent.ts';
import { buildLoad, buildServer } from './harness/build.ts';
import { type LoadResult, sendEverything, sendRequests } from './harness/load.ts';
import { type Server, startServer } from './harness/server.ts';
import { withSteal } from './harness/steal.ts';
import { judge, type Verdict } from './judge/judge.ts';
import { requestId } from './judge/pair.ts';
import { report, reportTimes } from './judge/report.ts';
import type { ClientRequest, Evidence } from './judge/types.ts';
import { cellName, chosenCells, minorOf, type Protocol, protocolsOf } from './matrix.ts';

const BUILD_TIMEOUT = 300_000;
const RUN_TIMEOUT = 60_000;
/** Of each protocol. The mix has 45 kinds of requests and 8 forms of trace headers. */
const REQUESTS = 360;
const TIMED: readonly Protocol[] = ['h11', 'tls11', 'h2'];
const TIMED_REQUESTS = 500;
/** Other work on the machine can only make times disagree: a true disagreement is there in every run. */
const TIMED_RUNS = 4;
/**
 * A hypervisor that takes more than this away stops a processor for milliseconds between our reading of the clock
 * and the server's: the median is judged all the same, p99 is not.
 */
const QUIET_STEAL = 0.01;

interface TimedRun {
  readonly verdict: Verdict;
  readonly steal: number;
}

function disagreement({ verdict, steal }: TimedRun): string {
  return reportTimes(verdict, steal > QUIET_STEAL ? 'median' : 'all');
}

describe.each(chosenCells().map((cell) => ({ name: cellName(cell), cell })))('$name', ({ cell }) => {
  let client = '';
  let server: Server;
  let agent: Agent;
  let sent: ReadonlyMap<Protocol, LoadResult> = new Map();
  const timed: Partial<Record<Protocol, TimedRun[]>> = {};
  const evidence = async (prefix: string, requests: readonly ClientRequest[]): Promise<Evidence> => ({
    goMinor: minorOf(cell.go),
    server: (await server.requests()).filter(({ id }) => id.startsWith(prefix)),
    client: requests,
    spans: agent.spans.filter((span) => requestId(span)?.startsWith(prefix)),
    ignorePort: server.debugPort,
    unwatched: agent.unwatched,
  });

  async function measure(protocol: Protocol): Promise<void> {
    const runs: TimedRun[] = [];
    timed[protocol] = runs;
    while (runs.length < TIMED_RUNS && !runs.some((run) => disagreement(run) === '')) {
      const prefix = `timed-${protocol}-${runs.length}-`;
      const options = { client, protocol, address: server.addressOf(protocol), mix: 'timed', prefix, connections: 1 };
      const { value, steal } = await withSteal(() => sendRequests(options, TIMED_REQUESTS));
      await agent.collect(TIMED_REQUESTS, (span) => requestId(span)?.startsWith(prefix) ?? false);
      runs.push({ verdict: judge(await evidence(prefix, value.requests)), steal });
    }
  }

  beforeAll(async () => {
    client = await buildLoad();
    server = await startServer(await buildServer(cell), cell);
    agent = new Agent(server.pid, ['--header', 'X-Request-Id']);
    await agent.attached();
    sent = await sendEverything(client, server, protocolsOf(cell), REQUESTS);
    for (const { problem } of sent.values()) expect(problem, 'the server answered as it must').toBe('');
    await agent.collect((await server.requests()).length, (span) => requestId(span) !== undefined);
    for (const protocol of TIMED) await measure(protocol);
    await agent.collect((await server.requests()).length, (span) => requestId(span) !== undefined);
    await agent.detach();
  }, BUILD_TIMEOUT);

  afterAll(async () => {
    await agent?.kill();
    await server?.stop();
  });

  test.each(protocolsOf(cell))(
    '%s: one true span for each request',
    async (protocol) => {
      const verdict = judge(await evidence(`${protocol}-`, sent.get(protocol)?.requests ?? []));
      expect(verdict.requests).toBeGreaterThanOrEqual(REQUESTS);
      expect(report(verdict)).toBe('');
    },
    RUN_TIMEOUT,
  );

  test.each(TIMED)("%s: times agree with the server's own", async (protocol) => {
    const runs = timed[protocol] ?? [];
    for (const { verdict } of runs) {
      expect(verdict.requests).toBe(TIMED_REQUESTS);
      expect(report(verdict)).toBe('');
    }
    expect(runs.some((run) => disagreement(run) === '') || runs.map(disagreement)).toBe(true);
  });

  test('nothing else was shown, and nothing lost', () => {
    const strays = agent.spans.filter(
      (span) =>
        !/(?:^|&)rid=/.test(`${span.attributes['url.query']}`) && span.attributes['server.port'] !== server.debugPort,
    );
    expect(strays).toEqual([]);
    expect(agent.garbage).toEqual([]);
    expect(agent.exitCode).toBe(0);
    expect(agent.summary).toMatchObject({
      lost: {},
      requests: { finished: agent.spans.length, shown: agent.spans.length },
    });
  });
});
