import { readFileSync, statSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { usageError } from './errors.ts';

export type ConfigScalar = string | number | boolean;
export type ConfigValue = ConfigScalar | readonly ConfigScalar[];

export interface ConfigFile {
  readonly path: string;
  readonly values: ReadonlyMap<string, ConfigValue>;
}

const MAX_BYTES = 1 << 20;

/**
 * Reads a configuration file: one YAML mapping from option names to a value or a list of values.
 * @param known the keys that it may have
 * @throws CliError (usage) that names the file and the line or key
 */
export function readConfigFile(path: string, known: ReadonlySet<string>): ConfigFile {
  return { path, values: parseConfig(readText(path), path, known) };
}

/** Exported for tests. */
export function parseConfig(text: string, path: string, known: ReadonlySet<string>): ReadonlyMap<string, ConfigValue> {
  // No aliases: a small file must not grow when it is read.
  const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true });
  const problem = document.errors[0];
  if (problem !== undefined)
    throw usageError(`${path} is not valid YAML: ${problem.message.split('\n')[0]}`, 'Correct the file');
  const content: unknown = toPlain(document, path);
  if (content === null || content === undefined) return new Map();
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw usageError(`${path} must be a mapping of option names to values`, 'Write for example "min-duration: 10ms"');
  }

  const values = new Map<string, ConfigValue>();
  for (const [key, value] of Object.entries(content)) {
    if (!known.has(key))
      throw usageError(`${path} has an unknown key ${JSON.stringify(key)}`, `Known keys: ${[...known].join(', ')}`);
    if (!isConfigValue(value))
      throw usageError(`"${key}" in ${path} must be a value or a list of values`, 'Correct the file');
    values.set(key, value);
  }
  return values;
}

function toPlain(document: ReturnType<typeof parseDocument>, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw usageError(
      `${path} cannot be used: ${error instanceof Error ? error.message : error}`,
      'Write it without aliases',
    );
  }
}

function isConfigValue(value: unknown): value is ConfigValue {
  return isScalar(value) || (Array.isArray(value) && value.length > 0 && value.every(isScalar));
}

function isScalar(value: unknown): value is ConfigScalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function readText(path: string): string {
  try {
    const stats = statSync(path);
    if (!stats.isFile() || stats.size > MAX_BYTES) throw new Error('it is not a regular file of at most 1 MiB');
    return readFileSync(path, 'utf8');
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw usageError(`the configuration file ${path} cannot be read: ${detail}`, 'Check the path and its permissions');
  }
}
