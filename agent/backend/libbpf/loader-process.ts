import { setTimeout } from 'node:timers/promises';
import { execa, type ResultPromise } from 'execa';
import { decodeReply, decodeText, type ReplyRecord } from '../../record/decode-loader.ts';
import { FrameSplitter, type RecordSink } from '../../record/frames.ts';
import { RecordType } from '../../record/layout.ts';
import { BackendError } from '../backend.ts';

export interface LoaderOptions {
  readonly path: string;
  readonly args: readonly string[];
  /** Records that are not answers: requests, panics, processes, statistics. */
  readonly record: RecordSink;
  readonly log: (text: string) => void;
  /** It ended, asked to or not. */
  readonly ended: (how: string) => void;
}

interface Waiting {
  readonly resolve: (reply: ReplyRecord) => void;
  readonly reject: (error: Error) => void;
}

/** The loader as a process: commands in, records out. */
export class LoaderProcess {
  readonly #options: LoaderOptions;
  readonly #process: ResultPromise<typeof SPAWN_OPTIONS>;
  readonly #waiting = new Map<number, Waiting>();
  readonly #logs: string[] = [];
  #seq = 0;
  #greet: ((hello: string) => void) | undefined;

  /** What it says of itself and of this kernel, as `name=value` words. */
  readonly hello: Promise<ReadonlyMap<string, string>>;

  constructor(options: LoaderOptions) {
    this.#options = options;
    this.hello = new Promise((resolve, reject) => {
      this.#greet = (text) => resolve(new Map(text.split(' ').map((word) => splitWord(word))));
      this.#waiting.set(0, { resolve: () => undefined, reject });
    });
    this.#process = execa(options.path, [...options.args], SPAWN_OPTIONS);
    const splitter = new FrameSplitter((type, bytes, start, end) => this.#record(type, bytes, start, end));
    this.#process.stdout.on('data', (chunk: Buffer) => this.#push(splitter, chunk));
    // Its end is reported by the process itself; a broken pipe says nothing more.
    this.#process.stdin.on('error', () => undefined);
    void this.#process.then(
      (result) => this.#ended(result.signal ?? `exit code ${result.exitCode}`, result.code),
      (error: unknown) => this.#ended(String(error), undefined),
    );
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** The last words of libbpf and the verifier, oldest first. */
  get logs(): readonly string[] {
    return this.#logs;
  }

  /** Sends commands; resolves with the answer to the last one. Throws BackendError when an earlier one is refused. */
  async request(commands: readonly string[]): Promise<ReplyRecord> {
    const first = this.#seq + 1;
    const replies = commands.map(() => {
      const seq = ++this.#seq;
      return new Promise<ReplyRecord>((resolve, reject) => this.#waiting.set(seq, { resolve, reject }));
    });
    this.#process.stdin.write(commands.map((command, index) => `${first + index} ${command}\n`).join(''));
    // Only the last is answered when all is well; an answer to an earlier one is a refusal.
    const refusals = replies.slice(0, -1).map((reply) =>
      reply.then((answer) => {
        throw new BackendError(
          'loader',
          `the loader refused "${answer.text}"`,
          'Reinstall httptrace: its parts differ',
        );
      }),
    );
    try {
      return await Promise.race([replies.at(-1) as Promise<ReplyRecord>, ...refusals]);
    } finally {
      for (let seq = first; seq <= this.#seq; seq++) this.#waiting.delete(seq);
      for (const refusal of refusals) refusal.catch(() => undefined);
    }
  }

  /** For one that does not answer. The kernel takes its probes out when it is gone. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }

  async exited(): Promise<void> {
    // Its promise can stay open when it has ended early: look at the process itself, too.
    const looking = new AbortController();
    await Promise.race([this.#process.catch(() => undefined), untilGone(this.#process.pid, looking.signal)]);
    looking.abort();
  }

  #push(splitter: FrameSplitter, chunk: Buffer): void {
    try {
      splitter.push(chunk);
    } catch (error) {
      this.#options.log(`the loader's records cannot be read: ${(error as Error).message}`);
      this.kill();
    }
  }

  #record(type: number, bytes: Buffer, start: number, end: number): void {
    switch (type) {
      case RecordType.reply: {
        const reply = decodeReply(bytes, start, end);
        this.#waiting.get(reply.seq)?.resolve(reply);
        break;
      }
      case RecordType.hello:
        this.#greet?.(decodeText(bytes, start, end));
        break;
      case RecordType.log:
        this.#logs.push(decodeText(bytes, start, end));
        if (this.#logs.length > MAX_LOGS) this.#logs.shift();
        break;
      default:
        this.#options.record(type, bytes, start, end);
    }
  }

  #ended(how: string, code: string | undefined): void {
    const error =
      code === 'ENOENT' || code === 'EACCES'
        ? new BackendError('loader', `${this.#options.path} cannot be run (${code})`, 'Run `make build`, or reinstall')
        : new BackendError('loader', `httptrace-loader ended (${how})`, 'Run `httptrace doctor`');
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#options.ended(how);
  }
}

async function untilGone(pid: number | undefined, stop: AbortSignal): Promise<void> {
  while (pid !== undefined && isRunning(pid) && !stop.aborted) await setTimeout(LOOK_MS);
  // What is left in its pipe.
  if (!stop.aborted) await setTimeout(LAST_WORDS_MS);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const LOOK_MS = 20;
const LAST_WORDS_MS = 100;
const MAX_LOGS = 50;
const SPAWN_OPTIONS = {
  stdin: 'pipe',
  stdout: 'pipe',
  stderr: 'inherit',
  buffer: false,
  encoding: 'buffer',
  reject: false,
  // The loader ends with the agent by itself, also when that is killed.
  cleanup: false,
} as const;

function splitWord(word: string): [string, string] {
  const at = word.indexOf('=');
  return at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)];
}
