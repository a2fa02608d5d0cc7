import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BuildKind, Cell, GoVersion } from '../matrix.ts';
import { BUILD, goCommand, ROOT, SERVERS } from './paths.ts';
import { run } from './run.ts';

const OUT = join(BUILD, 'servers');

const FLAGS: Readonly<Record<BuildKind, readonly string[]>> = {
  plain: [],
  stripped: ['-ldflags=-s -w'],
  pie: ['-buildmode=pie', '-ldflags=-s -w'],
  cgo: ['-ldflags=-s -w -linkmode=external'],
  pgo: ['-ldflags=-s -w'],
};

const ENV = { GOTOOLCHAIN: 'local', GOFLAGS: '-buildvcs=false', GO111MODULE: 'on' };

/** Builds the server of a cell, and the toolchain where it is missing. Returns the executable. */
export async function buildServer(cell: Cell): Promise<string> {
  const { program, go, build } = cell;
  await toolchain(go);
  mkdirSync(OUT, { recursive: true });
  const out = join(OUT, `${program}-go${go}-${build}`);
  const flags = [...FLAGS[build]];
  if (build === 'pgo') flags.push(`-pgo=${await profile(go)}`);
  const env = { ...ENV, CGO_ENABLED: build === 'cgo' ? '1' : '0' };
  await run(goCommand(go), ['build', ...flags, `-modfile=${modfile(cell)}`, '-o', out, '.'], {
    cwd: join(SERVERS, program),
    env,
  });
  return out;
}

/** The load client, built with the newest toolchain. */
export async function buildLoad(): Promise<string> {
  await toolchain('1.27');
  const out = join(BUILD, 'load');
  await run(goCommand('1.27'), ['build', '-o', out, '.'], {
    cwd: join(ROOT, 'test/load'),
    env: { ...ENV, CGO_ENABLED: '0' },
  });
  return out;
}

async function toolchain(go: GoVersion): Promise<void> {
  if (!existsSync(goCommand(go))) await run(join(ROOT, 'test/toolchains.sh'), [go]);
}

/**
 * The program's go.mod, saying this Go version: a program of that time would, and it decides what GODEBUG settings
 * it runs with.
 */
function modfile({ program, go }: Cell): string {
  const source = readFileSync(join(SERVERS, program, 'go.mod'), 'utf8');
  const path = join(OUT, `${program}-go${go}.mod`);
  const text = source.replace(/^go .*$/m, `go ${go}`).replace('=> ../', `=> ${SERVERS}/`);
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
  const sums = join(SERVERS, program, 'go.sum');
  if (existsSync(sums)) writeFileSync(path.replace(/mod$/, 'sum'), readFileSync(sums));
  return path;
}

async function profile(go: GoVersion): Promise<string> {
  const path = join(OUT, `go${go}.pgo`);
  if (!existsSync(path)) await run(join(SERVERS, 'profile.sh'), [goCommand(go), await buildLoad(), path]);
  return path;
}
