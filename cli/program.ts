import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import { colorEnabled, parseColorMode } from './color.ts';
import { attachCommand } from './commands/attach.ts';
import { completionCommand } from './commands/completion.ts';
import { doctorCommand } from './commands/doctor.ts';
import { inspectCommand } from './commands/inspect.ts';
import { psCommand } from './commands/ps.ts';
import { scriptCommand } from './commands/script.ts';
import { versionCommand } from './commands/version.ts';
import type { CliContext, CommandContext } from './context.ts';
import { applySettings, settingNames } from './settings.ts';
import { VERSION } from './version.ts';

export const DEFAULT_CONFIG = '/etc/httptrace/config.yaml';

const DESCRIPTION =
  'See every request of a running Go HTTP server, and where its time went. Nothing is rebuilt or restarted.';

const EXAMPLES = `
Examples:
  httptrace ps                       which Go processes are here
  sudo httptrace attach 4242         live view of one of them
  httptrace attach 4242 --dry-run    what would be attached
  sudo httptrace doctor              what this machine can do

Each option is also a variable (--min-duration: HTTPTRACE_MIN_DURATION) and a key of the
configuration file (min-duration: 10ms). A flag wins over a variable, that over the file.

Exit codes: 0 success, Ctrl-C included; 1 failure while running; 2 usage or configuration;
3 no such process; 4 missing privilege or kernel feature; 5 unsupported binary;
6 spans lost at the final flush; 130 second Ctrl-C.`;

/** The whole command tree. Making it runs nothing: each command loads its work when it is called. */
export function createProgram(context: CliContext, setExitCode: (code: number) => void): Command {
  const program = new Command('httptrace');
  const commandContext = (): CommandContext => {
    const mode = program.opts<{ color: 'auto' | 'always' | 'never' }>().color;
    return { ...context, setExitCode, color: colorEnabled(mode, context.env, context.stdout.isTTY === true) };
  };

  program
    .description(DESCRIPTION)
    .version(`httptrace ${VERSION}`, '-V, --version', 'print the version')
    .addOption(
      new Option('--color <when>', 'auto, always or never; NO_COLOR and FORCE_COLOR are honoured')
        .argParser(parseColorMode)
        .default('auto'),
    )
    .addOption(new Option('--config <file>', `configuration file (default: ${DEFAULT_CONFIG}, where it exists)`))
    .addHelpText('after', EXAMPLES)
    .showSuggestionAfterError(true)
    .hook('preAction', (root, command) => readSettings(root, command, context.env));

  const commands = [
    attachCommand,
    psCommand,
    inspectCommand,
    scriptCommand,
    doctorCommand,
    completionCommand,
    versionCommand,
  ];
  for (const make of commands) program.addCommand(make(commandContext));
  for (const command of [program, ...program.commands]) configure(command, context);
  return program;
}

function configure(command: Command, context: CliContext): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => context.stdout.write(text),
    writeErr: (text) => context.stderr.write(text),
    getOutHasColors: () => false,
    getErrHasColors: () => false,
    outputError: () => undefined,
  });
}

async function readSettings(root: Command, command: Command, env: CliContext['env']): Promise<void> {
  const named = root.opts<{ config?: string }>().config ?? (env['HTTPTRACE_CONFIG'] || undefined);
  const path = named ?? (existsSync(DEFAULT_CONFIG) ? DEFAULT_CONFIG : undefined);
  const config =
    path === undefined ? undefined : (await import('./config-file.ts')).readConfigFile(path, configKeys(root));
  applySettings(root, env, config);
  applySettings(command, env, config);
}

/** All but `config` itself. */
function configKeys(root: Command): ReadonlySet<string> {
  const names = new Set(settingNames([root, ...root.commands]));
  names.delete('config');
  return names;
}
