import { MEMLOCK_NOISE } from './trial.ts';

/** Lines of the script that are shown with what bpftrace said. */
const CONTEXT = 3;
const MAX_SAID = 400;

/**
 * What bpftrace said of the script when it gave up, with the part of the script that it means: it names a line, or the
 * place of the probe whose program it could not load.
 */
export function scriptError(script: string, stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !MEMLOCK_NOISE.test(line));
  const said = lines.find((line) => /error|fatal/i.test(line)) ?? lines[0] ?? 'it said nothing';
  const part = namedPart(script, lines);
  const text = said
    .trim()
    .replace(/^stdin:/, 'line ')
    .slice(0, MAX_SAID);
  return part === undefined ? text : `${text}; the part of the script is "${part}"`;
}

function namedPart(script: string, lines: readonly string[]): string | undefined {
  const source = script.split('\n');
  for (const line of lines) {
    const number = Number(/^(?:stdin|[^\s:]+):(\d+)(?::|-)\d+/.exec(line)?.[1]);
    if (number > 0 && number <= source.length) return source[number - 1]?.trim();
    // 0.17 writes the number of a place in decimal.
    const place = /(?:program|probe):? '?((?:uprobe|tracepoint):\S+?)'?(?:[ ,(]|$)/.exec(line)?.[1];
    const at = place === undefined ? -1 : source.findIndex((text) => samePlace(text, place));
    if (at >= 0)
      return source
        .slice(Math.max(0, at - 1), at + CONTEXT - 1)
        .join(' ')
        .trim();
  }
  return undefined;
}

function samePlace(line: string, place: string): boolean {
  if (line === place || line === `${place},`) return true;
  const number = /:(\d+)$/.exec(place)?.[1];
  return number !== undefined && line === place.replace(/:\d+$/, `:0x${Number(number).toString(16)}`);
}
