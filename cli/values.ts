import { InvalidArgumentError } from 'commander';

const NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** `30s`, `1m30s`, `250ms`, `1.5h` as nanoseconds. */
export function parseDurationNs(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  const matched = parts.map((part) => part[0]).join('');
  if (parts.length === 0 || matched !== text)
    throw new InvalidArgumentError('Write a duration such as 250ms, 30s or 1m30s.');
  return Math.round(parts.reduce((sum, part) => sum + Number(part[1]) * (NANOSECONDS[part[2] ?? ''] ?? 0), 0));
}

export function parseRatio(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError('Write a number from 0 to 1.');
  return value;
}

export function parsePort(text: string): number {
  return parseInteger(text, 1, 65_535);
}

export function parsePid(text: string): number {
  return parseInteger(text, 1, 4_194_304);
}

/** Requests that are followed at one time; the upper bound keeps the maps below their budget. */
export function parseInFlight(text: string): number {
  return parseInteger(text, 16, 65_536);
}

/** Requests a second. */
export function parseRate(text: string): number {
  return parseInteger(text, 1, 10_000_000);
}

/** Requests a second, or 0. */
export function parseRateOrNone(text: string): number {
  return parseInteger(text, 0, 10_000_000);
}

/** How often a second goroutines are looked at. */
export function parseSampleHz(text: string): number {
  return parseInteger(text, 0, 1000);
}

/** `off`, or how many bytes are kept. */
export function parseMessageBytes(text: string): number {
  return text === 'off' ? 0 : parseInteger(text, 0, 65_536);
}

export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

/** `404`, `400-499`, `5xx`. */
export function parseStatusRange(text: string): StatusRange {
  const single = /^([1-5])(?:xx|(\d\d))$/i.exec(text);
  const hundreds = Number(single?.[1]) * 100;
  if (single?.[2] !== undefined) return { from: hundreds + Number(single[2]), to: hundreds + Number(single[2]) };
  if (single !== null) return { from: hundreds, to: hundreds + 99 };
  const range = /^([1-5]\d\d)-([1-5]\d\d)$/.exec(text);
  const [from, to] = [Number(range?.[1]), Number(range?.[2])];
  if (!(from <= to))
    throw new InvalidArgumentError('Write a status such as 404, a class such as 5xx or a range such as 400-499.');
  return { from, to };
}

/** A header name (RFC 9110, token) of at most 32 characters, in the form that net/http stores: `X-Request-Id`. */
export function parseHeaderName(text: string): string {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$/.test(text)) {
    throw new InvalidArgumentError('Write a header name such as X-Request-Id, of at most 32 characters.');
  }
  return text.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}

/** `name=value,name2=value2`; values may be percent-encoded (W3C Baggage, as OTEL_EXPORTER_OTLP_HEADERS). */
export function parseHeaderPairs(text: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const item of text.split(',').filter((part) => part.trim() !== '')) {
    const equals = item.indexOf('=');
    const name = item.slice(0, Math.max(equals, 0)).trim().toLowerCase();
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name))
      throw new InvalidArgumentError('Write name=value pairs with commas between them.');
    pairs.set(name, decode(item.slice(equals + 1).trim()));
  }
  return pairs;
}

/** One of these words. */
export function parseChoice<T extends string>(choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw new InvalidArgumentError(`Write one of ${choices.join(', ')}.`);
    return found;
  };
}

/** For an option that may be repeated and takes several values with commas between them. */
export function listOf<T>(
  parse: (text: string) => T,
): (text: string, previous: readonly T[] | undefined) => readonly T[] {
  return (text, previous) => [...(previous ?? []), ...text.split(',').map((item) => parse(item.trim()))];
}

export function parseText(text: string): string {
  if (text === '') throw new InvalidArgumentError('It may not be empty.');
  return text;
}

function parseInteger(text: string, least: number, most: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw new InvalidArgumentError(`Write a whole number from ${least} to ${most}.`);
  return value;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new InvalidArgumentError('A percent sign must be followed by two hexadecimal digits.');
  }
}
