import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Agent } from './harness/agent.ts';
import { buildLoad } from './harness/build.ts';
import { DEBIAN_SERVERS, type RunningServer, startDebianServer, unpack } from './harness/debian.ts';
import { sendRequests } from './harness/load.ts';
import { changedText } from './harness/text.ts';
import { judgeByClient } from './judge/by-client.ts';
import { report } from './judge/report.ts';

/** The oldest and the newest builds that Debian has: Go 1.19 and, today, Go 1.26 and 1.27. */
const SUITES = ['bookworm', 'sid'] as const;
const REQUESTS = 200;

describe.each(SUITES)('servers of Debian %s', (suite) => {
  let client = '';
  let server: RunningServer | undefined;
  let agent: Agent | undefined;

  beforeAll(async () => {
    client = await buildLoad();
    await unpack(
      suite,
      DEBIAN_SERVERS.map((one) => one.package),
    );
  });

  afterEach(async () => {
    await agent?.kill();
    await server?.stop();
  });

  test.each(DEBIAN_SERVERS)('$package, $protocol', async (one) => {
    server = await startDebianServer(suite, one);
    agent = new Agent(server.pid);
    await agent.attached();
    const options = { client, protocol: one.protocol, address: server.address, mix: one.paths.join(',') };
    const { requests, problem } = await sendRequests(options, REQUESTS);
    expect(problem).toBe('');
    await agent.collect(REQUESTS);
    expect(await agent.detach(), agent.stderr).toBe(0);

    expect(report({ requests: requests.length, mismatches: judgeByClient(requests, agent.spans), times: [] })).toBe('');
    expect(agent.summary?.lost).toEqual({});
    expect(changedText(server.pid)).toEqual([]);
  });
});
