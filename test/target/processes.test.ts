import { spawn } from 'node:child_process';
import { copyFileSync, renameSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProgramCache } from '../../agent/programs.ts';
import { assertSameProcess, describeProcess } from '../../agent/target/describe.ts';
import { readTargetEnvironment } from '../../agent/target/environ.ts';
import { TargetError } from '../../agent/target/error.ts';
import { readFirstLoad } from '../../agent/target/load-bias.ts';
import { selectProcesses } from '../../agent/target/select.ts';
import { readStat } from '../../agent/target/stat.ts';
import { ProcessWatcher } from '../../agent/target/watch.ts';
import { buildGoServer, type GoServer } from './go-server.ts';

const { readProgram } = new ProgramCache();
const NAME = `till-${process.pid}`;
const NO_SUCH_PID = 4_194_304;

let server: GoServer;
let pie: GoServer;
beforeAll(async () => {
  server = await buildGoServer(NAME, ['-ldflags=-s -w']);
  pie = await buildGoServer(`${NAME}-pie`, ['-buildmode=pie']);
}, 300_000);
afterAll(() => {
  server?.dispose();
  pie?.dispose();
});

function errorOf(action: () => unknown): TargetError {
  try {
    action();
  } catch (error) {
    if (error instanceof TargetError) return error;
    throw error;
  }
  throw new Error('it did not throw');
}

describe('describeProcess', () => {
  it('describes a running server', async () => {
    const { pid } = await server.start();
    const described = describeProcess(pid);
    expect(described).toMatchObject({ pid, executable: server.executable, exePath: `/proc/${pid}/exe`, loadBias: 0 });
    expect(described.command).toEqual([server.executable]);
    expect(described.startTicks).toBe(readStat(pid)?.startTicks);
    assertSameProcess(described);
  });

  it('finds the load bias of a position-independent executable', async () => {
    const { pid } = await pie.start();
    const { loadBias } = describeProcess(pid);
    expect(readFirstLoad(pie.executable)).toMatchObject({ relocatable: true });
    expect(loadBias).toBeGreaterThan(0);
    expect(loadBias % 4096).toBe(0);
  });

  it('works on after the executable was replaced', async () => {
    const { pid } = await pie.start();
    const before = describeProcess(pid);
    copyFileSync(pie.executable, `${pie.executable}.new`);
    renameSync(`${pie.executable}.new`, pie.executable);
    expect(describeProcess(pid)).toEqual(before);
  });

  it('says that a process is gone, reused or a kernel thread', async () => {
    const { pid, child } = await server.start();
    const described = describeProcess(pid);
    expect(errorOf(() => describeProcess(pid, described.startTicks + 1)).code).toBe('reused');
    expect(errorOf(() => describeProcess(NO_SUCH_PID)).code).toBe('gone');
    expect(errorOf(() => describeProcess(2)).code).toBe('kernel_thread');
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    expect(errorOf(() => assertSameProcess(described))).toMatchObject({
      code: 'gone',
      hint: expect.stringContaining('httptrace ps'),
    });
  });

  it('treats a process that only waits for its parent as gone', async () => {
    const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const pid = Number(await new Promise<Buffer>((resolve) => parent.stdout.once('data', resolve)));
    while (readStat(pid)?.state !== 'Z') await new Promise((resolve) => setTimeout(resolve, 5));
    expect(errorOf(() => describeProcess(pid)).code).toBe('gone');
    parent.kill('SIGKILL');
  });

  it('reads two variables of its environment', async () => {
    const { pid } = await server.start({ OTEL_SERVICE_NAME: 'till', OTEL_RESOURCE_ATTRIBUTES: 'region=eu' });
    expect(readTargetEnvironment(pid)).toEqual({
      serviceName: 'till',
      resourceAttributes: new Map([['region', 'eu']]),
    });
  });
});

describe('selectProcesses', () => {
  it('finds by name, module, port and executable, each process once', async () => {
    const { pid, port } = await server.start();
    const selectors = [
      { kind: 'port', port },
      { kind: 'pid', pid },
    ] as const;
    expect(selectProcesses(selectors, readProgram).map((target) => target.pid)).toEqual([pid]);
    for (const selector of [
      { kind: 'name', name: NAME },
      { kind: 'name', name: 'httptrace-till' },
      { kind: 'exe', path: server.executable },
    ] as const) {
      expect(selectProcesses([selector], readProgram).map((target) => target.pid)).toContain(pid);
    }
  });

  it('names what comes near when nothing matches', async () => {
    const { pid, port } = await server.start();
    const byName = errorOf(() => selectProcesses([{ kind: 'name', name: `${NAME}x` }], readProgram));
    expect(byName.code).toBe('no_match');
    expect(byName.hint).toContain(`${NAME} (pid ${pid})`);
    const byPort = errorOf(() => selectProcesses([{ kind: 'port', port: 1 }], readProgram));
    expect(byPort).toMatchObject({ code: 'no_match', message: 'no process listens on TCP port 1' });
    expect(selectProcesses([{ kind: 'port', port }], readProgram)).toHaveLength(1);
  });
});

describe('ProcessWatcher', () => {
  it('reports a process that starts later, once, and again after a restart', async () => {
    const first = await server.start();
    const known = selectProcesses([{ kind: 'name', name: NAME }], readProgram);
    const watcher = new ProcessWatcher({ selectors: [{ kind: 'name', name: NAME }], readProgram, known });
    expect(watcher.poll()).toEqual([]);
    const second = await server.start();
    expect(watcher.poll().map((target) => target.pid)).toEqual([second.pid]);
    expect(watcher.poll()).toEqual([]);
    const ended = new Promise((resolve) => first.child.once('exit', resolve));
    first.child.kill('SIGKILL');
    await ended;
    const third = await server.start();
    expect(watcher.poll().map((target) => target.pid)).toEqual([third.pid]);
  });

  it('reports who begins to listen on a port', async () => {
    const watched = await server.start();
    const watcher = new ProcessWatcher({ selectors: [{ kind: 'port', port: watched.port }], readProgram, known: [] });
    expect(watcher.poll().map((target) => target.pid)).toEqual([watched.pid]);
    expect(watcher.poll()).toEqual([]);
  });
});
