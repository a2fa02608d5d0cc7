import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { attachCommands } from '../../../agent/backend/libbpf/commands.ts';
import { LoaderProcess } from '../../../agent/backend/libbpf/loader-process.ts';
import type { GoBinary } from '../../../agent/gobinary/binary.ts';
import { openGoBinary } from '../../../agent/gobinary/open.ts';
import { amd64Disassembler } from '../../../agent/probe/disassembler-amd64.ts';
import { planProbes } from '../../../agent/probe/planner.ts';
import { prologueSite } from '../../../agent/probe/prologue.ts';
import { hasSite } from '../../../agent/probe/site.ts';
import { describeProcess } from '../../../agent/target/describe.ts';
import { type BenchServer, cpuUs } from './server.ts';

const LOADER = 'dist/httptrace-loader';
const TAIL_BYTES = 64 << 10;
const SERVE = 'net/http.serverHandler.ServeHTTP';
const WRITE_HEADER = 'net/http.(*response).WriteHeader';

/** Something that is attached to a server while it is measured. */
export interface Attachment {
  /** CPU of what was started, its children too, so far, µs. */
  cpuUs?(): number;
  /** Resolves when it has shown one. */
  firstSpan?(): Promise<void>;
  /** Requests that it showed, once it is detached. */
  spans?(): number;
  detach(): Promise<void>;
}

/** The product as a user runs it, writing every span as JSON to a file. */
/** Output goes to memory where that is possible: a gigabyte of lines a run would measure the disk. */
const MEMORY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export class Httptrace implements Attachment {
  readonly child: ChildProcess;
  readonly #file: string;
  #spans = 0;

  constructor(server: BenchServer, flags: readonly string[] = []) {
    this.#file = join(mkdtempSync(join(MEMORY, 'httptrace-bench-')), 'spans.ndjson');
    const out = openSync(this.#file, 'w');
    this.child = spawn('dist/httptrace', ['attach', String(server.pid), '-o', 'json', ...flags], {
      stdio: ['ignore', out, 'inherit'],
    });
    closeSync(out);
  }

  /** Resolves when the first line is written: the probes are in place. */
  async attached(): Promise<void> {
    while (statSync(this.#file).size === 0) {
      if (this.child.exitCode !== null) throw new Error(`httptrace ended with exit code ${this.child.exitCode}`);
      await delay(5);
    }
  }

  async firstSpan(): Promise<void> {
    const file = openSync(this.#file, 'r');
    const buffer = Buffer.alloc(TAIL_BYTES);
    try {
      while (this.child.exitCode === null) {
        const size = readSync(file, buffer, 0, TAIL_BYTES, 0);
        if (buffer.toString('utf8', 0, size).includes('"type":"span"')) return;
        await delay(5);
      }
      throw new Error('httptrace ended before it showed a request');
    } finally {
      closeSync(file);
    }
  }

  /** The last of what it wrote so far: at full load that is gigabytes. */
  tail(): string {
    const file = openSync(this.#file, 'r');
    try {
      const buffer = Buffer.alloc(TAIL_BYTES);
      const from = Math.max(0, fstatSync(file).size - TAIL_BYTES);
      return buffer.toString('utf8', 0, readSync(file, buffer, 0, TAIL_BYTES, from));
    } finally {
      closeSync(file);
    }
  }

  /** Detaches; the lines that it ends with, by type (docs/ndjson.md). */
  async reports(): Promise<Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>> {
    const exit = once(this.child, 'exit');
    this.child.kill('SIGINT');
    await exit;
    const lines = this.tail().trimEnd().split('\n').slice(1);
    await this.detach();
    const found = lines.map((line) => JSON.parse(line) as { type: string; data: Record<string, unknown> });
    return Object.fromEntries(found.map(({ type, data }) => [type, data]));
  }

  cpuUs(): number {
    return [this.child.pid as number, ...childrenOf(this.child.pid as number)].reduce(
      (sum, pid) => sum + cpuUs(pid),
      0,
    );
  }

  spans(): number {
    return this.#spans;
  }

  async detach(): Promise<void> {
    if (this.child.exitCode === null) {
      const exit = once(this.child, 'exit');
      this.child.kill('SIGINT');
      await exit;
    }
    this.#spans = Number(/"type":"summary".*?"shown":(\d+)/.exec(this.tail())?.[1] ?? 0);
    rmSync(dirname(this.#file), { recursive: true });
  }
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').filter(Boolean).map(Number);
}

/** Empty programs at given places: the price of the trap alone. */
export async function emptyProbes(server: BenchServer, sites: (binary: GoBinary) => number[]): Promise<Attachment> {
  const binary = openGoBinary(server.executable);
  const offsets = sites(binary).map((address) => binary.fileOffset(address) as number);
  const plan = { ...planProbes(binary), probes: [] };
  binary.close();
  const loader = new LoaderProcess({
    path: LOADER,
    args: ['--bare'],
    record: () => undefined,
    log: (text) => process.stderr.write(`${text}\n`),
    ended: () => undefined,
  });
  await loader.hello;
  const commands = attachCommands(describeProcess(server.pid), plan, {
    headers: [],
    sampleRatio: 1,
    minDurationNs: 0,
  });
  const attach = commands.pop() as string;
  const reply = await loader.request([...commands, ...offsets.map((offset) => `probe calibrate ${offset}`), attach]);
  if (reply.error !== 0) throw new Error(`the loader refused: ${reply.error} ${reply.text}`);
  return {
    async detach() {
      await loader.request(['quit']).catch(() => undefined);
      await loader.exited();
    },
  };
}

/** `push` after the stack check of a function. */
export function pushOf(binary: GoBinary, name: string): number[] {
  const fn = binary.find(name);
  const choice = fn && prologueSite(binary, fn, amd64Disassembler().decode(binary.code(fn), fn.start));
  if (!choice || !hasSite(choice) || choice.site.kind !== 'push') throw new Error(`${name} has no push to measure at`);
  return [choice.site.instruction.address];
}

/** `push` after the stack check, once a request: the unit. */
export function unitSite(binary: GoBinary): number[] {
  const probe = planProbes(binary).probes.find(({ role }) => role === 'http1_serve');
  if (probe?.site !== 'push') throw new Error('ServeHTTP has no push to measure the unit at');
  return [probe.address];
}

const ONCE_A_REQUEST = ['http1_serve', 'http1_write_header', 'http1_finish'];

/** Three such sites: the second and the third cost less each, because what the first one needs is in the caches then. */
export function threeSites(binary: GoBinary): number[] {
  const probes = planProbes(binary).probes.filter(({ role, site }) => ONCE_A_REQUEST.includes(role) && site === 'push');
  if (probes.length !== ONCE_A_REQUEST.length) throw new Error('this server has too few pushes to measure at');
  return probes.map(({ address }) => address);
}

/** What a first attempt would do: two entries and every return of ServeHTTP, all of them single-stepped. */
export function naiveSites(binary: GoBinary): number[] {
  const serve = binary.find(SERVE);
  const writeHeader = binary.find(WRITE_HEADER);
  if (!serve || !writeHeader) throw new Error('not an HTTP server');
  const { instructions } = amd64Disassembler().decode(binary.code(serve), serve.start);
  const returns = instructions.filter(({ flow }) => flow === 'return').map(({ address }) => address);
  return [serve.start, writeHeader.start, ...returns];
}
