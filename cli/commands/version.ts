import { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { outputOption } from '../options.ts';
import { writeLine } from '../output.ts';
import { VERSION } from '../version.ts';

export function versionCommand(context: () => CommandContext): Command {
  return new Command('version')
    .description('print the version')
    .addOption(outputOption())
    .action((flags: { output: 'text' | 'json' }) => {
      const node = process.version;
      const json = JSON.stringify({ type: 'version', data: { version: VERSION, node, arch: process.arch } });
      writeLine(
        context().stdout,
        flags.output === 'json' ? json : `httptrace ${VERSION} (Node ${node.slice(1)}, ${process.arch})`,
      );
    });
}
