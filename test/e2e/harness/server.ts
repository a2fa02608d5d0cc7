import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerRequest } from '../judge/types.ts';
import { type Cell, type Protocol, protocolsOf } from '../matrix.ts';
import { eachLine, parseLines } from './lines.ts';

type Kind = 'tcp' | 'tls' | 'h2c' | 'unix' | 'hidden' | 'wrapped';

interface Ready {
  readonly pid: number;
  readonly go: string;
  readonly listeners: readonly { readonly kind: Kind; readonly address: string }[];
  readonly debug: string;
}

/** A running probe-me. */
export class Server {
  readonly pid: number;
  readonly executable: string;
  readonly #ready: Ready;
  readonly #child: ChildProcess;

  constructor(executable: string, child: ChildProcess, ready: Ready) {
    this.executable = executable;
    this.pid = ready.pid;
    this.#child = child;
    this.#ready = ready;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Of /debug: its requests are not part of a test. */
  get debugPort(): number {
    return Number(this.#ready.debug.split(':').at(-1));
  }

  addressOf(protocol: Protocol): string {
    const kind = protocol === 'unix' || protocol === 'h2c' ? protocol : /^(tls11|h2)$/.test(protocol) ? 'tls' : 'tcp';
    const listeners = this.#ready.listeners.filter((one) => one.kind === kind);
    // One protocol uses the second plain listener: there are several.
    const listener = protocol === 'h10' ? listeners.at(-1) : listeners[0];
    if (!listener) throw new Error(`this server does not listen for ${protocol}`);
    return listener.address;
  }

  /** Of the listener whose connections do not show their socket. */
  get hiddenAddress(): string {
    return this.#ready.listeners.find(({ kind }) => kind === 'hidden')!.address;
  }

  /** Of the listener whose connections are wrapped twice. */
  get wrappedAddress(): string {
    return this.#ready.listeners.find(({ kind }) => kind === 'wrapped')!.address;
  }

  async requests(): Promise<ServerRequest[]> {
    const response = await fetch(`http://${this.#ready.debug}/debug/requests`);
    return parseLines<ServerRequest>(await response.text());
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.isRunning) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exited;
  }
}

/** Starts a cell's server with a listener for each of its protocols; resolves when all are open. */
export async function startServer(executable: string, cell: Cell, more: readonly string[] = []): Promise<Server> {
  const any = '127.0.0.1:0';
  const args = [
    '-tcp',
    `${any},${any}`,
    '-tls',
    any,
    '-unix',
    join(tmpdir(), `probe-me-${process.pid}-${counter()}.sock`),
    '-hidden',
    any,
    '-wrapped',
    any,
  ];
  args.push(...more);
  if (protocolsOf(cell).includes('h2c')) args.push('-h2c', any);
  // Preferred by the scheduler: other work on the machine shall not come between its clock and ours.
  const child = spawn('nice', ['-n', '-15', executable, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ready = await new Promise<Ready>((resolve, reject) => {
    eachLine(child.stdout, (line) => resolve(JSON.parse(line) as Ready));
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`${executable} ended: ${code ?? signal}`)));
  });
  return new Server(executable, child, ready);
}

const counter = (() => {
  let last = 0;
  return () => ++last;
})();
