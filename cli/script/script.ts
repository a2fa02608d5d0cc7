import { CURRENT_DIALECT, type Dialect } from '../../agent/backend/bpftrace/dialect.ts';
import { makeScript } from '../../agent/backend/bpftrace/make-script.ts';
import { ensureTracefs, findBpftrace, tryDialect } from '../../agent/backend/bpftrace/trial.ts';
import { wantedHeaders } from '../../agent/correlate/headers.ts';
import { openGoBinary } from '../../agent/gobinary/open.ts';
import { planProbes } from '../../agent/probe/planner.ts';
import { MAX_HEADERS } from '../../agent/record/layout.ts';
import { describeProcess } from '../../agent/target/describe.ts';
import type { CommandContext } from '../context.ts';
import { writeLine } from '../output.ts';
import { printable } from '../text.ts';
import { VERSION } from '../version.ts';

/** @throws TargetError, BinaryError, PlanError */
export async function script(pid: number, flags: { bpftrace?: string }, context: CommandContext): Promise<void> {
  const target = describeProcess(pid);
  const binary = openGoBinary(target.exePath);
  const plan = planProbes(binary);
  binary.close();
  const bpftrace = await findBpftrace(flags.bpftrace);
  const note = (text: string): void => writeLine(context.stderr, printable(`httptrace: ${text}`));
  const dialect = bpftrace === undefined ? undefined : await triedDialect(bpftrace, note);
  const made = await makeScript({
    target,
    plan,
    dialect: dialect ?? CURRENT_DIALECT,
    options: { headers: wantedHeaders([], MAX_HEADERS), sampleRatio: 1, minDurationNs: 0 },
    toolVersion: VERSION,
    bpftrace: dialect === undefined ? undefined : bpftrace,
  });
  if (bpftrace === undefined) note('no bpftrace is installed here: the script is for a current one (0.23)');
  for (const { probe, reason } of made.refused) note(`${probe.role} is left out: ${reason}.`);
  context.stdout.write(made.script);
}

/** Undefined: it cannot be tried by this user. */
async function triedDialect(bpftrace: string, note: (text: string) => void): Promise<Dialect | undefined> {
  try {
    await ensureTracefs();
    return await tryDialect(bpftrace);
  } catch (error) {
    note(`bpftrace could not be tried (${(error as Error).message}): the script is for a current one (0.23)`);
    return undefined;
  }
}
