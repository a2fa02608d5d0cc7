import { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { bpftraceOption } from '../options.ts';
import { parsePid } from '../values.ts';

const EXAMPLES = `
Examples:
  sudo httptrace script 4242 > checkout.bt
  sudo bpftrace --unsafe -p 4242 checkout.bt

The script is for this very process; docs/bpftrace.md says what it shows. It is made for the bpftrace that is
installed here, or for a current one where there is none.`;

export function scriptCommand(context: () => CommandContext): Command {
  return new Command('script')
    .description('print a bpftrace script that shows every request of a process')
    .argument('<pid>', 'the process', parsePid)
    .addOption(bpftraceOption())
    .addHelpText('after', EXAMPLES)
    .action(async (pid: number, flags: { bpftrace?: string }) => {
      const { script } = await import('../script/script.ts');
      await script(pid, flags, context());
    });
}
