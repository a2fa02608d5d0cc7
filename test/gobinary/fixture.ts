import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** A way to build the fixture. */
export interface Variant {
  readonly name: string;
  readonly flags: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export const PLAIN: Variant = { name: 'plain', flags: [] };
export const STRIPPED: Variant = { name: 'stripped', flags: ['-ldflags=-s -w'] };
export const ARM64: Variant = { name: 'arm64', flags: [], env: { GOARCH: 'arm64', CGO_ENABLED: '0' } };
const EXTERNAL = ['-tags=usecgo', '-ldflags=-s -w -linkmode=external'];

/** Those that run on an amd64 machine. */
export const NATIVE: readonly Variant[] = [
  PLAIN,
  STRIPPED,
  { name: 'pie', flags: ['-buildmode=pie', '-ldflags=-s -w'] },
  { name: 'cgo', flags: EXTERNAL },
  { name: 'cgo-pie', flags: ['-buildmode=pie', ...EXTERNAL] },
];

const ROOT = join(import.meta.dirname, '..', '..');

/** Builds the fixture and returns its path. `go` is a Go command; `label` keeps its results apart from others'. */
export function buildFixture(variant: Variant, go = 'go', label = 'default'): string {
  const folder = join(ROOT, 'build', 'gobinary', label);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, variant.name);
  // Test files run at the same time: one builds, the others find it done (Go leaves what is up to date alone).
  execFileSync('flock', [`${path}.lock`, go, 'build', '-buildvcs=false', ...variant.flags, '-o', path, '.'], {
    cwd: join(import.meta.dirname, 'fixture'),
    env: { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '', GOARCH: 'amd64', GOOS: 'linux', ...variant.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return path;
}

interface Frame {
  readonly pc: number;
  readonly function: string;
  readonly file: string;
  readonly line: number;
}

/** What `fixture describe` prints; addresses are those of the running process. */
interface Description {
  readonly main: number;
  readonly failed: number;
  readonly stack: readonly Frame[];
  readonly types: readonly {
    readonly pkgPath: string;
    readonly name: string;
    readonly printed: string;
    readonly kind: number;
    readonly address: number;
    readonly pointer: number;
    readonly size: number;
    readonly fields: Readonly<Record<string, number>>;
  }[];
}

export interface Fixture {
  readonly description: Description;
  /** Function, file and line of each address, by the Go runtime. */
  resolve(pcs: readonly number[]): readonly Frame[];
}

/** Runs a fixture. `anchor` is the link-time address of main.main: all addresses here are link-time addresses. */
export function askFixture(path: string, anchor: number): Fixture {
  // Without address space randomisation every run of a PIE has the same addresses.
  const run = (command: string, input: string): string =>
    execFileSync('setarch', ['-R', path, command], { input, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const raw = JSON.parse(run('describe', '')) as Description;
  const bias = raw.main - anchor;
  const linked = (address: number): number => (address === 0 ? 0 : address - bias);
  return {
    description: {
      main: anchor,
      failed: linked(raw.failed),
      stack: raw.stack.map((frame) => ({ ...frame, pc: linked(frame.pc) })),
      types: raw.types.map((type) => ({ ...type, address: linked(type.address), pointer: linked(type.pointer) })),
    },
    resolve: (pcs) => {
      const input = pcs.map((pc) => `${pc + bias}\n`).join('');
      return (JSON.parse(run('resolve', input)) as Frame[]).map((frame) => ({ ...frame, pc: linked(frame.pc) }));
    },
  };
}
