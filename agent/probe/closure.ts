import type { GoBinary, GoFunction } from '../gobinary/binary.ts';
import { loadedAddresses } from './loaded-addresses.ts';

/**
 * Of the closures whose names are this prefix and a number, the one that loads a variable which holds an interface of a
 * type: its first word is an itab, whose second is the type (abi.ITab). A number in a name proves nothing.
 */
export function closureThatLoads(
  binary: GoBinary,
  prefix: string,
  { pkg, type }: { readonly pkg: string; readonly type: string },
): GoFunction | undefined {
  const descriptor = binary.struct(pkg, type)?.address;
  if (descriptor === undefined) return undefined;
  return binary
    .findByPrefix(prefix)
    .filter(({ name }) => /^\d+$/.test(name.slice(prefix.length)))
    .find((fn) => loadedAddresses(binary, fn).some((address) => typeOfInterface(binary, address) === descriptor));
}

function typeOfInterface(binary: GoBinary, address: number): number | undefined {
  const itab = binary.word(address);
  return itab === undefined ? undefined : binary.word(itab + 8);
}
