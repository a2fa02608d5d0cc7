/** What a target's binary says of addresses in the running process. The session makes one a process, from GoBinary and the load bias. */
export interface AddressResolver {
  /** The type whose descriptor is at this run-time address: its printed name, and its kind (abi.Kind). */
  typeAt(address: number): { readonly name: string; readonly kind: number } | undefined;
  /** The Go frames at this run-time address, inlined ones first; empty: not Go code. */
  frames(address: number): readonly {
    readonly function: string;
    readonly file: string;
    readonly line: number;
    readonly inlined: boolean;
  }[];
}
