import { accessSync, constants } from 'node:fs';
import { containerIdFromCgroup } from './cgroup.ts';
import { TargetError } from './error.ts';
import { loadBias, readFirstLoad } from './load-bias.ts';
import type { TargetProcess } from './process.ts';
import { errorCode, readProc, tryReadLink, tryReadProc } from './procfs.ts';
import { isDead, readStat } from './stat.ts';

const COMMAND_BYTES = 16_384;
const CGROUP_BYTES = 65_536;
/** A Go server has some hundreds of mappings; the executable's are among the first. */
const MAPS_BYTES = 4 << 20;

/**
 * What /proc says of a process, as one consistent picture: the start time is read before and after.
 * @param expectedStartTicks the start time at which the caller knew the pid; another one is `reused`
 * @throws TargetError
 */
export function describeProcess(pid: number, expectedStartTicks?: number): TargetProcess {
  const stat = readStat(pid);
  if (stat === undefined || isDead(stat)) throw gone(pid);
  if (expectedStartTicks !== undefined && stat.startTicks !== expectedStartTicks) throw reused(pid);
  if (stat.kernelThread) {
    throw new TargetError(
      'kernel_thread',
      `process ${pid} is a kernel thread`,
      'Run `httptrace ps` to see Go processes',
    );
  }

  const exePath = `/proc/${pid}/exe`;
  const executable = readExecutable(pid, exePath);
  const bias = readLoadBias(pid, exePath, executable);
  const process: TargetProcess = {
    pid,
    startTicks: stat.startTicks,
    executable: executable.replace(/ \(deleted\)$/, ''),
    exePath,
    command: readCommand(pid),
    containerId: containerIdFromCgroup(tryReadProc(`/proc/${pid}/cgroup`, CGROUP_BYTES) ?? ''),
    loadBias: bias,
  };
  assertSameProcess(process);
  return process;
}

/**
 * Checks that the pid still names this process.
 * @throws TargetError `gone` or `reused`
 */
export function assertSameProcess(process: Pick<TargetProcess, 'pid' | 'startTicks'>): void {
  const stat = readStat(process.pid);
  if (stat === undefined || isDead(stat)) throw gone(process.pid);
  if (stat.startTicks !== process.startTicks) throw reused(process.pid);
}

/** The arguments, as the process shows them now: it may have overwritten them. */
function readCommand(pid: number): string[] {
  const text = tryReadProc(`/proc/${pid}/cmdline`, COMMAND_BYTES) ?? '';
  const utf8 = Buffer.from(text, 'latin1').toString('utf8');
  return utf8.replace(/\0+$/, '').split('\0');
}

function readExecutable(pid: number, exePath: string): string {
  const link = tryReadLink(exePath);
  try {
    accessSync(exePath, constants.R_OK);
  } catch (error) {
    throw unreadable(pid, error);
  }
  if (link === undefined) throw gone(pid);
  return link;
}

function readLoadBias(pid: number, exePath: string, executable: string): number {
  try {
    const load = readFirstLoad(exePath);
    if (load === undefined || !load.relocatable) return 0;
    const bias = loadBias(readProc(`/proc/${pid}/maps`, MAPS_BYTES), executable, load);
    if (bias !== undefined) return bias;
  } catch (error) {
    throw unreadable(pid, error);
  }
  throw new TargetError(
    'sandboxed',
    `process ${pid} does not have its executable mapped`,
    'It may be a sandbox that runs the program on its own; attach inside the sandbox instead',
  );
}

function unreadable(pid: number, cause: unknown): TargetError {
  const code = errorCode(cause);
  if (readStat(pid) === undefined || code === 'ESRCH') return gone(pid, cause);
  const denied = code === 'EACCES' || code === 'EPERM';
  if (denied && globalThis.process.geteuid?.() !== 0) {
    return new TargetError(
      'permission',
      `process ${pid} belongs to another user, or may not be inspected`,
      'Run the command with sudo, or give it CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH',
      { cause },
    );
  }
  return new TargetError(
    'sandboxed',
    `the executable of process ${pid} cannot be read${code === '' ? '' : ` (${code})`}`,
    'A sandbox or a security module hides it; run `httptrace doctor`, or run the agent outside of its own container',
    { cause },
  );
}

function gone(pid: number, cause?: unknown): TargetError {
  return new TargetError('gone', `there is no process ${pid}`, 'Run `httptrace ps` to see Go processes', { cause });
}

function reused(pid: number): TargetError {
  return new TargetError(
    'reused',
    `process ${pid} ended and its pid now belongs to another process`,
    'Run `httptrace ps` and select the process again',
  );
}
