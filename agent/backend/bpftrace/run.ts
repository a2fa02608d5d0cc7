import { execa } from 'execa';
import { LineSplitter } from './lines.ts';
import { type Message, parseMessage } from './message.ts';
import { MEMLOCK_NOISE } from './trial.ts';

export interface RunOptions {
  readonly path: string;
  /** Written before it, so that it does not outlive the agent (trial.ts). */
  readonly guard: readonly string[];
  readonly script: string;
  readonly pid: number;
  readonly mapKeys: number;
  readonly message: (message: Message) => void;
  /** A line of standard output that is no message of bpftrace. */
  readonly malformed: () => void;
  /** A line of standard error. */
  readonly said: (line: string) => void;
}

const MAX_STDERR = 64 << 10;
/** Pages a CPU of the buffer that lines leave the kernel through. */
const BUFFER_PAGES = 1024;

/** One bpftrace with one script: JSON lines out. */
export class BpftraceRun {
  readonly #process: ReturnType<typeof spawn>;
  #stderr = '';

  /** How it ended, e.g. `exit code 1`. */
  readonly ended: Promise<string>;

  constructor(options: RunOptions) {
    this.#process = spawn(options);
    const out = new LineSplitter((line) => {
      const message = parseMessage(line);
      if (message === undefined) options.malformed();
      else options.message(message);
    }, options.malformed);
    const errors = new LineSplitter(
      (line) => {
        if (this.#stderr.length < MAX_STDERR) this.#stderr += `${line}\n`;
        if (!MEMLOCK_NOISE.test(line)) options.said(line);
      },
      () => undefined,
    );
    this.#process.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    this.#process.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    // It may end before it has read the script; its end says more than a broken pipe.
    this.#process.stdin.on('error', () => undefined);
    this.#process.stdin.end(options.script);
    this.ended = this.#process.then(
      (result) => {
        out.end();
        errors.end();
        return (
          result.signal ??
          (result.exitCode === undefined ? String(result.shortMessage) : `exit code ${result.exitCode}`)
        );
      },
      (error: unknown) => String(error),
    );
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** The first part of what it wrote to standard error. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Ctrl-C: it takes its probes out and prints its maps. One that does not end is killed. */
  async stop(timeoutMs: number): Promise<void> {
    this.#process.kill('SIGINT');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), timeoutMs);
    await this.ended;
    clearTimeout(timer);
  }
}

function spawn({ path, guard, pid, mapKeys }: RunOptions) {
  const [file = path, ...args] = [...guard, path, '-f', 'json', '--unsafe', '-p', `${pid}`, '-', '1'];
  return execa(file, args, {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: false,
    encoding: 'buffer',
    reject: false,
    // Ctrl-C reaches the whole group of a terminal: it must not end before it is asked to.
    detached: true,
    // Older and newer names of the same settings. Strings are cut into pieces that fit into 64 bytes.
    env: {
      BPFTRACE_STRLEN: '64',
      BPFTRACE_MAX_STRLEN: '64',
      BPFTRACE_MAP_KEYS_MAX: `${mapKeys}`,
      BPFTRACE_MAX_MAP_KEYS: `${mapKeys}`,
      BPFTRACE_PERF_RB_PAGES: `${BUFFER_PAGES}`,
      BPFTRACE_COLOR: 'never',
      BPFTRACE_STR_TRUNC_TRAILER: '',
    },
  });
}
