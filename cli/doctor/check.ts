/** `ok`: as it should be. `warn`: works with a limit. `fail`: attach would not work. */
export type CheckState = 'ok' | 'warn' | 'fail';

export interface Check {
  /** Stable, for scripts. */
  readonly name: string;
  readonly state: CheckState;
  /** What was found. */
  readonly found: string;
  /** What to do about it; absent where there is nothing to do. */
  readonly advice?: string | undefined;
}

export function ok(name: string, found: string): Check {
  return { name, state: 'ok', found };
}

export function warn(name: string, found: string, advice: string): Check {
  return { name, state: 'warn', found, advice };
}

export function fail(name: string, found: string, advice: string): Check {
  return { name, state: 'fail', found, advice };
}
