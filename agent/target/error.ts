/**
 * - `gone`: there is no such process, or it has ended.
 * - `reused`: the pid now names another process.
 * - `permission`: this user may not look at it.
 * - `sandboxed`: nobody may, or its executable is out of reach.
 * - `kernel_thread`: it has no executable.
 * - `no_match`: no process matches a selector.
 */
export type TargetErrorCode = 'gone' | 'reused' | 'permission' | 'sandboxed' | 'kernel_thread' | 'no_match';

/** A process cannot be used as a target. `message` says what is wrong, `hint` what to do next; `message` has no full stop at its end. */
export class TargetError extends Error {
  override readonly name = 'TargetError';
  readonly code: TargetErrorCode;
  readonly hint: string;

  constructor(code: TargetErrorCode, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
  }
}
