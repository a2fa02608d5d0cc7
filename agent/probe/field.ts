import type { GoBinary } from '../gobinary/binary.ts';

/** A field of a named struct type. */
export interface FieldRef {
  readonly pkg: string;
  readonly type: string;
  readonly field: string;
}

/** How the value of one member of `struct target_config` is found. */
export interface MemberDefinition {
  readonly member: string;
  /** Ways to it in order of preference; each is a path of fields inside one another, whose offsets add up. */
  readonly paths: readonly (readonly FieldRef[])[];
}

export function ref(pkg: string, type: string, field: string): FieldRef {
  return { pkg, type, field };
}

/** Undefined: a type on the path is not linked into the binary, or has no such field. */
export function offsetOf(binary: GoBinary, path: readonly FieldRef[]): number | undefined {
  let offset = 0;
  for (const { pkg, type, field } of path) {
    const found = binary.struct(pkg, type)?.fields.get(field);
    if (found === undefined) return undefined;
    offset += found.offset;
  }
  return offset;
}
