import { readFileSync } from 'node:fs';

/** USER_HZ: the unit of the times in /proc/PID/stat, the same on every Linux port we run on (proc(5)). */
const TICK_NS = 10_000_000;
const PAGE_BYTES = 4096;

/** CPU time of a process since it started, all threads, ns; undefined when it is gone. */
export function processCpuNs(pid: number): number | undefined {
  const text = tryRead(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The name in parentheses may hold anything, also parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks * TICK_NS : undefined;
}

export function processResidentBytes(pid: number): number | undefined {
  const pages = Number(tryRead(`/proc/${pid}/statm`)?.split(' ')[1]);
  return Number.isFinite(pages) ? pages * PAGE_BYTES : undefined;
}

function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
