import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { GoBinary } from '../../../agent/gobinary/binary.ts';
import { openGoBinary } from '../../../agent/gobinary/open.ts';
import { eachLine } from './lines.ts';
import { BUILD } from './paths.ts';

const BPFTRACE = join(BUILD, 'bpftrace/trixie/bpftrace');
/** Sleeps by futex(2). */
export interface Sleeps {
  readonly count: number;
  readonly total: number;
}

/** By who called futex(2): locks of the runtime, notes (threads with nothing to do), and what is no Go code. */
export interface Witnessed {
  readonly locks: Sleeps;
  readonly notes: Sleeps;
  readonly others: Sleeps;
}

/**
 * Knows a wait by its stack alone. A call that finds its lock given back already (EAGAIN, 11) did not sleep; one that a
 * signal interrupts (ERESTARTSYS, 512) is made again.
 */
const script = (pid: number): string => `
BEGIN { printf("ready\\n"); }
tracepoint:syscalls:sys_enter_futex /pid == ${pid} && (args->op & 127) == 0/ { @since[tid] = nsecs; }
tracepoint:syscalls:sys_exit_futex /@since[tid]/ {
  $ns = nsecs - @since[tid];
  delete(@since[tid]);
  if (args->ret != -11) { @total[ustack(raw, 4)] = sum($ns); }
  if (args->ret == -512) {
    @again[tid] = 1;
  } else {
    if (args->ret != -11 || @again[tid]) { @count[ustack(raw, 4)] = count(); }
    delete(@again[tid]);
  }
}
END { clear(@since); clear(@again); }`;

/** A second pair of eyes on the same system calls: bpftrace. */
export class FutexWitness {
  readonly #child: ChildProcess;
  readonly #binary: GoBinary;
  /** By stack. */
  readonly #total = new Map<string, number>();
  readonly #count = new Map<string, number>();
  readonly ready: Promise<void>;

  /** @param executable whose code is where it is linked to */
  constructor(pid: number, executable: string) {
    this.#binary = openGoBinary(executable);
    this.#child = spawn(BPFTRACE, ['-f', 'json', '-e', script(pid)], { stdio: ['ignore', 'pipe', 'ignore'] });
    this.ready = new Promise((resolve, reject) => {
      eachLine(this.#child.stdout!, (line) => {
        if (!line.startsWith('{')) return;
        const { type, data } = JSON.parse(line);
        if (type === 'printf') resolve();
        if (type === 'map') this.#take(data);
      });
      this.#child.once('error', reject);
      this.#child.once('exit', () => reject(new Error('bpftrace ended')));
    });
  }

  async end(): Promise<Witnessed> {
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGINT');
    await closed;
    const sums = { locks: { count: 0, total: 0 }, notes: { count: 0, total: 0 }, others: { count: 0, total: 0 } };
    for (const [stack, total] of this.#total) sums[this.#kindOf(stack)].total += total;
    for (const [stack, count] of this.#count) sums[this.#kindOf(stack)].count += count;
    this.#binary.close();
    return sums;
  }

  #take(map: Readonly<Record<string, Readonly<Record<string, number>>>>): void {
    for (const [stack, total] of Object.entries(map['@total'] ?? {})) this.#total.set(stack, total);
    for (const [stack, count] of Object.entries(map['@count'] ?? {})) this.#count.set(stack, count);
  }

  #kindOf(stack: string): keyof Witnessed {
    const addresses = [...stack.matchAll(/[0-9a-f]+/g)].map(([hex]) => Number.parseInt(hex, 16));
    const names = addresses.flatMap((address) => this.#binary.frames(address).map((frame) => frame.function));
    if (names[0] !== 'runtime.futex') return 'others';
    return names.includes('runtime.lock2') ? 'locks' : 'notes';
  }
}
