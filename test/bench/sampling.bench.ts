/**
 * What reading the goroutines of 64 requests in flight costs: the agent (loader and node) with sampling on and off, and
 * the server, side by side in one run. Rounds are interleaved; medians are printed, as shares of one core. Run as
 * root: node test/bench/sampling.bench.ts [rounds] [seconds] [requests in flight]
 */
import { readdirSync, readFileSync } from 'node:fs';
import { get, Agent as HttpAgent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent } from '../e2e/harness/agent.ts';
import { buildServer } from '../e2e/harness/build.ts';
import { type Server, startServer } from '../e2e/harness/server.ts';
import type { Cell } from '../e2e/matrix.ts';
import { formatTable, median } from './cost/table.ts';

const rounds = Number(process.argv[2] ?? 5);
const seconds = Number(process.argv[3] ?? 4);
const inFlight = Number(process.argv[4] ?? 64);
/** Long ones, so that what is measured is the sampling and not the requests. */
const WAITS = ['sleep', 'channel', 'select', 'network'];
const WAIT_MS = 2000;
const CELL: Cell = { program: 'probe-me', go: '1.26', build: 'stripped' };

interface Cost {
  readonly loader: number;
  readonly node: number;
  readonly server: number;
}

const server = await startServer(await buildServer(CELL), CELL);
const results = new Map<number, Cost[]>([
  [0, []],
  [100, []],
]);
const idle = new Map<number, Cost[]>([
  [0, []],
  [100, []],
]);
try {
  for (let round = 0; round < rounds; round++) {
    for (const hz of [0, 100]) {
      const agent = new Agent(server.pid, ['--sample-hz', String(hz)]);
      await agent.attached();
      await delay(1500);
      idle.get(hz)?.push(await measure(agent));
      const stop = load(server);
      await delay(500);
      results.get(hz)?.push(await measure(agent));
      await stop();
      await agent.detach();
    }
  }
} finally {
  await server.stop();
}
report();

/** Keeps so many requests waiting until the returned function is called. */
function load(target: Server): () => Promise<void> {
  const pool = new HttpAgent({ keepAlive: true });
  let stopped = false;
  const client = async (n: number): Promise<void> => {
    const url = `http://${target.addressOf('h11')}/wait/${WAITS[n % WAITS.length]}/${WAIT_MS}`;
    while (!stopped) {
      await new Promise<void>((resolve, reject) => {
        get(url, { agent: pool }, (response) => response.resume().on('end', resolve)).on('error', reject);
      });
    }
  };
  const clients = Array.from({ length: inFlight }, (_, n) => client(n));
  return async () => {
    stopped = true;
    await Promise.all(clients);
    pool.destroy();
  };
}

async function measure(agent: Agent): Promise<Cost> {
  const loader = agent.loaderPid;
  if (loader === undefined) throw new Error('there is no loader');
  const pids = { loader, node: agent.pid, server: server.pid };
  const before = { loader: cpuNs(pids.loader), node: cpuNs(pids.node), server: cpuNs(pids.server) };
  await delay(seconds * 1000);
  const share = (name: keyof Cost): number => (cpuNs(pids[name]) - before[name]) / (seconds * 1e9);
  return { loader: share('loader'), node: share('node'), server: share('server') };
}

/** All threads that live, from the scheduler: /proc/PID/stat counts in hundredths of a second. */
function cpuNs(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0]))
    .reduce((sum, ns) => sum + ns, 0);
}

function report(): void {
  const percent = (values: readonly number[]): string => `${(100 * median(values)).toFixed(2)} %`;
  const row = (name: string, costs: readonly Cost[]): string[] => [
    name,
    percent(costs.map(({ loader }) => loader)),
    percent(costs.map(({ node }) => node)),
    percent(costs.map(({ loader, node }) => loader + node)),
    percent(costs.map(({ server: own }) => own)),
  ];
  console.log(
    formatTable([
      ['of one core', 'loader', 'node', 'agent', 'server'],
      row('no request, sampling off', idle.get(0) ?? []),
      row('no request, 100 Hz', idle.get(100) ?? []),
      row(`${inFlight} in flight, sampling off`, results.get(0) ?? []),
      row(`${inFlight} in flight, 100 Hz`, results.get(100) ?? []),
    ]),
  );
}
