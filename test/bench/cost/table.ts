export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Bounds of the median of what the values are a sample of: 95 % sure, by their order alone, from six values on. */
export function medianBounds(values: readonly number[]): readonly [low: number, high: number] {
  const sorted = values.toSorted((a, b) => a - b);
  const n = sorted.length;
  // The number of values below the median is as that of heads in n throws of a coin.
  let left = 0;
  let probability = 0.5 ** n;
  let sum = probability;
  while (sum <= 0.025) {
    left++;
    probability *= (n - left + 1) / left;
    sum += probability;
  }
  const outside = Math.max(0, left - 1);
  return [sorted[outside] as number, sorted[n - 1 - outside] as number];
}

/** Columns aligned; the first to the left, the others to the right. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    )
    .join('\n');
}
