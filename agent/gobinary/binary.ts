import type { BuildInfo, GoVersion } from './buildinfo.ts';

/** A Go function as the function table (`.gopclntab`) names it. Addresses are link-time virtual addresses. */
export interface GoFunction {
  readonly name: string;
  readonly start: number;
  /** One past the last byte, padding excluded where that is known. */
  readonly end: number;
}

/** A stretch of code that came from an inlined call. */
export interface InlinedRange {
  /** Full name of the inlined function. */
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** One frame of a stack; an address yields several when calls were inlined, innermost first. */
export interface SourceFrame {
  readonly function: string;
  readonly file: string;
  readonly line: number;
  readonly inlined: boolean;
}

export interface StructType {
  readonly address: number;
  readonly size: number;
  /** Fields by name: byte offset, and the address of the field's type descriptor. Embedded fields go by their type's name. */
  readonly fields: ReadonlyMap<string, { readonly offset: number; readonly type: number }>;
}

/**
 * What a Go executable says of itself: the only view of it that the rest of the agent has. Everything is read
 * from the file in hand, when it is asked for; nothing comes from a table by version. What the file says is
 * hostile: every method that reads may throw `BinaryError`, but for `frames`, `typeAt`, `word`, `waitReasons` and
 * `stwReasons`, which answer with nothing. Names are those of the file: escape them before printing.
 */
export interface GoBinary {
  readonly path: string;
  readonly arch: 'amd64' | 'arm64';
  readonly version: GoVersion;
  readonly buildInfo: BuildInfo;
  readonly pie: boolean;
  readonly stripped: boolean;
  readonly functionCount: number;

  /** The function of exactly this name. */
  find(name: string): GoFunction | undefined;
  /** Names that begin with this prefix (bounded: 1,000). */
  findByPrefix(prefix: string): readonly GoFunction[];
  functionAt(address: number): GoFunction | undefined;
  /** The machine code of a function. */
  code(fn: GoFunction): Uint8Array;
  /** Stretches of `fn` that were inlined into it, outermost first in document order. */
  inlined(fn: GoFunction): readonly InlinedRange[];
  /**
   * Function, file and line of an instruction, inlined frames first. Empty: not Go code. For a return address
   * ask for the address before it, which belongs to the call.
   */
  frames(address: number): readonly SourceFrame[];
  /** Where in the file an address is stored; undefined: not backed by the file. */
  fileOffset(address: number): number | undefined;

  /** The largest part of the memory that is mapped for reading alone: constants, texts of literals among them. */
  readOnly(): { readonly start: number; readonly end: number } | undefined;

  /** A named struct type by import path and name, e.g. ('net/http', 'response'). */
  struct(pkgPath: string, name: string): StructType | undefined;
  /** Address of the type descriptor of `*pkg.name`. */
  pointerType(pkgPath: string, name: string): number | undefined;
  /** The printed name of the type whose descriptor is at this address, e.g. `*errors.errorString`, and its kind (abi.Kind). */
  typeAt(address: number): { readonly name: string; readonly pkgPath: string; readonly kind: number } | undefined;

  /** The pointer-sized word at an address, relocated. Undefined: the file does not hold it. */
  word(address: number): number | undefined;

  /** Texts of `g.waitreason`, by number (they are renumbered between versions). Undefined: not found. */
  waitReasons(): readonly string[] | undefined;
  /** Why the world is stopped, by number (Go 1.21 and later). Undefined: the program does not hold the texts. */
  stwReasons(): readonly string[] | undefined;

  /** Closes the file. Nothing can be read after it. */
  close(): void;
}
