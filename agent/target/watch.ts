import type { TargetSelector } from '../options.ts';
import { describeProcess } from './describe.ts';
import { listProcess } from './list.ts';
import type { TargetProcess } from './process.ts';
import { listPids, tryReadLink } from './procfs.ts';
import type { ReadProgram } from './program.ts';
import { matchesSelector } from './select.ts';
import { PortTable } from './sockets.ts';
import { readStat } from './stat.ts';

export interface WatchOptions {
  readonly selectors: readonly TargetSelector[];
  readonly readProgram: ReadProgram;
  /** Processes that are known already and not reported. */
  readonly known: readonly Pick<TargetProcess, 'pid' | 'startTicks'>[];
}

/**
 * Finds each process that starts to match a selector: a restart, a child, one that runs another executable by
 * now, one that begins to listen. Polls /proc; the kernel's exec records are quicker where they are there.
 * A process that vanishes while it is looked at is left out. Remembers no more than the processes that run.
 */
export class ProcessWatcher {
  readonly #options: Pick<WatchOptions, 'selectors' | 'readProgram'>;
  readonly #reported: Set<string>;
  /** By pid: start time and executable at the last look. */
  #seen = new Map<number, string>();

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#reported = new Set(options.known.map(identity));
  }

  /** The processes that match now and did not before. */
  poll(): TargetProcess[] {
    const byPort = this.#options.selectors.some((selector) => selector.kind === 'port');
    const seen = new Map<number, string>();
    const found: TargetProcess[] = [];
    const ports = new PortTable();
    const living = new Set<string>();
    for (const pid of listPids()) {
      const executable = tryReadLink(`/proc/${pid}/exe`);
      const stat = executable === undefined ? undefined : readStat(pid);
      if (stat === undefined) continue;
      const key = identity({ pid, startTicks: stat.startTicks });
      const state = `${stat.startTicks} ${executable}`;
      living.add(key);
      seen.set(pid, state);
      // Who has a name keeps it; a port may be opened at any later time.
      if (this.#reported.has(key) || (this.#seen.get(pid) === state && !byPort)) continue;
      const process = this.#match(pid, ports);
      if (process === undefined) continue;
      this.#reported.add(key);
      found.push(process);
    }
    this.#seen = seen;
    for (const key of this.#reported) if (!living.has(key)) this.#reported.delete(key);
    return found;
  }

  #match(pid: number, ports: PortTable): TargetProcess | undefined {
    const listed = listProcess(pid, this.#options.readProgram);
    if (listed?.program === undefined) return undefined;
    if (!this.#options.selectors.some((selector) => matchesSelector(listed, selector, ports))) return undefined;
    try {
      return describeProcess(pid, listed.startTicks);
    } catch {
      return undefined;
    }
  }
}

function identity(process: Pick<TargetProcess, 'pid' | 'startTicks'>): string {
  return `${process.pid}:${process.startTicks}`;
}
