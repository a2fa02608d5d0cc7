import type { Style } from '../color.ts';
import { formatDuration, formatRate, formatShare } from '../format.ts';
import { padEnd, padStart } from '../text.ts';
import { errorShare, type SortKey } from './columns.ts';
import type { LiveState } from './live-state.ts';
import { renderBar } from './phases.ts';
import type { RouteRow } from './routes.ts';

interface Column {
  readonly key: SortKey;
  readonly title: string;
  readonly width: number;
  readonly cell: (row: RouteRow) => string;
  /** Left out in windows that are narrower. */
  readonly from: number;
}

const COLUMNS: readonly Column[] = [
  { key: 'rate', title: 'req/s', width: 7, cell: (row) => formatRate(row.rate), from: 0 },
  { key: 'count', title: 'count', width: 9, cell: (row) => countCell(row.count), from: 100 },
  { key: 'p50', title: 'p50', width: 6, cell: (row) => formatDuration(row.p50), from: 0 },
  { key: 'p95', title: 'p95', width: 6, cell: (row) => formatDuration(row.p95), from: 60 },
  { key: 'p99', title: 'p99', width: 6, cell: (row) => formatDuration(row.p99), from: 0 },
  { key: 'max', title: 'max', width: 6, cell: (row) => formatDuration(row.max), from: 60 },
  { key: 'errors', title: 'err', width: 6, cell: (row) => formatShare(errorShare(row)), from: 0 },
];

const LEAST_NAME = 10;

/** The table by route: a title line and at most `rows` rows. */
export function renderRoutes(state: LiveState, rows: number, columns: number, style: Style): string[] {
  const shown = COLUMNS.filter((column) => columns >= column.from);
  const numbers = shown.reduce((sum, column) => sum + column.width + 1, 0);
  const bar = columns < 72 ? 0 : Math.max(10, Math.floor((columns - numbers) / 4));
  const name = Math.max(LEAST_NAME, columns - numbers - (bar === 0 ? 0 : bar + 1));
  const title = (key: SortKey, text: string): string =>
    key === state.sort ? `${text}${state.reverse ? '↑' : '↓'}` : text;
  const head = [
    padEnd(title('route', 'route'), name),
    ...shown.map((column) => padStart(title(column.key, column.title), column.width)),
    ...(bar === 0 ? [] : [padEnd('phases', bar)]),
  ];
  const body = state.routes.slice(0, rows).map((row) => {
    const cells = shown.map((column) => {
      const text = padStart(column.cell(row), column.width);
      return column.key === 'errors' && row.errors > 0 ? style('red', text) : text;
    });
    return [padEnd(routeName(row), name), ...cells, ...(bar === 0 ? [] : [renderBar(row.phases, bar, style)])].join(
      ' ',
    );
  });
  return [style('inverse', head.join(' ')), ...(body.length > 0 ? body : [style('dim', emptyText(state))])];
}

/** A guessed route is marked: it is a template of the path, not what the program calls it. */
export function routeName(row: Pick<RouteRow, 'name' | 'guessed'>): string {
  return row.guessed ? `${row.name} ~` : row.name;
}

function countCell(count: number): string {
  return count < 1e8 ? String(count) : count.toExponential(2);
}

function emptyText(state: LiveState): string {
  return state.filter === '' ? 'no request yet' : 'no route matches the filter';
}
