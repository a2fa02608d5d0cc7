/** Remembers what was computed for a string; forgets everything when it holds `limit` of them. */
export class Memo<T> {
  readonly #compute: (text: string) => T;
  readonly #limit: number;
  readonly #known = new Map<string, T>();

  constructor(limit: number, compute: (text: string) => T) {
    this.#limit = limit;
    this.#compute = compute;
  }

  get(text: string): T {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const value = this.#compute(text);
    if (this.#known.size >= this.#limit) this.#known.clear();
    this.#known.set(text, value);
    return value;
  }
}
