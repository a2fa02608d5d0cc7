/** The first `limit` values. (Iterator.prototype.take is not in the language level that the project compiles for.) */
export function* take<T>(values: Iterable<T>, limit: number): Generator<T> {
  let left = limit;
  if (left <= 0) return;
  for (const value of values) {
    yield value;
    if (--left === 0) return;
  }
}
