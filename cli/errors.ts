import { EXIT, type ExitCode } from './exit-codes.ts';
import { printable } from './text.ts';

/** A failure of the command itself. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;
  readonly hint: string;

  constructor(exitCode: ExitCode, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** A bad value of a flag, a variable or a configuration file. */
export function usageError(message: string, hint = 'Run `httptrace --help`'): CliError {
  return new CliError(EXIT.usage, message, hint);
}

/** By the name of the error's class, then by its `code`; `*` is for all other codes. */
const EXIT_BY_ERROR: Readonly<Record<string, Readonly<Record<string, ExitCode>>>> = {
  TargetError: {
    gone: EXIT.noTarget,
    reused: EXIT.noTarget,
    no_match: EXIT.noTarget,
    kernel_thread: EXIT.unsupported,
    permission: EXIT.privilege,
    sandboxed: EXIT.privilege,
  },
  BinaryError: { unreadable: EXIT.privilege, '*': EXIT.unsupported },
  PlanError: { '*': EXIT.unsupported },
  BackendError: { permission: EXIT.privilege, feature: EXIT.privilege, '*': EXIT.failure },
};

/** Which exit code an error stands for. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CliError) return error.exitCode;
  if (!(error instanceof Error)) return EXIT.failure;
  const codes = EXIT_BY_ERROR[error.name];
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return codes?.[code] ?? codes?.['*'] ?? EXIT.failure;
}

/** `httptrace: <what>. <what to do next>`, on one line, without control characters. */
export function formatError(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? error.hint : '';
  const text = `httptrace: ${sentence(message)}${hint === '' ? '' : ` ${sentence(hint)}`}`;
  return printable(text);
}

function sentence(text: string): string {
  const trimmed = text.trim();
  return /[.?!]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
