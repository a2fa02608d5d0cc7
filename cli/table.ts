import { displayWidth } from './text.ts';

/** Columns with two blanks between them, as wide as their widest cell; the last one is not filled up. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((title, column) =>
    Math.max(...[header, ...rows].map((row) => displayWidth(row[column] ?? '')), title.length),
  );
  return [header, ...rows].map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - displayWidth(cell)))
      .join('  ')
      .trimEnd(),
  );
}
