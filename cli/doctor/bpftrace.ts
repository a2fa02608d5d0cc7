import { bpftraceVersion, findBpftrace, hasTracefs, TRACEFS, tryDialect } from '../../agent/backend/bpftrace/trial.ts';
import { type Check, ok, warn } from './check.ts';

/** The second backend: whether it is there and traces. Nothing fails for want of it. */
export async function bpftraceChecks(given: string | undefined): Promise<Check[]> {
  const path = await findBpftrace(given);
  if (path === undefined)
    return [warn('bpftrace', 'not installed', 'Only needed for --backend bpftrace: apt install bpftrace')];
  try {
    const version = await bpftraceVersion(path);
    if (!hasTracefs())
      return [warn('bpftrace', `${path}, ${version}; tracefs is not mounted`, `mount -t tracefs tracefs ${TRACEFS}`)];
    const { strCountsNul, monotonic, cachesSymbols } = await tryDialect(path);
    const limits = strCountsNul && monotonic && cachesSymbols ? 'a current dialect' : 'an older dialect';
    return [ok('bpftrace', `${path}, ${version}; traces, understands ${limits}`)];
  } catch (error) {
    const { message, hint } = error as { message: string; hint?: string };
    return [warn('bpftrace', message, hint ?? 'Install bpftrace again')];
  }
}
