import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SessionSummary } from '../../agent/view.ts';
import { sleep } from './harness/run.ts';
import { Session } from './harness/session.ts';
import { buildWaits, type Figures, inParallel, WaitsServer } from './harness/waits-server.ts';
import { GO_VERSIONS, minorOf } from './matrix.ts';

/** What the session saw, and by how much the runtime's own figures grew meanwhile. */
interface Both {
  readonly summary: SessionSummary;
  readonly grown: (name: string) => number;
}

async function observe(server: WaitsServer, deep: boolean, work: () => Promise<void>): Promise<Both> {
  const session = await Session.attach(server.pid, { deep });
  const before = await server.figures();
  await work();
  const after = await server.figures();
  await sleep(100);
  const summary = await session.end();
  return { summary, grown: (name) => growth(name, before, after) };
}

function growth(name: string, before: Figures, after: Figures): number {
  return (after[name] ?? Number.NaN) - (before[name] ?? Number.NaN);
}

/** By how much a figure differs from what the runtime says. */
function off(seen: number, runtime: number): number {
  return Math.abs(seen - runtime) / runtime;
}

const NS = 1e9;

describe.each(GO_VERSIONS)('against the runtime of Go %s', (go) => {
  let server: WaitsServer;

  beforeAll(async () => {
    server = await WaitsServer.start(await buildWaits(go));
  });
  afterAll(() => server.stop());

  test('stop-the-world time is MemStats.PauseTotalNs', async () => {
    const { summary, grown } = await observe(server, false, async () => {
      // Copying cannot be preempted: whoever stops the world waits for it, milliseconds long.
      const copying = inParallel(12, 2, () => server.ask('/copy', { times: 3 }));
      await inParallel(10, 1, () => server.ask('/collect'));
      await copying;
      await inParallel(4, 1, () => server.ask('/stop'));
    });
    const { gc } = summary.stats!.waits;
    const pauses = gc.pauses.filter(({ isGc }) => isGc);
    expect(gc.cycles).toBe(grown('NumGC'));
    expect(pauses.reduce((sum, { count }) => sum + count, 0)).toBe(2 * gc.cycles);
    const total = pauses.reduce((sum, { byRuntime }) => sum + byRuntime, 0);
    expect(off(total, grown('PauseTotalNs')), `${total} of ${grown('PauseTotalNs')}`).toBeLessThan(0.02);
    // Not for a collection; figures() stops the world too.
    const others = gc.pauses.find(({ reason }) => /mem ?stats/i.test(reason));
    expect(others?.count).toBeGreaterThanOrEqual(4);
  });

  test('GC assists are /cpu/classes/gc/mark/assist', async () => {
    const { summary, grown } = await observe(server, false, async () => {
      await inParallel(400, 4, (i) => server.ask('/garbage', { nodes: 60_000, slot: i }));
      // Figures of CPU classes are made when a cycle ends.
      await server.ask('/collect');
    });
    const { assistTime, assists } = summary.stats!.process;
    expect(assists).toBeGreaterThan(50);
    const runtime = grown('/cpu/classes/gc/mark/assist:cpu-seconds') * NS;
    if (minorOf(go) >= 20) expect(off(assistTime, runtime), `${assistTime} of ${runtime}`).toBeLessThan(0.1);
  });

  test('mutex waits are /sync/mutex/wait/total', async () => {
    const { summary, grown } = await observe(server, false, async () => {
      await inParallel(4000, 16, (i) => server.ask(`/lock/${'abc'[i % 3]}`, { us: 700 }));
    });
    const { locks } = summary.stats!.waits;
    const total = locks.filter(({ kind }) => /mutex/.test(kind)).reduce((sum, lock) => sum + lock.total, 0);
    // It takes each wait for eight, as if it tracked one in eight.
    const runtime = (grown('/sync/mutex/wait/total:seconds') * NS) / 8;
    if (minorOf(go) >= 20) expect(off(total, runtime), `${total} of ${runtime}`).toBeLessThan(0.05);
  });

  test('--deep: scheduling delays are /sched/latencies', async () => {
    const { summary, grown } = await observe(server, true, async () => {
      await inParallel(4000, 32, (i) => server.ask('/sleep', { us: 400, ...(i % 2 === 0 && { busy: 1 }) }));
    });
    const { delays, delayTime } = summary.stats!.process;
    expect(delays).toBeGreaterThan(1000);
    const runtime = grown('/sched/latencies:seconds') * NS;
    // Before Go 1.20 it tracks one in eight, which in a periodic load like this one is no fair sample.
    if (minorOf(go) >= 20) expect(off(delayTime, runtime), `${delayTime} of ${runtime}`).toBeLessThan(0.1);
  });
});
