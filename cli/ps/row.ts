import type { GoBinary } from '../../agent/gobinary/binary.ts';
import { BinaryError } from '../../agent/gobinary/errors.ts';
import { openGoBinary } from '../../agent/gobinary/open.ts';
import { buildKind, fileKey, type ProgramCache } from '../../agent/programs.ts';
import { describeProcess } from '../../agent/target/describe.ts';
import { type ListedProcess, listProcesses } from '../../agent/target/list.ts';
import { programNames } from '../../agent/target/program.ts';
import { PortTable } from '../../agent/target/sockets.ts';
import type { BuildKind } from '../../agent/view.ts';
import { httpStacks } from './stacks.ts';

/** One Go process, as `ps` shows it. Absent: not known. */
export interface ProcessRow {
  readonly pid: number;
  readonly name: string;
  readonly executable: string;
  readonly containerId: string | undefined;
  readonly goVersion: string | undefined;
  readonly build: BuildKind | undefined;
  readonly stacks: readonly string[];
  readonly ports: readonly number[];
  readonly attachable: boolean;
  /** Why not. */
  readonly reason: string | undefined;
}

/** What is read from one executable; several processes share it. */
type BinaryFacts = Pick<ProcessRow, 'goVersion' | 'build' | 'stacks' | 'reason'>;

/** Codes that mean: this is Go, but not one that can be watched. */
const GO_BUT_REFUSED = new Set(['too_old', 'damaged', 'truncated', 'unsupported_arch']);

/** All Go processes, and how many processes could not be looked at. */
export function collectRows(programs: ProgramCache): { rows: ProcessRow[]; hidden: number } {
  const processes = listProcesses(programs.readProgram);
  const ports = new PortTable();
  const byFile = new Map<string, BinaryFacts>();
  const rows = processes.flatMap((process) => {
    if (process.executable === undefined || !isGo(process, programs)) return [];
    const exePath = `/proc/${process.pid}/exe`;
    const key = fileKey(exePath) ?? exePath;
    const facts = byFile.get(key) ?? readFacts(exePath);
    byFile.set(key, facts);
    return row(process, process.executable, facts, ports.ports(process.pid));
  });
  return { rows, hidden: processes.filter((process) => process.executable === undefined).length };
}

function isGo(process: ListedProcess, programs: ProgramCache): boolean {
  if (process.program !== undefined) return true;
  const facts = programs.read(`/proc/${process.pid}/exe`);
  return facts instanceof BinaryError && facts.code === 'too_old';
}

function row(process: ListedProcess, executable: string, facts: BinaryFacts, ports: readonly number[]): ProcessRow {
  const described = describeOrReason(process);
  const reason = described.reason ?? facts.reason;
  return {
    pid: process.pid,
    name: programNames(executable, process.program)[0] ?? executable,
    executable,
    containerId: described.containerId,
    goVersion: facts.goVersion,
    build: facts.build,
    stacks: facts.stacks,
    ports,
    attachable: reason === undefined,
    reason,
  };
}

function describeOrReason(process: ListedProcess): { containerId?: string | undefined; reason?: string } {
  try {
    return { containerId: describeProcess(process.pid, process.startTicks).containerId };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

function readFacts(path: string): BinaryFacts {
  let binary: GoBinary | undefined;
  try {
    binary = openGoBinary(path);
    const hasServer = binary.find('net/http.(*conn).serve') !== undefined;
    return {
      goVersion: binary.version.raw,
      build: buildKind(binary),
      stacks: httpStacks(binary.buildInfo, hasServer),
      reason: hasServer ? undefined : 'no net/http server inside',
    };
  } catch (error) {
    if (!(error instanceof BinaryError)) throw error;
    const reason = GO_BUT_REFUSED.has(error.code) ? error.message : `cannot be read: ${error.message}`;
    return { goVersion: undefined, build: undefined, stacks: [], reason };
  } finally {
    binary?.close();
  }
}
