/**
 * What a user waits for and what the agent takes: time to the first span, time to detach, memory, and whether
 * 20,000 requests a second pass without loss. Run as root: node test/bench/limits.bench.ts
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Httptrace } from './cost/attachments.ts';
import { atRate, saturate } from './cost/load.ts';
import { type BenchServer, buildBenchServer, residentBytes, startBenchServer } from './cost/server.ts';
import { formatTable, median } from './cost/table.ts';

/** A real server of 100 MB, where the tests have unpacked it. */
const LARGE = 'build/debian/sid/prometheus/usr/bin/prometheus';
const TRIES = 5;
/** Requests a second of which none may be lost. */
const RATE = 20_000;
const MIB = 1 << 20;

interface NdjsonLine {
  readonly type: string;
  readonly data: Record<string, unknown>;
}

const rows: string[][] = [['', 'measured', 'wanted']];
const server = await startBenchServer(buildBenchServer('bench'));
try {
  await startTimes('bench', server);
  await load(server);
} finally {
  server.stop();
}
if (existsSync(LARGE)) {
  const large = await startPrometheus();
  try {
    await startTimes('prometheus, 100 MB', large, 2);
  } finally {
    large.stop();
  }
}
process.stdout.write(`${formatTable(rows)}\n`);

/** The server is asked all the time, so the first span comes as soon as the probes stand. */
async function startTimes(name: string, target: BenchServer, wantedSeconds = 1): Promise<void> {
  const first: number[] = [];
  const detach: number[] = [];
  for (let i = 0; i < TRIES; i++) {
    const stop = new AbortController();
    const asking = ask(target.url, stop.signal);
    const startedAt = performance.now();
    const agent = new Httptrace(target);
    while (!agent.tail().includes('"type":"span"')) await delay(5);
    first.push(performance.now() - startedAt);
    stop.abort();
    await asking;
    const detachAt = performance.now();
    await agent.detach();
    detach.push(performance.now() - detachAt);
  }
  rows.push([`first span, ${name}`, `${(median(first) / 1e3).toFixed(2)} s`, `${wantedSeconds} s`]);
  rows.push([`from Ctrl-C to the end, ${name}`, `${(median(detach) / 1e3).toFixed(2)} s`, '0.5 s']);
}

async function load(target: BenchServer): Promise<void> {
  const agent = new Httptrace(target);
  await agent.attached();
  const { requestsPerSecond } = await saturate(target, 10, 64);
  const resident = residentBytes(agent.child.pid as number);
  await delay(1_500);
  const summary = await lastLine(agent);
  rows.push(['requests/s at saturation, attached', requestsPerSecond.toFixed(0), '']);
  rows.push(['left out at that rate', JSON.stringify(summary.data['lost'] ?? {}), '']);
  const rated = new Httptrace(target);
  await rated.attached();
  const { requestsPerSecond: rate } = await atRate(target, 10, RATE, 64);
  await delay(1_500);
  rows.push([
    `lost at ${rate.toFixed(0)} requests/s`,
    JSON.stringify((await lastLine(rated)).data['lost'] ?? {}),
    '{}',
  ]);
  rows.push(['agent, resident', `${(resident / MIB).toFixed(0)} MiB`, '143 MiB']);
  const usage = summary.data['cost'] as { map_bytes?: number } | undefined;
  rows.push(['BPF maps', `${((usage?.map_bytes ?? Number.NaN) / MIB).toFixed(1)} MiB`, '16 MiB']);
}

async function lastLine(agent: Httptrace): Promise<NdjsonLine> {
  agent.child.kill('SIGINT');
  while (agent.child.exitCode === null) await delay(10);
  const line = agent.tail().trimEnd().split('\n').at(-1) as string;
  await agent.detach();
  return JSON.parse(line) as NdjsonLine;
}

async function ask(url: string, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await fetch(url).then((answer) => answer.text());
    await delay(10);
  }
}

async function startPrometheus(): Promise<BenchServer> {
  const { spawn } = await import('node:child_process');
  const directory = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim();
  const config = `${directory}/prometheus.yml`;
  execFileSync('sh', ['-c', `echo 'global: {}' > ${config}`]);
  const address = '127.0.0.1:19090';
  const child = spawn(
    LARGE,
    [`--config.file=${config}`, `--storage.tsdb.path=${directory}/data`, `--web.listen-address=${address}`],
    { stdio: 'ignore' },
  );
  const url = `http://${address}/-/healthy`;
  while (
    !(await fetch(url).then(
      (answer) => answer.ok,
      () => false,
    ))
  )
    await delay(100);
  return {
    pid: child.pid as number,
    executable: LARGE,
    url,
    cpuUs: () => 0,
    stop: () => child.kill('SIGKILL'),
  };
}
