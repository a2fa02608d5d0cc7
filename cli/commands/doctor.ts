import { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { bpftraceOption, loaderOption, outputOption } from '../options.ts';

const EXAMPLES = `
Examples:
  sudo httptrace doctor
  httptrace doctor -o json

Exit code 0: attach would work. 4: it would not; the lines marked ✗ say why and what to do.`;

export function doctorCommand(context: () => CommandContext): Command {
  return new Command('doctor')
    .description('check what this kernel and user can and cannot do, and what to do about it')
    .addOption(outputOption())
    .addOption(loaderOption())
    .addOption(bpftraceOption())
    .addHelpText('after', EXAMPLES)
    .action(async (flags: { output: 'text' | 'json'; loader?: string; bpftrace?: string }) => {
      const { doctor } = await import('../doctor/doctor.ts');
      await doctor(flags, context());
    });
}
