import type { Style } from '../color.ts';
import { padEnd } from '../text.ts';
import type { LiveState } from './live-state.ts';
import { renderDetail } from './render-detail.ts';
import { renderFooter } from './render-footer.ts';
import { renderGc } from './render-gc.ts';
import { renderHeader } from './render-header.ts';
import { renderHelp } from './render-help.ts';
import { renderLocks } from './render-locks.ts';
import { renderProcess } from './render-process.ts';
import { renderRoutes } from './render-routes.ts';
import { renderSlowest } from './render-slowest.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const LEAST: Size = { columns: 40, rows: 8 };

/**
 * The whole screen: at most `rows` lines of at most `columns` columns each (escape sequences not counted).
 * Pure: what is drawn depends on the arguments alone.
 */
export function renderLive(state: LiveState, size: Size, style: Style): string[] {
  if (size.columns < LEAST.columns || size.rows < LEAST.rows) {
    return [padEnd(`make the window larger (${LEAST.columns}x${LEAST.rows})`, Math.max(0, size.columns))];
  }
  const footer = renderFooter(state, size.columns, style);
  const space = size.rows - footer.length;
  const body = screenLines(state, space, size.columns, style);
  return [...body.slice(0, space), ...Array<string>(Math.max(0, space - body.length)).fill(''), ...footer];
}

/** Target lines, then routes and slowest requests: routes get up to half of the space, and what the other leaves. */
function overview(state: LiveState, space: number, columns: number, style: Style): string[] {
  const header = renderHeader(state, columns, style);
  // Two titles, a blank line, and why the request under the cursor was slow.
  const left = Math.max(0, space - header.length - 5);
  const slowestRows = Math.min(state.slowest.length, Math.max(Math.floor(left / 2), left - state.routes.length));
  const routeRows = Math.max(1, left - Math.max(1, slowestRows));
  const routes = renderRoutes(state, routeRows, columns, style);
  const slowest = renderSlowest(state, space - header.length - routes.length - 1, columns, style);
  return [...header, ...routes, '', ...slowest];
}

function screenLines(state: LiveState, space: number, columns: number, style: Style): string[] {
  switch (state.screen) {
    case 'overview':
      return overview(state, space, columns, style);
    case 'locks':
      return renderLocks(state, space, columns, style);
    case 'gc':
      return scrolled(renderGc(state, columns, style), state, space);
    case 'process':
      return scrolled(renderProcess(state, columns, style), state, space);
    case 'help':
      return scrolled(renderHelp(style), state, space);
    case 'detail':
      return scrolled(renderDetail(state, columns, style), state, space);
  }
}

function scrolled(lines: readonly string[], state: LiveState, space: number): string[] {
  state.scroll = Math.min(state.scroll, Math.max(0, lines.length - space));
  return lines.slice(state.scroll, state.scroll + space);
}
