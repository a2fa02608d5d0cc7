import { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { outputOption } from '../options.ts';

const EXAMPLES = `
Examples:
  sudo httptrace ps              all Go processes
  httptrace ps -o json           one JSON object a line

Without root only processes of the same user can be read.`;

export function psCommand(context: () => CommandContext): Command {
  return new Command('ps')
    .description('list Go processes: version, build, HTTP stacks, and whether they can be attached to')
    .addOption(outputOption())
    .addHelpText('after', EXAMPLES)
    .action(async (flags: { output: 'text' | 'json' }) => {
      const { ps } = await import('../ps/ps.ts');
      await ps(flags, context());
    });
}
