import type { Command, Option } from 'commander';
import type { ConfigFile, ConfigValue } from './config-file.ts';
import { usageError } from './errors.ts';

/** Options that only make sense on a command line. */
const FLAG_ONLY = new Set(['help', 'version', 'dryRun', 'output']);

/** Name of the variable that stands for an option: `--min-duration` is HTTPTRACE_MIN_DURATION. */
export function environmentName(option: Option): string {
  return `HTTPTRACE_${settingName(option).replaceAll('-', '_').toUpperCase()}`;
}

/** Key of an option in the configuration file: the long flag without its dashes; `--no-query` is `query: false`. */
export function settingName(option: Option): string {
  return (option.long ?? option.flags).replace(/^--(no-)?/, '');
}

/** Whether a variable and a configuration key exist for the option. */
export function hasSetting(option: Option): boolean {
  return !FLAG_ONLY.has(option.attributeName());
}

/**
 * Fills in the options that were not given as flags: from the environment, else from the configuration file,
 * else the default stays. An empty variable counts as unset.
 * @throws CliError with the name of the variable or key that is wrong
 */
export function applySettings(
  command: Command,
  env: Readonly<Record<string, string | undefined>>,
  config: ConfigFile | undefined,
): void {
  for (const option of command.options) {
    const name = option.attributeName();
    if (!hasSetting(option) || command.getOptionValueSource(name) === 'cli') continue;
    const variable = env[environmentName(option)] ?? '';
    const key = config?.values.get(settingName(option));
    if (variable !== '') {
      command.setOptionValueWithSource(name, parseSetting(option, variable, environmentName(option)), 'env');
    } else if (key !== undefined) {
      const where = `"${settingName(option)}" in ${config?.path}`;
      command.setOptionValueWithSource(name, parseSetting(option, key, where), 'config');
    }
  }
}

/** All keys that a configuration file may have. */
export function settingNames(commands: readonly Command[]): ReadonlySet<string> {
  return new Set(commands.flatMap((command) => command.options.filter(hasSetting).map(settingName)));
}

function parseSetting(option: Option, value: ConfigValue, where: string): unknown {
  if (option.isBoolean() || option.negate) return parseBoolean(value, where);
  try {
    return values(value).reduce<unknown>(
      (previous, item) => option.parseArg?.(item, previous as never) ?? item,
      undefined,
    );
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw usageError(`${where} cannot be ${JSON.stringify(value)}`, detail);
  }
}

function values(value: ConfigValue): readonly string[] {
  return (Array.isArray(value) ? value : [value]).map(String);
}

function parseBoolean(value: ConfigValue, where: string): boolean {
  const text = String(value).toLowerCase();
  if (['true', '1', 'yes', 'on'].includes(text)) return true;
  if (['false', '0', 'no', 'off'].includes(text)) return false;
  throw usageError(`${where} cannot be ${JSON.stringify(value)}`, 'Write true or false');
}
