import type { AddressResolver } from '../resolver.ts';
import { BoundedMap } from './bounded-map.ts';
import { type LockPlace, lockPlace } from './place.ts';

const REMEMBERED = 4096;
const UNNAMED: AddressResolver = { typeAt: () => undefined, frames: () => [] };

/** A program waits at few places, again and again: each stack is looked up once. */
export class LockPlaces {
  readonly #resolverOf: (tgid: number) => AddressResolver | undefined;
  readonly #known = new BoundedMap<string, LockPlace>(REMEMBERED);

  constructor(resolverOf: (tgid: number) => AddressResolver | undefined) {
    this.#resolverOf = resolverOf;
  }

  of(tgid: number, stack: readonly number[]): LockPlace {
    const key = `${tgid}/${stack.join()}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const place = lockPlace(stack, this.#resolverOf(tgid) ?? UNNAMED);
    this.#known.set(key, place);
    return place;
  }

  forget(tgid: number): void {
    for (const key of this.#known.keys()) if (key.startsWith(`${tgid}/`)) this.#known.delete(key);
  }
}
