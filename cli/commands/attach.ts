import { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { parsePid } from '../values.ts';
import { type AttachFlags, addAttachOptions } from './attach-options.ts';

const EXAMPLES = `
Examples:
  sudo httptrace attach 4242                        live view of one process
  sudo httptrace attach --name checkout             by name; restarts are picked up
  sudo httptrace attach --port 8080 --status 5xx    errors of whoever listens on 8080
  sudo httptrace attach 4242 --min-duration 100ms --route '/api/**'
  sudo httptrace attach --name checkout --duration 30s -o json > spans.ndjson
  sudo httptrace attach 4242 --otlp-endpoint http://collector:4317
  httptrace attach 4242 --dry-run                   what would be attached, and why

Ctrl-C detaches and prints a summary; a second Ctrl-C stops at once.`;

export function attachCommand(context: () => CommandContext): Command {
  const command = new Command('attach')
    .description('show every request of running Go HTTP servers')
    .argument('[pids...]', 'processes to attach to', (text: string, previous: number[] | undefined) => [
      ...(previous ?? []),
      parsePid(text),
    ])
    .addHelpText('after', EXAMPLES)
    .action(async (pids: number[], flags: AttachFlags, self: Command) => {
      const { attach } = await import('../attach/attach.ts');
      await attach(pids, namedHere(self, pids) ? { ...flags, ...settledSelectors(self, flags) } : flags, context());
    });
  return addAttachOptions(command);
}

const SELECTORS = ['name', 'port', 'exe'] as const;

/** Whether this very command line says which processes. */
function namedHere(command: Command, pids: readonly number[]): boolean {
  return pids.length > 0 || SELECTORS.some((name) => command.getOptionValueSource(name) === 'cli');
}

/** Processes that are named by flags replace those that the environment or the configuration file names. */
function settledSelectors(command: Command, flags: AttachFlags): Pick<AttachFlags, (typeof SELECTORS)[number]> {
  const given = SELECTORS.filter((name) => command.getOptionValueSource(name) === 'cli');
  const none = { name: [], port: [], exe: [] };
  return { ...none, ...Object.fromEntries(given.map((name) => [name, flags[name] ?? []])) };
}
