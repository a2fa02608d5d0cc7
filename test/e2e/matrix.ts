/** What is tested against what: one cell is one server binary; all protocols are driven against it. */
export const GO_VERSIONS = ['1.19', '1.21', '1.22', '1.23', '1.24', '1.25', '1.26', '1.27'] as const;
export type GoVersion = (typeof GO_VERSIONS)[number];

export const BUILD_KINDS = ['stripped', 'plain', 'pie', 'cgo', 'pgo'] as const;
export type BuildKind = (typeof BUILD_KINDS)[number];

/** `probe-me-xnet` has the HTTP/2 of golang.org/x/net instead of the standard library's. */
export type Program = 'probe-me' | 'probe-me-xnet';

export const PROTOCOLS = ['h10', 'h11', 'pipelined', 'split', 'unix', 'tls11', 'h2', 'h2c'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export interface Cell {
  readonly program: Program;
  readonly go: GoVersion;
  readonly build: BuildKind;
}

export function cellName({ program, go, build }: Cell): string {
  return `${program}, Go ${go}, ${build}`;
}

export function minorOf(go: GoVersion): number {
  return Number(go.slice(2));
}

/** The standard library has h2c from Go 1.24 on. */
export function protocolsOf({ program, go }: Cell): readonly Protocol[] {
  const hasH2c = program === 'probe-me-xnet' || minorOf(go) >= 24;
  return PROTOCOLS.filter((protocol) => protocol !== 'h2c' || hasH2c);
}

/** PGO came with Go 1.21 (a preview in 1.20). */
function canBuild({ go, build }: Cell): boolean {
  return build !== 'pgo' || minorOf(go) >= 21;
}

/** Every version once, stripped; every kind of build on the oldest and the newest version that have it. */
export function everydayCells(): readonly Cell[] {
  const cells: Cell[] = GO_VERSIONS.map((go) => ({ program: 'probe-me', go, build: 'stripped' }));
  for (const build of BUILD_KINDS) {
    if (build === 'stripped') continue;
    const able = GO_VERSIONS.filter((go) => canBuild({ program: 'probe-me', go, build }));
    for (const go of [able[0], able.at(-1)]) if (go) cells.push({ program: 'probe-me', go, build });
  }
  for (const go of ['1.19', '1.27'] as const) cells.push({ program: 'probe-me-xnet', go, build: 'stripped' });
  return cells;
}

/** The full product. */
export function allCells(): readonly Cell[] {
  const programs: readonly Program[] = ['probe-me', 'probe-me-xnet'];
  return programs
    .flatMap((program) => GO_VERSIONS.flatMap((go) => BUILD_KINDS.map((build) => ({ program, go, build }))))
    .filter(canBuild);
}

/** HTTPTRACE_MATRIX: `full`, or a part of the names of cells, e.g. `Go 1.27`; else the everyday cells. */
export function chosenCells(choice = process.env['HTTPTRACE_MATRIX'] ?? ''): readonly Cell[] {
  if (choice === '') return everydayCells();
  return choice === 'full' ? allCells() : allCells().filter((cell) => cellName(cell).includes(choice));
}
