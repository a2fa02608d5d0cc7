import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { BenchServer } from './server.ts';

export interface LoadResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** CPU time of the server for each request, µs. */
  readonly cpuUsPerRequest: number;
}

const HEADERS = ['traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'User-Agent: bench'].flatMap(
  (header) => ['-H', header],
);

/** Keep-alive HTTP/1.1 at a constant rate, requests a second. */
export async function atRate(
  server: BenchServer,
  seconds: number,
  rate: number,
  connections = 16,
): Promise<LoadResult> {
  const before = server.cpuUs();
  const { stdout } = await promisify(execFile)('h2load', [
    '--h1',
    '-t1',
    `-c${connections}`,
    `--rps=${rate / connections}`,
    '-D',
    `${seconds}`,
    ...HEADERS,
    server.url,
  ]);
  const cpu = server.cpuUs() - before;
  const requests = Number(/(\d+) 2xx/.exec(stdout)?.[1]);
  if (!requests) throw new Error(`h2load said:\n${stdout}`);
  return { requests, requestsPerSecond: requests / seconds, cpuUsPerRequest: cpu / requests };
}

/** Keep-alive HTTP/1.1 as fast as it goes. */
/** @param path instead of the plain route */
export async function saturate(
  server: BenchServer,
  seconds: number,
  connections = 16,
  path = '/hello/bench',
): Promise<LoadResult> {
  const before = server.cpuUs();
  const { stdout } = await promisify(execFile)('wrk', [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    ...HEADERS,
    new URL(path, server.url).href,
  ]);
  const cpu = server.cpuUs() - before;
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  const requestsPerSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
  if (!requests) throw new Error(`wrk said:\n${stdout}`);
  return { requests, requestsPerSecond, cpuUsPerRequest: cpu / requests };
}
