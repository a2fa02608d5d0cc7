/**
 * The little of a Go executable that is needed to choose among processes. Reading a binary belongs to a later
 * stage, so whoever wires the stages passes the reader in (`agent/programs.ts`).
 */
export interface GoProgram {
  /** Import path of the main package, e.g. `example.com/shop/cmd/checkout`. */
  readonly mainPackage: string;
  /** Path of the main module; empty where the binary does not say. */
  readonly mainModule: string;
}

/**
 * @param path an executable, e.g. /proc/PID/exe
 * @returns undefined where it is not a Go program or cannot be read; never throws
 */
export type ReadProgram = (path: string) => GoProgram | undefined;

/** The names that `--name` compares with: base name of the executable, last elements of the main package and module. */
export function programNames(executable: string, program: GoProgram | undefined): readonly string[] {
  const names = [
    lastElement(executable),
    lastElement(program?.mainPackage ?? ''),
    lastElement(program?.mainModule ?? ''),
  ];
  return [...new Set(names.filter((name) => name !== ''))];
}

/** A major-version suffix (`example.com/shop/v2`) is not a name. */
function lastElement(path: string): string {
  const elements = path.split('/').filter((element) => element !== '');
  const last = elements.at(-1) ?? '';
  return /^v\d+$/.test(last) && elements.length > 1 ? (elements.at(-2) ?? last) : last;
}
