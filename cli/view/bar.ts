import type { Style, StyleName } from '../color.ts';

/** A part of a bar. */
export interface BarPart {
  /** Any unit, the same for all parts. */
  readonly length: number;
  readonly glyph: string;
  readonly color: StyleName;
}

/**
 * Parts one after the other, in exactly `width` columns.
 * @param whole what the width stands for; less than the parts' sum counts as the sum
 * @param least columns that the first part which is not zero takes at the least
 */
export function renderParts(
  parts: readonly BarPart[],
  width: number,
  whole: number,
  least: 0 | 1,
  style: Style,
): string {
  const scale = Math.max(
    whole,
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  if (width <= 0) return '';
  if (!(scale > 0)) return ' '.repeat(width);
  let bar = '';
  let used = 0;
  let elapsed = 0;
  for (const { length, glyph, color } of parts) {
    elapsed += length;
    // The end of each part is rounded, not its length: errors do not add up.
    const end = Math.max(used, Math.round((elapsed / scale) * width), elapsed > 0 ? least : 0);
    bar += style(color, glyph.repeat(end - used));
    used = end;
  }
  return bar + ' '.repeat(width - used);
}
