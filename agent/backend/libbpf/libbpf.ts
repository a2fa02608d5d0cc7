import { constants } from 'node:os';
import type { Plan } from '../../probe/plan.ts';
import type { TargetProcess } from '../../target/process.ts';
import { type AttachOptions, type AttachReport, type Backend, BackendError, type BackendEvents } from '../backend.ts';
import { attachCommands, programName } from './commands.ts';
import { LoaderProcess } from './loader-process.ts';

export interface LibbpfOptions {
  /** Path of httptrace-loader. */
  readonly loader: string;
  /** Must be the loader's too. */
  readonly version: string;
  readonly transport: 'auto' | 'ring' | 'perf';
  /** `single`: one link a probe, as on kernels without uprobe_multi (before 6.6). */
  readonly uprobes: 'auto' | 'single';
  /** Records of processes that start are wanted. */
  readonly follow: boolean;
  readonly maxRequestsInFlight: number | undefined;
  /** Requests a second that are sent at most. Absent: the loader's default. */
  readonly maxRate?: number | undefined;
  /** Requests a second up to which the end of each handler has a probe of its own. Absent: the loader's default. */
  readonly exactRate?: number | undefined;
  /** How often a second the goroutines of requests in flight are looked at; absent or 0: not. */
  readonly goroutineSampleHz?: number;
  /** What the scheduler does is followed. */
  readonly deep?: boolean;
}

/** A loader that is stuck is not waited for longer than this, ms. */
const STOP_TIMEOUT_MS = 5_000;

/** Starts the loader. Throws BackendError when this kernel or user cannot run the programs. */
export async function startLibbpf(options: LibbpfOptions, events: BackendEvents): Promise<Backend> {
  let stopping = false;
  const loader = new LoaderProcess({
    path: options.loader,
    args: loaderArguments(options),
    record: events.record,
    log: events.log,
    ended: (how) => {
      if (!stopping && ready) {
        events.died(new BackendError('loader', `httptrace-loader ended (${how})`, 'Run `httptrace doctor`'));
      }
    },
  });
  let ready = false;
  const hello = await loader.hello;
  const error = hello.get('error');
  if (error !== undefined) throw startError(Number(error), loader.logs);
  if (hello.get('version') !== options.version) {
    loader.kill();
    throw new BackendError(
      'loader',
      `httptrace-loader is of version ${hello.get('version')}, the agent of ${options.version}`,
      'Install both from the same build',
    );
  }
  const transport = hello.get('transport') === 'ring' ? 'ring' : 'perf';
  if (options.transport === 'ring' && transport !== 'ring') {
    loader.kill();
    throw new BackendError('feature', 'this kernel has no BPF ring buffer', 'Leave out --transport ring');
  }
  ready = true;

  return {
    name: 'libbpf',
    transport,
    get pid() {
      return loader.pid;
    },
    async attach(target: TargetProcess, plan: Plan, attach: AttachOptions): Promise<AttachReport> {
      const reply = await loader.request(attachCommands(target, plan, attach));
      if (reply.error !== 0) throw attachError(target, reply.error, reply.text);
      return report(plan, reply.text);
    },
    async detach(pid: number): Promise<void> {
      await loader.request([`detach ${pid}`]);
    },
    async seal(follow: boolean): Promise<void> {
      const { error } = await loader.request([follow ? 'seal follow' : 'seal']);
      if (error !== 0) events.log(`the loader could not give up its privileges (${errnoName(error)})`);
    },
    async stop(): Promise<void> {
      stopping = true;
      const timer = setTimeout(() => loader.kill(), STOP_TIMEOUT_MS);
      // Its answer is its last word: it need not be waited for.
      loader.request(['quit']).catch(() => undefined);
      await loader.exited();
      clearTimeout(timer);
    },
  };
}

function loaderArguments(options: LibbpfOptions): string[] {
  const { transport, uprobes, follow, maxRequestsInFlight, maxRate, exactRate } = options;
  const { goroutineSampleHz = 0, deep = false } = options;
  return [
    ...(transport === 'perf' ? ['--perf'] : []),
    ...(uprobes === 'single' ? ['--single-uprobes'] : []),
    ...(follow ? ['--follow'] : []),
    ...(deep ? ['--deep'] : []),
    ...(goroutineSampleHz > 0 ? [`--sample-hz=${goroutineSampleHz}`] : []),
    ...(maxRequestsInFlight === undefined ? [] : [`--max-requests=${maxRequestsInFlight}`]),
    ...(maxRate === undefined ? [] : [`--max-rate=${maxRate}`]),
    ...(exactRate === undefined ? [] : [`--exact-rate=${exactRate}`]),
  ];
}

/** Lines of the loader's answer: `PROGRAM -ERRNO` for each probe that could not be attached. */
function report(plan: Plan, text: string): AttachReport {
  const reasons = new Map(
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [program = '', error = ''] = line.split(' ');
        return [program, errnoName(Number(error))] as const;
      }),
  );
  return {
    attached: plan.probes.filter((probe) => !reasons.has(programName(probe))),
    refused: plan.probes.flatMap((probe) => {
      const reason = reasons.get(programName(probe));
      return reason === undefined ? [] : [{ probe, reason }];
    }),
  };
}

function startError(error: number, logs: readonly string[]): BackendError {
  const name = errnoName(error);
  const detail = lastWords(logs);
  if (name === 'EPERM' && process.geteuid?.() !== 0) {
    return new BackendError(
      'permission',
      'loading BPF programs needs privileges that this user lacks',
      'Run the command with sudo, or give it CAP_BPF and CAP_PERFMON',
    );
  }
  if (name === 'EPERM') {
    return new BackendError(
      'permission',
      'the kernel refuses BPF programs, even to root',
      'Run `httptrace doctor`; in a container, CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE must be granted',
    );
  }
  return new BackendError(
    'feature',
    `this kernel refused the BPF programs (${name}${detail})`,
    'Run `httptrace doctor`',
  );
}

function attachError(target: TargetProcess, error: number, text: string): BackendError {
  const name = errnoName(error);
  const detail = text.trim().split('\n')[0] ?? '';
  if (/ -(1|13)$/.test(detail)) {
    return new BackendError(
      'permission',
      `the kernel refuses probes in process ${target.pid}`,
      'Run `httptrace doctor`: uprobes may need CAP_SYS_ADMIN on this kernel',
    );
  }
  return new BackendError(
    'target',
    `no probe could be attached to process ${target.pid} (${name}${detail === '' ? '' : `: ${detail}`})`,
    'Run `httptrace inspect` on it',
  );
}

/** What a person can use of a verifier log: its last line that says something. */
function lastWords(logs: readonly string[]): string {
  const lines = logs.join('\n').split('\n');
  const telling = lines.filter((line) => line !== '' && !/^(libbpf: (failed|prog)|-- END|processed )/.test(line));
  return telling.length === 0 ? '' : `: ${telling.at(-1)}`;
}

function errnoName(error: number): string {
  const found = Object.entries(constants.errno).find(([, value]) => value === -error);
  return found?.[0] ?? `error ${error}`;
}
