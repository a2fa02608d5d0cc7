/**
 * Why an executable cannot be used.
 * - `unreadable`: the file cannot be opened or read.
 * - `not_elf`: not an ELF file.
 * - `bits32`, `unsupported_arch`: an ELF file for a machine that is not supported.
 * - `truncated`: the file ends before what its own headers announce.
 * - `not_go`: an ELF file, but not one that Go's linker made.
 * - `too_old`: built with Go before 1.19.
 * - `damaged`: the file contradicts itself.
 */
export type BinaryErrorCode =
  | 'not_elf'
  | 'truncated'
  | 'damaged'
  | 'not_go'
  | 'too_old'
  | 'bits32'
  | 'unsupported_arch'
  | 'unreadable';

/** The only error that reading an executable throws, whatever the file holds. */
export class BinaryError extends Error {
  override readonly name = 'BinaryError';
  readonly code: BinaryErrorCode;

  constructor(code: BinaryErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** An error of code `damaged` about one part of the file. */
export function damaged(what: string): BinaryError {
  return new BinaryError(
    'damaged',
    `the executable is damaged: ${what}; compare it with the original file or rebuild it`,
  );
}
