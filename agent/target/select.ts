import { statSync } from 'node:fs';
import type { TargetSelector } from '../options.ts';
import { describeProcess } from './describe.ts';
import { TargetError } from './error.ts';
import { type ListedProcess, listProcesses } from './list.ts';
import { nearMisses } from './near-misses.ts';
import type { TargetProcess } from './process.ts';
import { programNames, type ReadProgram } from './program.ts';
import { PortTable } from './sockets.ts';

/**
 * The processes that the selectors name, each once, by pid. A selector other than a pid prefers Go programs: a
 * shell script and a server may share a name, a port may be inherited.
 * @throws TargetError: a pid that cannot be used, or `no_match` with what comes near
 */
export function selectProcesses(selectors: readonly TargetSelector[], readProgram: ReadProgram): TargetProcess[] {
  const found = new Map<number, TargetProcess>();
  const needsList = selectors.some((selector) => selector.kind !== 'pid');
  const all = needsList ? listProcesses(readProgram) : [];
  const ports = new PortTable();
  for (const selector of selectors) {
    if (selector.kind === 'pid') {
      found.set(selector.pid, describeProcess(selector.pid));
      continue;
    }
    const matches = all.filter((process) => matchesSelector(process, selector, ports));
    if (matches.length === 0) throw noMatch(selector, all, ports);
    for (const process of preferGo(matches)) found.set(process.pid, describeProcess(process.pid, process.startTicks));
  }
  return [...found.values()].sort((a, b) => a.pid - b.pid);
}

/** Whether a process is one that the selector names. `ports` is shared by one pass over the processes. */
export function matchesSelector(process: ListedProcess, selector: TargetSelector, ports: PortTable): boolean {
  switch (selector.kind) {
    case 'pid':
      return process.pid === selector.pid;
    case 'name':
      return programNames(process.executable ?? '', process.program).includes(selector.name);
    case 'port':
      return ports.mayListen(process.pid, selector.port) && ports.ports(process.pid).includes(selector.port);
    case 'exe':
      return process.executable === selector.path || sameFile(`/proc/${process.pid}/exe`, selector.path);
  }
}

function preferGo(processes: readonly ListedProcess[]): readonly ListedProcess[] {
  const go = processes.filter((process) => process.program !== undefined);
  return go.length > 0 ? go : processes;
}

function sameFile(a: string, b: string): boolean {
  const first = fileIdentity(a);
  return first !== undefined && first === fileIdentity(b);
}

/** Undefined: not there, or not to be looked at, as the executables of some sandboxes are. */
function fileIdentity(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

function noMatch(
  selector: Exclude<TargetSelector, { kind: 'pid' }>,
  all: readonly ListedProcess[],
  ports: PortTable,
): TargetError {
  const near = nearMisses(selector, all, ports);
  const hidden = all.some((process) => process.executable === undefined);
  const hint = near.length > 0 ? `Did you mean ${near.join(', ')}?` : 'Run `httptrace ps` to see Go processes.';
  const hiddenHint = hidden ? ' Some processes are hidden from this user: try sudo.' : '';
  return new TargetError('no_match', `no process ${describeSelector(selector)}`, hint + hiddenHint);
}

function describeSelector(selector: Exclude<TargetSelector, { kind: 'pid' }>): string {
  switch (selector.kind) {
    case 'name':
      return `is named ${JSON.stringify(selector.name)}`;
    case 'port':
      return `listens on TCP port ${selector.port}`;
    case 'exe':
      return `runs ${JSON.stringify(selector.path)}`;
  }
}
