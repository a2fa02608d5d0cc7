import type { GoBinary } from '../../agent/gobinary/binary.ts';
import type { BuildInfo } from '../../agent/gobinary/buildinfo.ts';
import { openGoBinary } from '../../agent/gobinary/open.ts';
import { buildKind } from '../../agent/programs.ts';
import { describeProcess } from '../../agent/target/describe.ts';
import type { TargetProcess } from '../../agent/target/process.ts';
import { buildText } from '../build-text.ts';
import type { CommandContext } from '../context.ts';
import { formatCount } from '../format.ts';
import { writeJson, writeLine } from '../output.ts';
import { makePlanReport, planJson, planLines } from '../plan-report.ts';
import { httpStacks } from '../ps/stacks.ts';
import { printable } from '../text.ts';
import { parsePid } from '../values.ts';

export interface InspectFlags {
  readonly output: 'text' | 'json';
  readonly verbose?: boolean;
}

/** @throws TargetError, BinaryError, PlanError: what was read until then has been printed */
export async function inspect(subject: string, flags: InspectFlags, context: CommandContext): Promise<void> {
  const process = /^\d+$/.test(subject) ? describeProcess(parsePid(subject)) : undefined;
  const binary = openGoBinary(process?.exePath ?? subject);
  try {
    if (flags.output === 'json') printJson(binary, process, context);
    else printText(binary, process, flags.verbose === true, context);
  } finally {
    binary.close();
  }
}

function printJson(binary: GoBinary, process: TargetProcess | undefined, context: CommandContext): void {
  const { buildInfo, version } = binary;
  writeJson(context.stdout, 'binary', {
    executable: process?.executable ?? binary.path,
    process,
    goVersion: version.raw,
    build: buildKind(binary),
    functions: binary.functionCount,
    stacks: stacksOf(binary),
    path: buildInfo.path,
    module: buildInfo.main,
    dependencies: buildInfo.deps,
    settings: Object.fromEntries(buildInfo.settings),
  });
  writeJson(context.stdout, 'plan', planJson(makePlanReport(binary)));
}

function printText(
  binary: GoBinary,
  process: TargetProcess | undefined,
  verbose: boolean,
  context: CommandContext,
): void {
  const print = (lines: readonly string[]): void => {
    for (const line of lines) writeLine(context.stdout, printable(line));
  };
  print(binaryLines(binary, process));
  if (verbose) print(buildInfoLines(binary.buildInfo));
  const report = makePlanReport(binary);
  print(['', ...planLines(report)]);
  if (verbose) print(['', 'LAYOUT', ...layoutLines(report.plan.layout, report.plan.addresses)]);
}

function binaryLines(binary: GoBinary, process: TargetProcess | undefined): string[] {
  const { path, main } = binary.buildInfo;
  const revision = binary.buildInfo.settings.get('vcs.revision');
  return [
    row('executable', process?.executable ?? binary.path),
    ...(process === undefined ? [] : [row('process', `${process.pid}: ${process.command.join(' ')}`)]),
    ...(process?.containerId === undefined ? [] : [row('container', process.containerId)]),
    ...(process === undefined || process.loadBias === 0
      ? []
      : [row('load bias', `0x${process.loadBias.toString(16)}`)]),
    row('go', `${binary.version.raw}, ${binary.arch}`),
    row('build', buildText(buildKind(binary))),
    row('package', path === '' ? '(built without modules)' : path),
    ...(main === undefined ? [] : [row('module', `${main.path} ${main.version}`)]),
    ...(revision === undefined ? [] : [row('revision', revision)]),
    row('functions', formatCount(binary.functionCount)),
    row('http', stacksOf(binary).join(', ') || 'none'),
  ];
}

function buildInfoLines(buildInfo: BuildInfo): string[] {
  const settings = [...buildInfo.settings].map(([key, value]) => `  ${key}=${value}`);
  const modules = buildInfo.deps.map(
    ({ path, version, replacedBy }) =>
      `  ${path} ${version}${replacedBy === undefined ? '' : ` => ${replacedBy.path} ${replacedBy.version}`}`,
  );
  return ['', 'BUILD SETTINGS', ...settings, '', 'MODULES', ...(modules.length > 0 ? modules : ['  none'])];
}

function layoutLines(layout: Readonly<Record<string, number>>, addresses: readonly string[]): string[] {
  const isAddress = new Set(addresses);
  return Object.entries(layout).map(
    ([member, value]) => `  ${member.padEnd(28)} ${isAddress.has(member) ? `0x${value.toString(16)}` : value}`,
  );
}

function stacksOf(binary: GoBinary): string[] {
  return httpStacks(binary.buildInfo, binary.find('net/http.(*conn).serve') !== undefined);
}

function row(label: string, value: string): string {
  return `${label.padEnd(12)}${value}`;
}
