import type { Phases } from '../../agent/correlate/span.ts';
import type { Style, StyleName } from '../color.ts';
import { renderParts } from './bar.ts';

/** The parts of a request that a bar shows; together they are its duration. */
export interface BarPhases {
  readonly read: number;
  /** Handler, before it sent the header. */
  readonly beforeHeader: number;
  /** Handler, after it sent the header. */
  readonly afterHeader: number;
  /** After the handler returned. */
  readonly finish: number;
}

export type BarPhase = keyof BarPhases;

/** Shape and colour of each part; the shapes differ, so that no colour is needed. */
export const BAR_PARTS: readonly {
  readonly phase: BarPhase;
  readonly glyph: string;
  readonly color: StyleName;
  readonly label: string;
  readonly short: string;
}[] = [
  { phase: 'read', glyph: '░', color: 'cyan', label: 'read', short: 'read' },
  { phase: 'beforeHeader', glyph: '█', color: 'green', label: 'handler to header', short: 'to header' },
  { phase: 'afterHeader', glyph: '▓', color: 'yellow', label: 'after header', short: 'after it' },
  { phase: 'finish', glyph: '▒', color: 'magenta', label: 'finish', short: 'finish' },
];

export const NO_PHASES: BarPhases = { read: 0, beforeHeader: 0, afterHeader: 0, finish: 0 };

export function barPhases(phases: Phases): BarPhases {
  const beforeHeader = Math.min(phases.handler, phases.writeHeader ?? phases.handler);
  return {
    read: Math.max(0, phases.read ?? 0),
    beforeHeader: Math.max(0, beforeHeader),
    afterHeader: Math.max(0, phases.handler - beforeHeader),
    finish: Math.max(0, phases.finish),
  };
}

export function addPhases(a: BarPhases, b: BarPhases, weight: number): BarPhases {
  return {
    read: a.read + b.read * weight,
    beforeHeader: a.beforeHeader + b.beforeHeader * weight,
    afterHeader: a.afterHeader + b.afterHeader * weight,
    finish: a.finish + b.finish * weight,
  };
}

/**
 * A bar of exactly `width` columns. Something is never shown as nothing.
 * @param scale nanoseconds that the whole width stands for; the parts' own sum where it is left out
 */
export function renderBar(phases: BarPhases, width: number, style: Style, scale = 0): string {
  const parts = BAR_PARTS.map(({ phase, glyph, color }) => ({ length: phases[phase], glyph, color }));
  return renderParts(parts, width, scale, 1, style);
}

/** `░ read  █ handler to header  ▓ after header  ▒ finish` */
export function renderLegend(style: Style): string {
  return BAR_PARTS.map((part) => `${style(part.color, part.glyph)} ${part.label}`).join('  ');
}

/** `░ read █ to header ...` */
export function renderShortLegend(
  parts: readonly { readonly glyph: string; readonly color: StyleName; readonly short: string }[],
  style: Style,
): string {
  return parts.map((part) => `${style(part.color, part.glyph)} ${part.short}`).join(' ');
}
