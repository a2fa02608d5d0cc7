import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HTTPTRACE, ROOT } from '../e2e/harness/paths.ts';
import { sleep } from '../e2e/harness/run.ts';
import { buildWaits, inParallel, WaitsServer } from '../e2e/harness/waits-server.ts';

/** The script as a person runs it: `bpftrace --unsafe -p PID FILE`. */

const TIMEOUT = 120_000;
const REQUESTS = 200;
/** So long is the lock held at least, µs; the next ones wait longer. */
const HELD_US = 1500;
const LONG_NS = 1_000_000;

/** 0.17 takes milliseconds to find a name: it shows addresses. */
const CELLS = [
  { suite: 'bookworm', symbols: true, names: false },
  { suite: 'trixie', symbols: true, names: true },
  { suite: 'trixie', symbols: false, names: false },
];

describe.each(CELLS)('$suite, symbols: $symbols', ({ suite, symbols, names }) => {
  let server: WaitsServer;
  let said = '';

  beforeAll(async () => {
    execFileSync(resolve(ROOT, 'test/bpftrace.sh'), [suite], { stdio: 'inherit' });
    const bpftrace = resolve(ROOT, `build/bpftrace/${suite}/bpftrace`);
    server = await WaitsServer.start(await buildWaits('1.26', symbols ? ['-ldflags=-checklinkname=0'] : []));
    const { stdout: script } = await execa(HTTPTRACE, ['script', `${server.pid}`, '--bpftrace', bpftrace]);
    const child = spawn(bpftrace, ['--unsafe', '-p', `${server.pid}`, '-'], { stdio: ['pipe', 'pipe', 'ignore'] });
    try {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      child.stdin.end(script);
      let ended = false;
      const closed = once(child, 'close').then(() => {
        ended = true;
      });
      while (!said.includes('Requests of process') && !ended) await sleep(50);
      await inParallel(REQUESTS, 4, () => server.ask('/lock/a', { us: HELD_US }));
      while (said.split('200 GET').length <= REQUESTS && !ended) await sleep(50);
      child.kill('SIGINT');
      await closed;
    } finally {
      child.kill('SIGKILL');
    }
  }, TIMEOUT);

  afterAll(() => server?.stop());

  test('a line for each request', () => {
    const lines = said.match(/^200 GET \/lock\/a\?\S*: \d+ ns; read \d+, WriteHeader at \d+, .*; \d+ bytes$/gm);
    expect(lines).toHaveLength(REQUESTS);
  });

  test('a wait, who held the lock, and the stack that waited', () => {
    const waits = said.match(
      /^goroutine \d+ waited \d+ ns for the lock at 0x\w+, held by goroutine \d+(\n {8}\S+)+$/gm,
    );
    // A short one can be of a lock of net/http.
    const long = waits?.filter((wait) => Number(/waited (\d+)/.exec(wait)?.[1]) > LONG_NS) ?? [];
    expect(long.length).toBeGreaterThan(1);
    for (const wait of long) {
      const frames = wait.split('\n').slice(1);
      expect(frames).toHaveLength(10);
      if (names) expect(wait).toMatch(/^ {8}main\.lock\+\d+$/m);
      else expect(frames.filter((frame) => !/^ {8}0x[0-9a-f]+$/.test(frame))).toEqual([]);
    }
  });

  test('totals at the end', () => {
    expect(said).toContain(`@finished[2]: ${REQUESTS}\n`);
    expect(said).toMatch(/^@duration_us\[2\]: *\n\[/m);
    expect(said).toMatch(/^@waited_us: *\n\[/m);
    expect(said).not.toMatch(/@started/);
  });
});
