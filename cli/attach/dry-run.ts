import { openGoBinary } from '../../agent/gobinary/open.ts';
import type { TargetProcess } from '../../agent/target/process.ts';
import type { AttachFlags } from '../commands/attach-options.ts';
import type { CommandContext } from '../context.ts';
import { writeJson, writeLine } from '../output.ts';
import { makePlanReport, type PlanReport, planJson, planLines } from '../plan-report.ts';
import { printable } from '../text.ts';

/**
 * Prints the plan of each target and attaches nothing: it needs no more than to read the executables.
 * @throws BinaryError, PlanError
 */
export function dryRun(targets: readonly TargetProcess[], flags: AttachFlags, context: CommandContext): void {
  for (const [index, target] of targets.entries()) {
    const report = readReport(target, flags.deep);
    if (flags.output === 'json') {
      writeJson(context.stdout, 'plan', { process: target, ...planJson(report) });
      continue;
    }
    if (index > 0) writeLine(context.stdout, '');
    writeLine(context.stdout, printable(`process ${target.pid}  ${target.executable}`));
    for (const line of planLines(report)) writeLine(context.stdout, printable(line));
  }
}

function readReport(target: TargetProcess, deep: boolean | undefined): PlanReport {
  const binary = openGoBinary(target.exePath);
  try {
    return makePlanReport(binary, deep);
  } finally {
    binary.close();
  }
}
