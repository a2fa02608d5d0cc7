import type { RouteRow } from './routes.ts';

/** What the route table can be ordered by, in the order in which `s` goes through them. */
export const SORT_KEYS = ['rate', 'p50', 'p95', 'p99', 'max', 'errors', 'count', 'route'] as const;

export type SortKey = (typeof SORT_KEYS)[number];

/** A new array, greatest first (names: A first), or the other way round. Equal rows are ordered by name. */
export function sortRoutes(rows: readonly RouteRow[], key: SortKey, reverse: boolean): RouteRow[] {
  const sign = reverse ? -1 : 1;
  return [...rows].sort((a, b) => sign * compare(a, b, key) || a.name.localeCompare(b.name));
}

function compare(a: RouteRow, b: RouteRow, key: SortKey): number {
  if (key === 'route') return a.name.localeCompare(b.name);
  return value(b, key) - value(a, key);
}

function value(row: RouteRow, key: Exclude<SortKey, 'route'>): number {
  return key === 'errors' ? errorShare(row) : row[key];
}

export function errorShare(row: RouteRow): number {
  return row.count === 0 ? 0 : row.errors / row.count;
}
