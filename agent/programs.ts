import { statSync } from 'node:fs';
import type { GoBinary } from './gobinary/binary.ts';
import { type BuildInfo, type GoVersion, readBuildInfo } from './gobinary/buildinfo.ts';
import { readElf } from './gobinary/elf.ts';
import { BinaryError } from './gobinary/errors.ts';
import { Image } from './gobinary/image.ts';
import { openFile } from './gobinary/reader.ts';
import { Relocations } from './gobinary/relocations.ts';
import type { GoProgram, ReadProgram } from './target/program.ts';
import type { BuildKind } from './view.ts';

/** What the build information of a Go executable says; its function table is not read. */
export interface ProgramFacts {
  readonly arch: 'amd64' | 'arm64';
  readonly version: GoVersion;
  readonly buildInfo: BuildInfo;
  readonly pie: boolean;
  readonly stripped: boolean;
}

const NO_RELOCATIONS = new Relocations(new Uint32Array(0), new Uint32Array(0));
const CACHED_FILES = 4096;

/** @throws BinaryError */
export function readProgramFacts(path: string): ProgramFacts {
  const reader = openFile(path);
  try {
    const elf = readElf(reader);
    const { version, buildInfo } = readBuildInfo(new Image(reader, elf, NO_RELOCATIONS), elf);
    return { arch: elf.arch, version, buildInfo, pie: elf.pie, stripped: elf.stripped };
  } finally {
    reader.close();
  }
}

/**
 * The facts of many executables, each file read once while it does not change. A container's copies of one
 * image layer are one file.
 */
export class ProgramCache {
  readonly #files = new Map<string, ProgramFacts | BinaryError>();

  /** The error says why it is not usable as a Go program. */
  read(path: string): ProgramFacts | BinaryError {
    const key = fileKey(path);
    const known = key === undefined ? undefined : this.#files.get(key);
    if (known !== undefined) return known;
    const facts = factsOrError(path);
    if (key !== undefined && this.#files.size < CACHED_FILES) this.#files.set(key, facts);
    return facts;
  }

  /** For the selectors of `agent/target`. */
  readonly readProgram: ReadProgram = (path) => {
    const facts = this.read(path);
    return facts instanceof BinaryError ? undefined : goProgram(facts.buildInfo);
  };
}

/** How it was built, as far as build information and function names tell. */
export function buildKind(binary: GoBinary): BuildKind {
  return {
    arch: binary.arch,
    stripped: binary.stripped,
    pie: binary.pie,
    cgo: binary.find('_cgo_topofstack') !== undefined || binary.findByPrefix('runtime/cgo.').length > 0,
    pgo: (binary.buildInfo.settings.get('-pgo') ?? '') !== '',
  };
}

function goProgram(buildInfo: BuildInfo): GoProgram {
  return { mainPackage: buildInfo.path, mainModule: buildInfo.main?.path ?? '' };
}

function factsOrError(path: string): ProgramFacts | BinaryError {
  try {
    return readProgramFacts(path);
  } catch (error) {
    if (error instanceof BinaryError) return error;
    throw error;
  }
}

/** Identifies the contents of a file while it is not changed; undefined where it cannot be looked at. */
export function fileKey(path: string): string | undefined {
  try {
    const { dev, ino, size, mtimeNs } = statSync(path, { bigint: true });
    return `${dev}:${ino}:${size}:${mtimeNs}`;
  } catch {
    return undefined;
  }
}
