import type { TargetSelector } from '../options.ts';
import type { ListedProcess } from './list.ts';
import { programNames } from './program.ts';
import type { PortTable } from './sockets.ts';

const SHOWN = 5;

/** Go processes that come near to what was asked for, as text for a message. */
export function nearMisses(
  selector: Exclude<TargetSelector, { kind: 'pid' }>,
  all: readonly ListedProcess[],
  ports: PortTable,
): string[] {
  const go = all.filter((process) => process.program !== undefined);
  switch (selector.kind) {
    case 'name':
      return similarNames(selector.name, go);
    case 'exe':
      return similarNames(selector.path.split('/').at(-1) ?? '', go, (process) => process.executable ?? '');
    case 'port':
      return go
        .map((process) => ({ process, ports: ports.ports(process.pid) }))
        .filter((entry) => entry.ports.length > 0)
        .sort((a, b) => distanceToPort(a.ports, selector.port) - distanceToPort(b.ports, selector.port))
        .slice(0, SHOWN)
        .map(
          (entry) => `${entry.ports.slice(0, 3).join('/')} (${displayName(entry.process)}, pid ${entry.process.pid})`,
        );
  }
}

function similarNames(
  wanted: string,
  processes: readonly ListedProcess[],
  show: (process: ListedProcess) => string = displayName,
): string[] {
  return processes
    .map((process) => ({ process, score: bestScore(wanted, programNames(process.executable ?? '', process.program)) }))
    .filter((entry) => entry.score <= Math.max(2, wanted.length / 3))
    .sort((a, b) => a.score - b.score)
    .slice(0, SHOWN)
    .map((entry) => `${show(entry.process)} (pid ${entry.process.pid})`);
}

function displayName(process: ListedProcess): string {
  return programNames(process.executable ?? '', process.program)[0] ?? '';
}

function bestScore(wanted: string, names: readonly string[]): number {
  const a = wanted.toLowerCase();
  return Math.min(
    ...names.map((name) => {
      const b = name.toLowerCase();
      return a !== '' && (b.includes(a) || a.includes(b)) ? 0 : editDistance(a.slice(0, 64), b.slice(0, 64));
    }),
    Number.POSITIVE_INFINITY,
  );
}

function distanceToPort(ports: readonly number[], wanted: number): number {
  return Math.min(...ports.map((port) => Math.abs(port - wanted)));
}

/** Levenshtein distance, one row at a time. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substituted));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
