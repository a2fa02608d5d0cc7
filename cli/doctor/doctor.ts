import { makeStyle } from '../color.ts';
import type { CommandContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { writeJson, writeLine } from '../output.ts';
import { printable } from '../text.ts';
import { bpftraceChecks } from './bpftrace.ts';
import type { Check, CheckState } from './check.ts';
import { kernelChecks } from './kernel.ts';
import { loaderChecks } from './loader.ts';
import { privilegeChecks } from './privileges.ts';

const MARKS: Readonly<Record<CheckState, { mark: string; color: 'green' | 'yellow' | 'red' }>> = {
  ok: { mark: '✓', color: 'green' },
  warn: { mark: '!', color: 'yellow' },
  fail: { mark: '✗', color: 'red' },
};

/** Checks everything, prints it, and sets the exit code: 0 where attach would work, else 4. */
export async function doctor(
  flags: { output: 'text' | 'json'; loader?: string; bpftrace?: string },
  context: CommandContext,
): Promise<void> {
  const checks = [
    ...privilegeChecks(),
    ...kernelChecks(),
    ...(await loaderChecks(flags.loader)),
    ...(await bpftraceChecks(flags.bpftrace)),
  ];
  const works = checks.every((check) => check.state !== 'fail');
  if (flags.output === 'json') {
    for (const check of checks) writeJson(context.stdout, 'check', check);
    writeJson(context.stdout, 'summary', { attachable: works });
  } else {
    for (const line of checkLines(checks, context.color)) writeLine(context.stdout, line);
    writeLine(context.stdout, '');
    writeLine(
      context.stdout,
      works ? 'httptrace attach works here.' : 'httptrace attach does not work here; see ✗ above.',
    );
  }
  context.setExitCode(works ? EXIT.ok : EXIT.privilege);
}

export function checkLines(checks: readonly Check[], color: boolean): string[] {
  const style = makeStyle(color);
  const width = Math.max(...checks.map((check) => check.name.length));
  return checks.flatMap((check) => {
    const { mark, color: name } = MARKS[check.state];
    const line = `${style(name, mark)} ${check.name.padEnd(width)}  ${printable(check.found)}`;
    return check.advice === undefined ? [line] : [line, `  ${' '.repeat(width)}  ${check.advice}.`];
  });
}
