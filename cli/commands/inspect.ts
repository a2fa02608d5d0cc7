import { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { outputOption } from '../options.ts';

const EXAMPLES = `
Examples:
  httptrace inspect 4242              the executable of a process
  httptrace inspect ./checkout        a file
  httptrace inspect 4242 --verbose    struct layouts and build settings too
  httptrace inspect 4242 -o json`;

export function inspectCommand(context: () => CommandContext): Command {
  return new Command('inspect')
    .description('show what is read from a binary: each probe with its place and cost, or why it is unavailable')
    .argument('<pid|file>', 'a process or an executable')
    .option('-v, --verbose', 'struct layouts, modules and build settings too')
    .addOption(outputOption())
    .addHelpText('after', EXAMPLES)
    .action(async (subject: string, flags: { output: 'text' | 'json'; verbose?: boolean }) => {
      const { inspect } = await import('../inspect/inspect.ts');
      await inspect(subject, flags, context());
    });
}
