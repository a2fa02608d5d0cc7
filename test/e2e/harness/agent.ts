import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { Span, Summary } from '../judge/types.ts';
import { eachLine } from './lines.ts';
import { HTTPTRACE } from './paths.ts';
import { sleep } from './run.ts';

interface Line {
  readonly type: string;
  readonly schema?: string;
  readonly data: unknown;
}

/** `data` of a `goroutines` line (docs/ndjson.md). */
export interface GoroutineLine {
  readonly total: number;
  readonly complete: boolean;
  readonly sites: readonly {
    readonly function: string;
    readonly file: string;
    readonly line: number;
    readonly alive: number;
    readonly of_requests?: number;
    readonly outlived?: number;
    readonly growth: number;
  }[];
}

/** `httptrace attach`, as a user runs it. */
export class Agent {
  readonly spans: Span[] = [];
  readonly warnings: string[] = [];
  /** Lines of standard output that are not JSON: there must be none. */
  readonly garbage: string[] = [];
  stderr = '';
  /** Reports on all goroutines, one a second. */
  readonly goroutines: GoroutineLine[] = [];
  session: unknown;
  summary: Summary | undefined;
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;

  constructor(pid: number, args: readonly string[] = []) {
    this.#child = spawn(HTTPTRACE, ['attach', `${pid}`, '-o', 'json', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    eachLine(this.#child.stdout!, (line) => this.#take(line));
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.#closed = once(this.#child, 'close');
  }

  /** Roles that the plan says are not watched in all places. */
  get unwatched(): ReadonlySet<string> {
    const { targets } = this.session as { targets: readonly { unavailable: readonly { what: string }[] }[] };
    return new Set(targets.flatMap(({ unavailable }) => unavailable.map(({ what }) => what)));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** 0 to 255, or -1 for an end by a signal; undefined: it runs. */
  get exitCode(): number | undefined {
    return this.#child.exitCode ?? (this.#child.signalCode === null ? undefined : -1);
  }

  /** The probes are armed: the session line is written then. */
  async attached(): Promise<void> {
    await this.until(() => this.session !== undefined, 'it is attached');
  }

  /** Waits for `count` of the spans that are asked for, or until none has come for `quietMs`. */
  async collect(count: number, matches: (span: Span) => boolean = () => true, quietMs = 3000): Promise<void> {
    let seen = -1;
    let since = Date.now();
    while (this.exitCode === undefined) {
      const found = this.spans.filter(matches).length;
      if (found > seen) {
        seen = found;
        since = Date.now();
      }
      if (found >= count || Date.now() - since > quietMs) return;
      await sleep(50);
    }
  }

  /** Ctrl-C. Returns the exit code. */
  async detach(): Promise<number> {
    this.#child.kill('SIGINT');
    return this.exited();
  }

  async exited(): Promise<number> {
    await this.#closed;
    return this.exitCode!;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }

  /** Of httptrace-loader, the child that holds the probes. */
  get loaderPid(): number | undefined {
    return descendants(this.pid).find((pid) => nameOf(pid).startsWith('httptrace-load'));
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    while (!condition()) {
      if (this.exitCode !== undefined)
        throw new Error(`httptrace ended with ${this.exitCode} before ${what}:\n${this.stderr}`);
      await sleep(20);
    }
  }

  #take(text: string): void {
    let line: Line;
    try {
      line = JSON.parse(text) as Line;
    } catch {
      this.garbage.push(text);
      return;
    }
    if (line.type === 'session') this.session = line.data;
    else if (line.type === 'span') this.spans.push(line.data as Span);
    else if (line.type === 'goroutines') this.goroutines.push(line.data as GoroutineLine);
    else if (line.type === 'summary') this.summary = line.data as Summary;
    else if (line.type === 'warning') this.warnings.push((line.data as { text: string }).text);
  }
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

function descendants(root: number): number[] {
  const found: number[] = [];
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It ended meanwhile.
    }
  }
  for (const pid of parents.keys()) {
    for (let up = parents.get(pid); up !== undefined && up > 1; up = parents.get(up)) {
      if (up === root) found.push(pid);
    }
  }
  return found;
}
