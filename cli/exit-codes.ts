/** Exit codes of the command; docs/cli.md lists them for users. */
export const EXIT = {
  ok: 0,
  /** Something failed while running. */
  failure: 1,
  /** Bad command line or configuration. */
  usage: 2,
  noTarget: 3,
  /** Missing privilege or kernel feature. */
  privilege: 4,
  /** The binary is not supported. */
  unsupported: 5,
  /** Spans were lost at the final flush. */
  spansLost: 6,
  /** Stopped by a second Ctrl-C. */
  killed: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
