import { existsSync } from 'node:fs';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Agent } from './harness/agent.ts';
import { buildLoad, buildServer } from './harness/build.ts';
import { type Load, steadyLoad } from './harness/load.ts';
import { sleep } from './harness/run.ts';
import { type Server, startServer } from './harness/server.ts';
import { changedText } from './harness/text.ts';
import type { Cell, Protocol } from './matrix.ts';

/** More for a soak that deserves the name: HTTPTRACE_SOAK_CYCLES=500. */
const CYCLES = Number(process.env['HTTPTRACE_SOAK_CYCLES'] ?? 12);
const KILLS = 6;
const TIMEOUT = 120_000 + CYCLES * 10_000;

const CELLS: readonly Cell[] = [
  { program: 'probe-me', go: '1.19', build: 'stripped' },
  { program: 'probe-me', go: '1.27', build: 'pie' },
];

/** Growing stacks, panics, heavy GC, clients that leave. */
const LOADS: readonly { readonly protocol: Protocol; readonly rate: number }[] = [
  { protocol: 'h11', rate: 150 },
  { protocol: 'tls11', rate: 50 },
  { protocol: 'h2', rate: 80 },
];

describe.each(CELLS)('Go $go, $build, under load', (cell) => {
  let client = '';
  let executable = '';
  let server: Server;
  let loads: readonly Load[] = [];
  const agents: Agent[] = [];

  /** Every second time with all that there is. */
  const attach = (): Agent => {
    const agent = new Agent(server.pid, agents.length % 2 === 1 ? ['--deep'] : []);
    agents.push(agent);
    return agent;
  };

  /** The server runs, all its answers were right, and its code is as it was before. */
  async function expectUnharmed(): Promise<void> {
    const results = await Promise.all(loads.map((load) => load.stop()));
    expect(server.isRunning).toBe(true);
    for (const { problem, summary } of results) {
      expect(problem).toBe('');
      expect(summary.requests).toBeGreaterThan(0);
    }
    expect(changedText(server.pid)).toEqual([]);
  }

  beforeAll(async () => {
    client = await buildLoad();
    executable = await buildServer(cell);
  }, TIMEOUT);

  beforeEach(async () => {
    server = await startServer(executable, cell);
    loads = LOADS.map(({ protocol, rate }) =>
      steadyLoad({ client, protocol, address: server.addressOf(protocol), mix: 'hostile' }, rate),
    );
  });

  afterEach(async () => {
    for (const agent of agents.splice(0)) await agent.kill();
    await Promise.all(loads.map((load) => load.stop()));
    await server.stop();
  });

  test(
    'attaching and detaching again and again',
    async () => {
      for (let cycle = 0; cycle < CYCLES; cycle++) {
        const agent = attach();
        await agent.attached();
        await agent.until(() => agent.spans.length >= 50, 'it has shown 50 spans');
        expect(await agent.detach(), agent.stderr).toBe(0);
        expect(agent.summary).toMatchObject({ reason: 'interrupted', lost: {} });
      }
      await expectUnharmed();
    },
    TIMEOUT,
  );

  test(
    'the code is patched while attached: the check can see it',
    async () => {
      const agent = attach();
      await agent.attached();
      expect(changedText(server.pid).length).toBeGreaterThan(0);
      await agent.detach();
      await expectUnharmed();
    },
    TIMEOUT,
  );

  test(
    'SIGKILL of the agent at any moment',
    async () => {
      for (const delay of randomDelays()) {
        const agent = attach();
        await sleep(delay);
        const loader = agent.loaderPid;
        await agent.kill();
        if (loader !== undefined) await gone(loader);
      }
      await expectUnharmed();
    },
    TIMEOUT,
  );

  test(
    'SIGKILL of the loader: the agent starts another, says what was lost, and goes on',
    async () => {
      const agent = attach();
      await agent.attached();
      for (const delay of randomDelays().slice(0, 3)) {
        await sleep(delay);
        await agent.until(() => agent.loaderPid !== undefined, 'it has a loader');
        process.kill(agent.loaderPid!, 'SIGKILL');
        await sleep(200);
        await agent.until(() => agent.loaderPid !== undefined, 'it has a new loader');
        const shown = agent.spans.length;
        await agent.until(() => agent.spans.length > shown + 20, 'it shows spans again');
      }
      expect(await agent.detach(), agent.stderr).toBe(0);
      expect(agent.summary?.lost['loader_restart']).toBeGreaterThan(0);
      await expectUnharmed();
    },
    TIMEOUT,
  );

  test(
    'the target is killed: the agent ends with a summary',
    async () => {
      const agent = attach();
      await agent.attached();
      await agent.until(() => agent.spans.length >= 20, 'it has shown 20 spans');
      const loader = agent.loaderPid;
      await server.stop('SIGKILL');
      expect(await agent.exited(), agent.stderr).toBe(0);
      expect(agent.summary?.reason).toBe('targets_gone');
      expect(loader !== undefined && existsSync(`/proc/${loader}`)).toBe(false);
    },
    TIMEOUT,
  );
});

/** Milliseconds after the start: before, while and after the probes are attached. */
function randomDelays(): number[] {
  return Array.from({ length: KILLS }, (_, i) => 100 + (i * 1500) / KILLS + Math.random() * 250);
}

async function gone(pid: number): Promise<void> {
  while (existsSync(`/proc/${pid}`)) await sleep(20);
}
