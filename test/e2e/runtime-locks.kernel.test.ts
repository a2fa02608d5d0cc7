import { afterEach, describe, expect, test } from 'vitest';
import type { RuntimeLockWaits } from '../../agent/view.ts';
import { FutexWitness, type Witnessed } from './harness/futex-witness.ts';
import { sleep } from './harness/run.ts';
import { Session } from './harness/session.ts';
import { buildWaits, inParallel, WaitsServer } from './harness/waits-server.ts';
import { GO_VERSIONS, type GoVersion, minorOf } from './matrix.ts';

/** More threads than processors: who holds a lock is kept from running, and the others have to sleep. */
const ENV = { GOMAXPROCS: '8' };
const HAMMER_MS = 2500;

let server: WaitsServer | undefined;
afterEach(() => server?.stop());

interface Both {
  readonly seen: RuntimeLockWaits;
  readonly witnessed: Witnessed;
  /** Seconds that the runtime itself counted for its locks and mutexes; not a number where it does not. */
  readonly byRuntime: number;
}

async function observe(executable: string, work: (server: WaitsServer) => Promise<unknown>): Promise<Both> {
  server = await WaitsServer.start(executable, ENV);
  const session = await Session.attach(server.pid);
  const witness = new FutexWitness(server.pid, executable);
  await witness.ready;
  const before = await server.figures();
  await work(server);
  const after = await server.figures();
  const witnessed = await witness.end();
  const { runtimeLocks } = (await session.end()).stats!.process;
  const waited = '/sync/mutex/wait/total:seconds';
  return { seen: runtimeLocks!, witnessed, byRuntime: (after[waited] ?? Number.NaN) - (before[waited] ?? Number.NaN) };
}

describe.each(GO_VERSIONS)('locks of the runtime of Go %s', (go) => {
  test('sleeps of threads are those that a witness sees in runtime.lock2', async () => {
    const { seen, witnessed, byRuntime } = await observe(await buildWaits(go), (at) =>
      at.ask('/hammer', { ms: HAMMER_MS }),
    );
    const { locks } = witnessed;
    const told = `${JSON.stringify({ seen, witnessed, byRuntime })}`;
    expect(locks.count, told).toBeGreaterThan(500);
    // The witness reads the clock inside of our readings.
    expect(Math.abs(seen.count - locks.count), told).toBeLessThanOrEqual(0.01 * locks.count);
    expect(Math.abs(seen.total - locks.total), told).toBeLessThan(0.02 * locks.total);
    expect(seen.longest, told).toBeGreaterThan(seen.total / seen.count);
    expect(seen.longest, told).toBeLessThan(HAMMER_MS * 1e6);
    const minor = minorOf(go);
    // One in eight, times eight: rough. To Go 1.23 it counts the spinning before the sleep too.
    if (minor >= 22) expect(seen.total / 1e9, told).toBeLessThan(1.4 * byRuntime);
    if (minor >= 24) expect(seen.total / 1e9, told).toBeGreaterThan(0.6 * byRuntime);
  });

  test('threads with nothing to do are not counted', async () => {
    const { seen, witnessed } = await observe(await buildWaits(go), (at) =>
      inParallel(40, 1, async () => {
        await at.ask('/sleep', { us: 1000 });
        await sleep(20);
      }),
    );
    expect(witnessed.notes.count, JSON.stringify(witnessed)).toBeGreaterThan(20);
    expect(Math.abs(seen.count - witnessed.locks.count), JSON.stringify({ seen, witnessed })).toBeLessThanOrEqual(2);
    expect(seen.count).toBeLessThan(witnessed.notes.count / 4);
  });
});

test.each<GoVersion>(['1.19', '1.27'])('mutexes of libc are not counted, Go %s with cgo', async (go) => {
  const { seen, witnessed } = await observe(await buildWaits(go, [], { cgo: true }), (at) =>
    at.ask('/libc', { ms: 1000 }),
  );
  expect(witnessed.others.count, JSON.stringify(witnessed)).toBeGreaterThan(100);
  expect(Math.abs(seen.count - witnessed.locks.count), JSON.stringify({ seen, witnessed })).toBeLessThanOrEqual(2);
});
