import { CommanderError } from 'commander';
import type { CliContext } from './context.ts';
import { exitCodeOf, formatError, usageError } from './errors.ts';
import { EXIT } from './exit-codes.ts';
import { createProgram } from './program.ts';

/**
 * Runs one command line to its end.
 * @param args without the interpreter and the script
 * @returns the exit code; failures are printed to standard error
 */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = createProgram(context, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args.length === 0 ? ['--help'] : args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    const failure = error instanceof CommanderError ? fromCommander(error) : error;
    context.stderr.write(`${formatError(failure)}\n`);
    if (context.env['HTTPTRACE_DEBUG'] && failure instanceof Error) context.stderr.write(`${failure.stack}\n`);
    return exitCodeOf(failure);
  }
}

/** Commander says `error: what\n(Did you mean x?)`. */
function fromCommander(error: CommanderError): Error {
  const [what = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = rest.join(' ').replace(/^\((.*)\)$/, '$1');
  return usageError(what, suggestion === '' ? undefined : suggestion);
}
