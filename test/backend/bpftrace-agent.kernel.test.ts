import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Agent } from '../e2e/harness/agent.ts';
import { buildServer } from '../e2e/harness/build.ts';
import { HTTPTRACE, ROOT } from '../e2e/harness/paths.ts';
import { sleep } from '../e2e/harness/run.ts';
import { type Server, startServer } from '../e2e/harness/server.ts';
import type { Cell } from '../e2e/matrix.ts';

/** How the agent chooses bpftrace, refuses it, and leaves it behind. */

const TIMEOUT = 120_000;
/** The kernel takes out one probe after the other, a tenth of a second each: the process is there until then, but dead. */
const TEARDOWN_MS = 10_000;
const KILLED_MS = 1000;
const SUITE = 'trixie';
const BPFTRACE = resolve(ROOT, `build/bpftrace/${SUITE}/bpftrace`);
const WITH_BPFTRACE = ['--backend', 'bpftrace', '--bpftrace', BPFTRACE];
const CELL: Cell = { program: 'probe-me', go: '1.26', build: 'stripped' };

let server: Server;
beforeAll(async () => {
  execFileSync(resolve(ROOT, 'test/bpftrace.sh'), [SUITE], { stdio: 'inherit' });
  server = await startServer(await buildServer(CELL), CELL);
}, TIMEOUT);
afterAll(() => server?.stop());

const ask = (path: string) => fetch(`http://${server.addressOf('h11')}${path}`).then((response) => response.text());

/** Executables that run below a process. */
function below(root: number): number[] {
  const children = readFileSync(`/proc/${root}/task/${root}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  return children.flatMap((pid) => [pid, ...below(pid)]);
}

/** A process that is killed has no memory any more, and so no command line. */
function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`).length > 0;
  } catch {
    return false;
  }
}

function isBpftrace(pid: number): boolean {
  try {
    return (
      readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('bpftrace') ||
      readlinkSync(`/proc/${pid}/exe`).includes('bpftrace')
    );
  } catch {
    return false;
  }
}

/** Breakpoints of a process: bytes of its code that are not those of its file. */
function patchedBytes(pid: number, file: string): number {
  const map =
    readFileSync(`/proc/${pid}/maps`, 'latin1')
      .split('\n')
      .find((line) => / r-xp \S+ \S+ [1-9]\d* /.test(line)) ?? '';
  const [, start = '0', end = '0', offset = '0'] = /^(\w+)-(\w+) r-xp (\w+)/.exec(map) ?? [];
  const length = Number.parseInt(end, 16) - Number.parseInt(start, 16);
  const read = (path: string, from: number): Buffer =>
    execFileSync('dd', [`if=${path}`, 'bs=4096', `skip=${from / 4096}`, `count=${length / 4096}`, 'status=none'], {
      maxBuffer: 1 << 30,
    });
  const [inMemory, inFile] = [
    read(`/proc/${pid}/mem`, Number.parseInt(start, 16)),
    read(file, Number.parseInt(offset, 16)),
  ];
  return inFile.filter((byte, index) => inMemory[index] !== byte).length;
}

test(
  'auto takes bpftrace where libbpf cannot be, and says why in one line',
  async () => {
    const agent = new Agent(server.pid, ['--loader', '/nonexistent/loader', '--bpftrace', BPFTRACE]);
    await agent.attached();
    await ask('/hello?rid=auto');
    await agent.collect(1, ({ attributes }) => `${attributes['url.query']}` === 'rid=auto');
    await agent.detach();
    expect(agent.spans.filter(({ attributes }) => attributes['url.query'] === 'rid=auto')).toHaveLength(1);
    expect(agent.warnings.filter((text) => /^bpftrace is used instead of libbpf: .*loader/.test(text))).toHaveLength(1);
  },
  TIMEOUT,
);

test('--deep is refused', async () => {
  const { exitCode, stderr } = await execa(HTTPTRACE, ['attach', `${server.pid}`, '--deep', ...WITH_BPFTRACE], {
    reject: false,
  });
  expect(stderr).toMatch(/--deep needs the libbpf backend/);
  expect(exitCode).toBe(4);
});

test(
  'when the agent is killed, bpftrace is, too, and no breakpoint stays',
  async () => {
    const file = `/proc/${server.pid}/exe`;
    const agent = new Agent(server.pid, WITH_BPFTRACE);
    await agent.attached();
    expect(patchedBytes(server.pid, file)).toBeGreaterThan(5);
    const pids = below(agent.pid).filter(isBpftrace);
    expect(pids.length).toBeGreaterThan(0);
    await agent.kill();
    const since = performance.now();
    while (pids.some(isAlive) && performance.now() - since < 2 * KILLED_MS) await sleep(5);
    expect(performance.now() - since).toBeLessThan(KILLED_MS);
    while (pids.some(isBpftrace) && performance.now() - since < 2 * TEARDOWN_MS) await sleep(20);
    expect(pids.some(isBpftrace)).toBe(false);
    expect(performance.now() - since).toBeLessThan(TEARDOWN_MS);
    expect(patchedBytes(server.pid, file)).toBe(0);
    expect(await ask('/hello')).not.toBe('');
  },
  TIMEOUT,
);

test(
  'a script that is not for this program says so at the first hit and ends',
  async () => {
    const { stdout } = await execa(HTTPTRACE, ['script', `${server.pid}`, '--bpftrace', BPFTRACE]);
    // As another build would have it at the same place.
    const other = stdout.replace(/(\$w0 != 0 && \$w0 != 0x)[0-9a-f]+/, '$1badc0de');
    expect(other).not.toBe(stdout);
    const child = spawn(BPFTRACE, ['--unsafe', '-p', `${server.pid}`, '-'], { stdio: ['pipe', 'pipe', 'ignore'] });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.stdin.end(other);
    const closed = once(child, 'close');
    try {
      while (!said.includes('Requests of process') && child.exitCode === null) await sleep(50);
      await ask('/hello');
      const ended = await Promise.race([closed.then(() => true), sleep(10_000).then(() => false)]);
      expect(ended).toBe(true);
      expect(said).toMatch(/This is not the program that the script was made for/);
    } finally {
      child.kill('SIGKILL');
    }
  },
  TIMEOUT,
);
