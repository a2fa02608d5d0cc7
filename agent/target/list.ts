import { listPids, tryReadLink } from './procfs.ts';
import type { GoProgram, ReadProgram } from './program.ts';
import { isDead, readStat } from './stat.ts';

/** A process in a list: cheap to make, not yet known to be attachable. */
export interface ListedProcess {
  readonly pid: number;
  readonly startTicks: number;
  /** Undefined: this user may not see it. */
  readonly executable: string | undefined;
  readonly program: GoProgram | undefined;
}

/** All processes with an executable, by pid. Kernel threads and processes that ended are left out. */
export function listProcesses(readProgram: ReadProgram): ListedProcess[] {
  return listPids().flatMap((pid) => listProcess(pid, readProgram) ?? []);
}

/** One of them; undefined where it has ended or has no executable. */
export function listProcess(pid: number, readProgram: ReadProgram): ListedProcess | undefined {
  const stat = readStat(pid);
  if (stat === undefined || stat.kernelThread || isDead(stat)) return undefined;
  const executable = tryReadLink(`/proc/${pid}/exe`)?.replace(/ \(deleted\)$/, '');
  const program = executable === undefined ? undefined : readProgram(`/proc/${pid}/exe`);
  return { pid, startTicks: stat.startTicks, executable, program };
}
