import { ProgramCache } from '../../agent/programs.ts';
import { TargetError } from '../../agent/target/error.ts';
import type { TargetProcess } from '../../agent/target/process.ts';
import { selectProcesses } from '../../agent/target/select.ts';
import type { SessionSummary } from '../../agent/view.ts';
import type { AttachFlags } from '../commands/attach-options.ts';
import type { CommandContext } from '../context.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { dryRun } from './dry-run.ts';
import { Interrupt } from './interrupt.ts';
import { toSelectors } from './selectors.ts';
import { toSessionOptions } from './session-options.ts';
import { createView } from './view.ts';

/** @throws TargetError, BinaryError, PlanError, CliError, and what the session throws before it has started */
export async function attach(pids: readonly number[], flags: AttachFlags, context: CommandContext): Promise<void> {
  const selectors = toSelectors(pids, flags);
  const targets = select(selectors, flags);
  if (flags.dryRun === true) {
    dryRun(targets, flags, context);
    return;
  }

  const options = toSessionOptions(flags, selectors, targets, context.env);
  const interrupt = new Interrupt(() => process.exit(EXIT.killed));
  const view = createView(flags, context, () => interrupt.request());
  try {
    const { runSession } = await import('../../agent/session.ts');
    const summary = await runSession(options, view, interrupt.signal);
    if (summary.reason === 'failed') throw failed(summary);
    context.setExitCode(summary.unflushed > 0 ? EXIT.spansLost : EXIT.ok);
  } finally {
    interrupt.close();
    view.close();
  }
}

/** With an explicit `--follow` the process may start later. */
function select(selectors: Parameters<typeof selectProcesses>[0], flags: AttachFlags): TargetProcess[] {
  try {
    return selectProcesses(selectors, new ProgramCache().readProgram);
  } catch (error) {
    const waits = flags.follow === true && flags.dryRun !== true;
    if (waits && error instanceof TargetError && error.code === 'no_match') return [];
    throw error;
  }
}

function failed(summary: SessionSummary): CliError {
  return new CliError(
    EXIT.failure,
    summary.error ?? 'the session failed',
    'Run `httptrace doctor` to see what is wrong',
  );
}
