import { displayWidth } from '../text.ts';

/** Breaks a line into pieces of `columns`; the pieces that follow are indented. */
export function wrap(text: string, columns: number, indent: number): string[] {
  if (text.length <= columns) return [text];
  const lines = [text.slice(0, columns)];
  const width = Math.max(8, columns - indent);
  for (let at = columns; at < text.length; at += width) lines.push(' '.repeat(indent) + text.slice(at, at + width));
  return lines;
}

/** The same between words; a word that is longer than a line is broken. The first line keeps its own indent. */
export function wrapWords(text: string, columns: number, indent: number): string[] {
  if (displayWidth(text) <= columns) return [text];
  const lines: string[] = [];
  let line = /^ */.exec(text)?.[0] ?? '';
  for (const word of text.trimStart().split(/(?<= )/)) {
    const isEmpty = line.trim() === '';
    if (!isEmpty && displayWidth(line + word.trimEnd()) > columns) {
      lines.push(line.trimEnd());
      line = ' '.repeat(indent);
    }
    line += word;
    if (displayWidth(line.trimEnd()) <= columns) continue;
    const pieces = wrap(line, columns, indent);
    line = pieces.pop() ?? '';
    lines.push(...pieces);
  }
  return [...lines, line.trimEnd()];
}
