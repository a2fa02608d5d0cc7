/** Each has its own variables, service and path. */
export type Signal = 'traces' | 'metrics';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Variables of the OpenTelemetry specification. Empty counts as unset; a value that is not understood is warned
 * about and ignored.
 */
export class EnvReader {
  readonly warnings: string[] = [];
  /** Whose own variables win. */
  readonly signal: Signal;
  readonly #env: Environment;

  constructor(env: Environment, signal: Signal) {
    this.#env = env;
    this.signal = signal;
  }

  text(name: string): string | undefined {
    const value = this.#env[name]?.trim();
    return value === '' ? undefined : value;
  }

  /** `OTEL_EXPORTER_OTLP_TRACES_<suffix>`: the variable of the signal alone. */
  ownName(suffix: string): string {
    return `OTEL_EXPORTER_OTLP_${this.signal.toUpperCase()}_${suffix}`;
  }

  /** The signal's own variable, else `OTEL_EXPORTER_OTLP_<suffix>`: the name of the one that is set. */
  otlp(suffix: string): string | undefined {
    return [this.ownName(suffix), `OTEL_EXPORTER_OTLP_${suffix}`].find((name) => this.text(name));
  }

  otlpText(suffix: string): string | undefined {
    const name = this.otlp(suffix);
    return name && this.text(name);
  }

  /** True only for `true` in any case, as the specification has it. */
  flag(name: string | undefined): boolean | undefined {
    const value = name && this.text(name)?.toLowerCase();
    if (name === undefined || value === undefined) return undefined;
    if (value !== 'true' && value !== 'false') this.#ignored(name, 'true or false');
    return value === 'true';
  }

  choice<T extends string>(name: string | undefined, choices: readonly T[]): T | undefined {
    const value = name && this.text(name);
    if (name === undefined || value === undefined) return undefined;
    const known = choices.find((choice) => choice === value);
    if (known === undefined) this.#ignored(name, `one of ${choices.join(', ')}`);
    return known;
  }

  /** A whole number in [min, max]. */
  integer(name: string | undefined, min: number, max = 2 ** 31 - 1): number | undefined {
    const value = name && this.text(name);
    if (name === undefined || value === undefined) return undefined;
    const number = /^[0-9]+$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    this.#ignored(name, `a whole number from ${min} to ${max}`);
    return undefined;
  }

  /** A number in [0, 1]. */
  ratio(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (number >= 0 && number <= 1) return number;
    this.#ignored(name, 'a number from 0 to 1');
    return undefined;
  }

  /** The value is not repeated: it may be a secret. */
  #ignored(name: string, wanted: string): void {
    this.warnings.push(`${name} is ignored: its value is not ${wanted}`);
  }
}
