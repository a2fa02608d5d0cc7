import type { TargetSelector } from '../../agent/options.ts';
import type { TargetProcess } from '../../agent/target/process.ts';
import type { AttachFlags } from '../commands/attach-options.ts';
import { usageError } from '../errors.ts';

/** The selectors of a command line. @throws CliError where there is none */
export function toSelectors(pids: readonly number[], flags: AttachFlags): readonly TargetSelector[] {
  const selectors: TargetSelector[] = [
    ...pids.map((pid) => ({ kind: 'pid', pid }) as const),
    ...(flags.name ?? []).map((name) => ({ kind: 'name', name }) as const),
    ...(flags.port ?? []).map((port) => ({ kind: 'port', port }) as const),
    ...(flags.exe ?? []).map((path) => ({ kind: 'exe', path }) as const),
  ];
  if (selectors.length > 0) return selectors;
  throw usageError('no process is named', 'Give a pid, --name, --port or --exe; `httptrace ps` shows Go processes');
}

/**
 * What later processes are compared with: all selectors but pids, since a pid does not come back; with
 * `--follow` the executables of the pids too. Undefined: nothing is followed.
 */
export function followSelectors(
  selectors: readonly TargetSelector[],
  targets: readonly TargetProcess[],
  follow: boolean | undefined,
): readonly TargetSelector[] | undefined {
  if (follow === false) return undefined;
  const lasting = selectors.filter((selector) => selector.kind !== 'pid');
  const pids = new Set(selectors.flatMap((selector) => (selector.kind === 'pid' ? [selector.pid] : [])));
  const executables = targets
    .filter((target) => follow === true && pids.has(target.pid))
    .map((target) => target.executable);
  const all = [...lasting, ...[...new Set(executables)].map((path) => ({ kind: 'exe', path }) as const)];
  return all.length > 0 ? all : undefined;
}
