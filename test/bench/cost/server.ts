import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const SOURCES = 'test/servers/bench';
const TICK_US = 10_000;

export interface BenchServer {
  readonly pid: number;
  readonly executable: string;
  readonly url: string;
  /** User and system time so far, µs. */
  cpuUs(): number;
  stop(): void;
}

/** Stripped, as services are shipped. `tags`: `otelhttp` for the instrumented twin. */
export function buildBenchServer(name: string, tags = ''): string {
  const out = `${process.cwd()}/build/servers/${name}`;
  execFileSync('go', ['build', '-ldflags=-s -w', `-tags=${tags}`, '-o', out, '.'], { cwd: SOURCES, stdio: 'inherit' });
  return out;
}

/** @param env e.g. BENCH_TRACE=1: with runtime/trace switched on */
export async function startBenchServer(executable: string, env: NodeJS.ProcessEnv = {}): Promise<BenchServer> {
  const child = spawn(executable, { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, ...env } });
  const [address] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const pid = child.pid as number;
  return {
    pid,
    executable,
    url: `http://${address}/hello/bench`,
    cpuUs: () => cpuUs(pid),
    stop: () => child.kill('SIGKILL'),
  };
}

export function cpuUs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

export function residentBytes(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * 4096;
}
