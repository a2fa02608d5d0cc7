/** A place in a list that changes: it stays on its row while the list moves, and at the top on whatever comes first. */
export class Cursor<T> {
  index = 0;
  #key: unknown;
  readonly #keyOf: (row: T) => unknown;

  constructor(keyOf: (row: T) => unknown) {
    this.#keyOf = keyOf;
  }

  move(by: number, rows: readonly T[]): void {
    this.index = clamp(this.index + by, rows);
    const row = rows[this.index];
    this.#key = this.index === 0 || row === undefined ? undefined : this.#keyOf(row);
  }

  follow(rows: readonly T[]): void {
    const at = this.#key === undefined ? -1 : rows.findIndex((row) => this.#keyOf(row) === this.#key);
    this.index = at >= 0 ? at : clamp(this.index, rows);
  }
}

function clamp(index: number, rows: readonly unknown[]): number {
  return Math.min(Math.max(0, index), Math.max(0, rows.length - 1));
}
