import { Argument, Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { writeLine } from '../output.ts';

const EXAMPLES = `
Examples:
  httptrace completion bash > /etc/bash_completion.d/httptrace
  httptrace completion zsh > "\${fpath[1]}/_httptrace"
  httptrace completion fish > ~/.config/fish/completions/httptrace.fish`;

export function completionCommand(context: () => CommandContext): Command {
  return new Command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', EXAMPLES)
    .action(async (shell: 'bash' | 'zsh' | 'fish', _flags: unknown, command: Command) => {
      const { completionScript } = await import('../completion/script.ts');
      writeLine(context().stdout, completionScript(shell, command.parent ?? command));
    });
}
