import type { Writable } from 'node:stream';

/** What a command gets from the process it runs in; tests pass their own. */
export interface CliContext {
  readonly stdout: Writable & { isTTY?: boolean; columns?: number; rows?: number };
  readonly stderr: Writable & { isTTY?: boolean };
  readonly stdin: NodeJS.ReadStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What every command knows once the options are read. */
export interface CommandContext extends CliContext {
  /** Whether standard output takes colours. */
  readonly color: boolean;
  /** How the command ends when it does not throw. */
  readonly setExitCode: (code: number) => void;
}
