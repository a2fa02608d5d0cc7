import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { get, Agent as HttpAgent } from 'node:http';
import { join } from 'node:path';
import { type GoVersion, minorOf } from '../matrix.ts';
import { eachLine } from './lines.ts';
import { BUILD, goCommand, SERVERS } from './paths.ts';
import { run } from './run.ts';

/** Nanoseconds since the server started. */
export interface Period {
  readonly lock: string;
  readonly start: number;
  readonly end: number;
}

/** What a handler of test/servers/waits saw of itself. */
export interface Journal {
  readonly rid: string;
  readonly path: string;
  readonly waits: readonly Period[] | null;
  readonly holds: readonly Period[] | null;
}

export type Figures = Readonly<Record<string, number>>;

/** Builds test/servers/waits, stripped. */
export async function buildWaits(
  go: GoVersion,
  flags: readonly string[] = [],
  { cgo = false }: { readonly cgo?: boolean } = {},
): Promise<string> {
  const out = join(BUILD, 'servers', `waits-go${go}${flags.length === 0 ? '' : '-other'}${cgo ? '-cgo' : ''}`);
  const sources = join(SERVERS, 'waits');
  mkdirSync(join(BUILD, 'servers'), { recursive: true });
  const modfile = join(BUILD, 'servers', `waits-go${go}.mod`);
  writeFileSync(modfile, readFileSync(join(sources, 'go.mod'), 'utf8').replace(/^go .*$/m, `go ${go}`));
  const env = { GOTOOLCHAIN: 'local', GOFLAGS: '-buildvcs=false', GO111MODULE: 'on', CGO_ENABLED: cgo ? '1' : '0' };
  await run(
    goCommand(go),
    ['build', `-ldflags=${['-s -w', ...linkerFlags(go)].join(' ')}`, ...flags, `-modfile=${modfile}`, '-o', out, '.'],
    {
      cwd: sources,
      env,
    },
  );
  return out;
}

/** The server reaches into the runtime (track.go). */
function linkerFlags(go: GoVersion): readonly string[] {
  return minorOf(go) >= 23 ? ['-checklinkname=0'] : [];
}

/** A running test/servers/waits. */
export class WaitsServer {
  readonly pid: number;
  readonly journals = new Map<string, Journal>();
  readonly #address: string;
  readonly #child: ChildProcess;
  readonly #connections = new HttpAgent({ keepAlive: true, maxSockets: 64 });
  #requests = 0;

  private constructor(child: ChildProcess, pid: number, address: string) {
    this.#child = child;
    this.pid = pid;
    this.#address = address;
  }

  static async start(executable: string, env: NodeJS.ProcessEnv = {}): Promise<WaitsServer> {
    const child = spawn(executable, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
    return new Promise((resolve, reject) => {
      let server: WaitsServer | undefined;
      child.once('error', reject);
      eachLine(child.stdout, (line) => {
        const parsed = JSON.parse(line);
        if (server !== undefined) {
          server.journals.set(parsed.rid, parsed);
          return;
        }
        server = new WaitsServer(child, parsed.pid, parsed.address);
        resolve(server);
      });
    });
  }

  /** Asks for a path with a query; returns the request's id. */
  async ask(path: string, query: Readonly<Record<string, string | number>> = {}): Promise<string> {
    const rid = `w${++this.#requests}`;
    await this.#get(`${path}?${new URLSearchParams({ ...query, rid } as Record<string, string>)}`);
    return rid;
  }

  /** What the Go runtime says of itself. */
  async figures(): Promise<Figures> {
    return JSON.parse(await this.#get('/figures')) as Figures;
  }

  stop(): void {
    this.#connections.destroy();
    this.#child.kill('SIGKILL');
  }

  #get(path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      get(`http://${this.#address}${path}`, { agent: this.#connections }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve(text));
      }).on('error', reject);
    });
  }
}

/** Runs `count` tasks, at most `width` at a time. */
export async function inParallel(
  count: number,
  width: number,
  task: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
