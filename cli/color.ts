import { usageError } from './errors.ts';

export type ColorMode = 'auto' | 'always' | 'never';

export function parseColorMode(text: string): ColorMode {
  if (text === 'auto' || text === 'always' || text === 'never') return text;
  throw usageError(`--color takes auto, always or never, not "${text}"`);
}

/**
 * The flag wins, then NO_COLOR (no-color.org), then FORCE_COLOR, then whether the output is a terminal that
 * is not `dumb`. An empty variable counts as unset.
 */
export function colorEnabled(
  mode: ColorMode,
  env: Readonly<Record<string, string | undefined>>,
  isTTY: boolean,
): boolean {
  if (mode !== 'auto') return mode === 'always';
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const force = env['FORCE_COLOR'] ?? '';
  if (force !== '') return force !== '0' && force !== 'false';
  return isTTY && env['TERM'] !== 'dumb';
}

const CODES = {
  bold: '1',
  dim: '2',
  inverse: '7',
  red: '31',
  green: '32',
  yellow: '33',
  blue: '34',
  magenta: '35',
  cyan: '36',
} as const;

export type StyleName = keyof typeof CODES;

/** Wraps a text in SGR sequences, or leaves it as it is. */
export type Style = (name: StyleName, text: string) => string;

export function makeStyle(color: boolean): Style {
  if (!color) return (_name, text) => text;
  return (name, text) => (text === '' ? '' : `\x1b[${CODES[name]}m${text}\x1b[0m`);
}
