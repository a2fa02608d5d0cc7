/** The export is configured in a way that cannot work. `hint` says what to do. */
export class OtlpConfigError extends Error {
  override readonly name = 'OtlpConfigError';
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}
