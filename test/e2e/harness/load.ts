import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ClientRequest } from '../judge/types.ts';
import type { Protocol } from '../matrix.ts';
import { eachLine } from './lines.ts';
import type { Server } from './server.ts';

export interface LoadOptions {
  readonly client: string;
  readonly protocol: Protocol;
  readonly address: string;
  /** A mix of test/load, or paths. */
  readonly mix: string;
  readonly connections?: number;
  readonly prefix?: string;
}

export interface LoadSummary {
  readonly requests: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly unexpected: number;
  readonly rate: number;
  readonly p50_us: number;
  readonly p99_us: number;
}

export interface LoadResult {
  readonly requests: readonly ClientRequest[];
  readonly summary: LoadSummary;
  /** What did not go as it must; empty: all did. */
  readonly problem: string;
}

/** Sends `count` requests and waits for them. */
export async function sendRequests(options: LoadOptions, count: number): Promise<LoadResult> {
  return startLoad(options, ['-count', `${count}`, '-out', '-']).finished;
}

/** Sends `count` requests of all kinds by each protocol, one after the other; ids begin with the protocol's name. */
export async function sendEverything(
  client: string,
  server: Server,
  protocols: readonly Protocol[],
  count: number,
): Promise<ReadonlyMap<Protocol, LoadResult>> {
  const sent = new Map<Protocol, LoadResult>();
  for (const protocol of protocols) {
    const address = server.addressOf(protocol);
    const options = { client, protocol, address, mix: 'everything', prefix: `${protocol}-` };
    sent.set(protocol, await sendRequests(options, count));
  }
  return sent;
}

/** Keeps the load up until it is stopped. */
export function steadyLoad(options: LoadOptions, rate: number): Load {
  return startLoad(options, ['-duration', '1h', '-rate', `${rate}`]);
}

export interface Load {
  readonly finished: Promise<LoadResult>;
  stop(): Promise<LoadResult>;
}

function startLoad(
  { client, protocol, address, mix, connections = 4, prefix = 'r' }: LoadOptions,
  how: string[],
): Load {
  const args = [
    '-protocol',
    protocol,
    '-address',
    address,
    '-mix',
    mix,
    '-prefix',
    prefix,
    '-connections',
    `${connections}`,
  ];
  const child = spawn(client, [...args, ...how], { stdio: ['ignore', 'pipe', 'pipe'] });
  const finished = resultOf(child);
  return {
    finished,
    stop: () => {
      child.kill('SIGINT');
      return finished;
    },
  };
}

async function resultOf(child: ChildProcess): Promise<LoadResult> {
  const requests: ClientRequest[] = [];
  const errors: string[] = [];
  eachLine(child.stdout!, (line) => requests.push(JSON.parse(line) as ClientRequest));
  eachLine(child.stderr!, (line) => errors.push(line));
  await once(child, 'close');
  const summary = errors.find((line) => line.startsWith('{'));
  if (summary === undefined) throw new Error(`the load client failed: ${errors.join('\n')}`);
  return {
    requests,
    summary: JSON.parse(summary) as LoadSummary,
    problem: errors.filter((line) => line !== summary).join('\n'),
  };
}
