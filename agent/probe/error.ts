export type PlanErrorCode = 'no_http_server' | 'nothing_to_watch';

/** The binary was read, but there is nothing to attach to. The message says why, for a person. */
export class PlanError extends Error {
  override readonly name = 'PlanError';
  readonly code: PlanErrorCode;

  constructor(code: PlanErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
