/**
 * What watching a contended lock costs the server, in units of one empty probe on a `push`, for each contended
 * acquisition; and that a server without contention passes none of these probes.
 *
 * The cost is taken where nothing else changes: two requests hand one lock over, so that each round has one contended
 * acquisition, by construction, and costs the same to some nanoseconds whoever watches. Unit and agent are measured in
 * the same process, in turn, and compared inside of a round. Under a load of its own a lock is contended more or less
 * often with an observer than without, and the difference of two such runs says nothing; what can be said of it is how
 * many probes an acquisition passes there.
 *
 * Run as root: node test/bench/contention.bench.ts [rounds] [seconds]
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Session } from '../e2e/harness/session.ts';
import { emptyProbes, Httptrace, pushOf } from './cost/attachments.ts';
import { type Handoff, handoff } from './cost/handoff.ts';
import { saturate } from './cost/load.ts';
import { type BenchServer, buildBenchServer, startBenchServer } from './cost/server.ts';
import { formatTable, median, medianBounds } from './cost/table.ts';

/** Fewer say nothing for sure. */
const FEWEST = 6;
const rounds = Math.max(FEWEST, Number(process.argv[2] ?? 15));
const seconds = Number(process.argv[3] ?? 2);
const LOAD_ROUNDS = FEWEST;
const CONNECTIONS = 16;
/** The agent measures probes of its own at first. */
const SETTLE_MS = 500;
const LOCK_ROLES = ['sem_wait', 'sem_woken', 'sem_release', 'mutex_unlock'] as const;

const executable = buildBenchServer('bench');
const bareUs: number[] = [];
const unitUs: number[] = [];
const addedUs: number[] = [];
const units: number[] = [];
const contended: number[] = [];
await withServer({ GOMAXPROCS: '1' }, async (server) => {
  await handoff(server);
  for (let round = 0; round < rounds; round++) await measureHandoff(server);
});
const plainWaits: number[] = [];
const hits: number[] = [];
await withServer({}, async (server) => {
  await saturate(server, 1);
  for (let round = 0; round < LOAD_ROUNDS; round++) await measureLoad(server);
});
report();

async function withServer(env: NodeJS.ProcessEnv, run: (server: BenchServer) => Promise<void>): Promise<void> {
  const server = await startBenchServer(executable, env);
  try {
    await run(server);
  } finally {
    server.stop();
  }
}

async function measureHandoff(server: BenchServer): Promise<void> {
  const bare = await handoff(server);
  const unit = (await withEmptyProbe(server)).cpuUs - bare.cpuUs;
  const { watched, waits } = await withAgent(server);
  const added = ((watched.cpuUs - bare.cpuUs) * watched.rounds) / waits;
  bareUs.push(bare.cpuUs);
  unitUs.push(unit);
  addedUs.push(added);
  units.push(added / unit);
  contended.push(waits / watched.rounds);
}

async function withEmptyProbe(server: BenchServer): Promise<Handoff> {
  const probe = await emptyProbes(server, (binary) => pushOf(binary, 'main.tick'));
  const watched = await handoff(server);
  await probe.detach();
  return watched;
}

async function withAgent(server: BenchServer): Promise<{ readonly watched: Handoff; readonly waits: number }> {
  const agent = new Httptrace(server);
  await agent.attached();
  await delay(SETTLE_MS);
  const watched = await handoff(server);
  const { process: told = {}, summary = {} } = await agent.reports();
  const lost = summary['lost'] as { waits_overload?: number };
  if (lost.waits_overload) {
    throw new Error(`${lost.waits_overload} records were not sent: the agent was too slow, and the cost is too low`);
  }
  return { watched, waits: (told['waits'] as { count: number }).count };
}

/** Counts alone: no times, which would be lost in the noise. */
async function measureLoad(server: BenchServer): Promise<void> {
  const plain = await count(server, '/hello/bench');
  plainWaits.push((plain.waits / plain.requests) * 1000);
  const { lockHits, waits } = await count(server, '/contended/bench');
  hits.push(lockHits / waits);
}

async function count(server: BenchServer, path: string) {
  const session = await Session.attach(server.pid);
  const { requests } = await saturate(server, seconds, CONNECTIONS, path);
  const { stats } = await session.end();
  if (!stats) throw new Error('no statistics came');
  const lockHits = LOCK_ROLES.reduce((sum, role) => sum + (stats.cost.hitsByRole[role] ?? 0), 0);
  return { requests, lockHits, waits: stats.process.waits };
}

function report(): void {
  const row = (name: string, values: readonly number[], wanted = ''): string[] => {
    const [low, high] = medianBounds(values);
    return [name, median(values).toFixed(2), `${low.toFixed(2)} to ${high.toFixed(2)}`, wanted];
  };
  process.stdout.write(
    `${formatTable([
      ['', 'median', '95 % sure', 'wanted'],
      row('a round with nothing attached, server CPU, µs', bareUs),
      row('the unit: one empty probe, µs', unitUs),
      row('contended acquisitions a round', contended, '1'),
      row('added for a contended acquisition, µs', addedUs),
      row('the same in units', units, 'at most 5'),
      row('under load: probes passed for each wait', hits),
      row('under load: waits in 1,000 plain requests', plainWaits),
    ])}\n`,
  );
}
