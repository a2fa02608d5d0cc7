import { existsSync } from 'node:fs';
import { access, constants, copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { BackendError } from '../backend.ts';
import type { Dialect } from './dialect.ts';

const TIMEOUT_MS = 20_000;
const MAX_OUTPUT = 1 << 20;
export const TRACEFS = '/sys/kernel/tracing';
/** What is wrong where nothing else is said: it fails for every user alike. */
export const MEMLOCK_NOISE = /couldn't set RLIMIT_MEMLOCK/;

/** The first bpftrace in PATH, or what HTTPTRACE_BPFTRACE names; undefined: none. */
export async function findBpftrace(
  given: string | undefined,
  path = process.env['PATH'] ?? '',
): Promise<string | undefined> {
  if (given !== undefined) return given;
  for (const folder of path.split(delimiter)) {
    const file = join(folder === '' ? '.' : folder, 'bpftrace');
    try {
      await access(file, constants.X_OK);
      return file;
    } catch {
      // Not there.
    }
  }
  return undefined;
}

/** E.g. `bpftrace v0.17.0`. Throws BackendError where it does not run. */
export async function bpftraceVersion(path: string): Promise<string> {
  const { stdout, failed } = await run(path, ['--version']);
  if (failed || !stdout.startsWith('bpftrace')) {
    throw new BackendError('loader', `${path} does not run`, 'Install bpftrace, or name another one with --bpftrace');
  }
  return stdout.split('\n', 1)[0] ?? '';
}

/** Mounts tracefs where it is missing: tracepoints need it, and many machines do not have it at boot. */
export async function ensureTracefs(): Promise<void> {
  if (hasTracefs()) return;
  await run('mount', ['-t', 'tracefs', 'tracefs', TRACEFS]);
  if (hasTracefs()) return;
  throw new BackendError(
    'permission',
    'tracefs is not mounted, and bpftrace needs it for tracepoints',
    `As root: mount -t tracefs tracefs ${TRACEFS}`,
  );
}

export function hasTracefs(): boolean {
  return existsSync(join(TRACEFS, 'events')) || existsSync('/sys/kernel/debug/tracing/events');
}

/** Runs small scripts to see how this bpftrace reads ours. Throws BackendError where it cannot trace at all. */
export async function tryDialect(path: string): Promise<Dialect> {
  // Each of them lacks one thing more.
  const tries = [
    { monotonic: true, cachesSymbols: true },
    { monotonic: true, cachesSymbols: false },
    { monotonic: false, cachesSymbols: false },
  ];
  let error = '';
  for (const dialect of tries) {
    const result = await trial(path, dialect);
    if (result.answer !== undefined) return { ...dialect, strCountsNul: result.answer === '/' };
    error = result.error;
  }
  throw trialError(path, error);
}

/** The first two characters of a path that /bin/true opens; or one, where a NUL is counted. */
async function trial(
  path: string,
  { monotonic, cachesSymbols }: Omit<Dialect, 'strCountsNul'>,
): Promise<{ answer: string | undefined; error: string }> {
  const clock = monotonic ? 'nsecs(monotonic)' : 'nsecs';
  const script = `tracepoint:syscalls:sys_enter_openat /pid == cpid/ { printf("trial %llu %s\\n", ${clock}, str(args->filename, 2)); exit(); }`;
  // Where symbols are kept, this is what they are kept by; the older setting was a number.
  const env = cachesSymbols ? { BPFTRACE_CACHE_USER_SYMBOLS: 'PER_PID' } : {};
  const { stdout, stderr } = await run(path, ['-q', '-c', '/bin/true', '-e', script], env);
  return { answer: /^trial \d+ (\/\S?)$/m.exec(stdout)?.[1], error: stderr };
}

/** Whether it takes an address inside a function of a file: tried on a copy, which nobody runs. */
export async function tryAddress(path: string, executable: string, address: number): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'httptrace-bpftrace-'));
  try {
    const copy = join(folder, 'copy');
    await copyFile(executable, copy, constants.COPYFILE_FICLONE);
    const script = `uprobe:${copy}:0x${address.toString(16)} { exit(); } BEGIN { printf("placed\\n"); exit(); }`;
    const { stdout } = await run(path, ['--unsafe', '-q', '-e', script]);
    return /^placed$/m.test(stdout);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * What is written before a command so that the kernel kills it when the agent dies: util-linux's setpriv. Empty where that
 * cannot do it; then bpftrace ends with the next line that nobody reads.
 */
export async function tryGuard(): Promise<readonly string[]> {
  const guard = ['setpriv', '--pdeathsig', 'KILL', '--'];
  const [file = '', ...args] = guard;
  const { failed } = await run(file, [...args, 'true']);
  return failed ? [] : guard;
}

function trialError(path: string, stderr: string): BackendError {
  const said = lastWords(stderr);
  if (/only supports running as the root user/i.test(stderr) || process.geteuid?.() !== 0) {
    return new BackendError('permission', 'bpftrace needs root', 'Run the command with sudo');
  }
  return new BackendError(
    'feature',
    `${path} cannot trace on this kernel${said === '' ? '' : `: ${said}`}`,
    'Run `httptrace doctor`',
  );
}

/** The first line that says what is wrong. */
export function lastWords(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !MEMLOCK_NOISE.test(line));
  return (lines.find((line) => /error|fatal/i.test(line)) ?? lines[0] ?? '').trim().slice(0, 300);
}

async function run(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ stdout: string; stderr: string; failed: boolean }> {
  const { stdout, stderr, failed } = await execa(file, [...args], {
    reject: false,
    timeout: TIMEOUT_MS,
    maxBuffer: MAX_OUTPUT,
    stdin: 'ignore',
    env,
  });
  return { stdout: String(stdout ?? ''), stderr: String(stderr ?? ''), failed };
}
