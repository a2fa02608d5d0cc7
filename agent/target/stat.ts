import { tryReadProc } from './procfs.ts';

/** The members of /proc/PID/stat (proc(5)) that the agent uses. */
export interface ProcessStat {
  /** Field 3: R, S, D, Z, ... */
  readonly state: string;
  readonly parentPid: number;
  /** Field 9, bit PF_KTHREAD. */
  readonly kernelThread: boolean;
  /** Fields 14 and 15 together: CPU time, clock ticks. */
  readonly cpuTicks: number;
  /** Field 22. */
  readonly startTicks: number;
}

/** include/linux/sched.h */
const PF_KTHREAD = 0x0020_0000;

/** The command name in parentheses may hold anything, parentheses too: the fields begin after the last one. */
export function parseStat(text: string): ProcessStat | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const startTicks = Number(fields[19]);
  if (!text.includes(')') || fields.length < 20 || !Number.isSafeInteger(startTicks)) return undefined;
  return {
    state: fields[0] ?? '',
    parentPid: Number(fields[1]),
    kernelThread: (Number(fields[6]) & PF_KTHREAD) !== 0,
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    startTicks,
  };
}

/** Undefined: no such process. */
export function readStat(pid: number): ProcessStat | undefined {
  const text = tryReadProc(`/proc/${pid}/stat`, 4096);
  return text === undefined ? undefined : parseStat(text);
}

/** Whether the process has ended and only waits for its parent. */
export function isDead(stat: ProcessStat): boolean {
  return stat.state === 'Z' || stat.state === 'X' || stat.state === 'x';
}
