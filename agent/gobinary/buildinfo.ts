import type { Elf } from './elf.ts';
import { BinaryError, damaged } from './errors.ts';
import type { Image } from './image.ts';
import { unquote } from './unquote.ts';

export interface GoVersion {
  /** As the linker wrote it, e.g. `go1.26.8` or `go1.24.4 X:nocoverageredesign`. */
  readonly raw: string;
  readonly major: number;
  readonly minor: number;
  /** 0 for `go1.26`, for a release candidate and for a development version. */
  readonly patch: number;
}

interface GoModule {
  readonly path: string;
  /** `(devel)` or empty where the module had no version. */
  readonly version: string;
  readonly sum: string;
  readonly replacedBy: GoModule | undefined;
}

/** What runtime/debug.ReadBuildInfo returns. Written by whoever built the program: escape it before printing. */
export interface BuildInfo {
  /** Import path of the main package; empty when built without modules. */
  readonly path: string;
  readonly main: GoModule | undefined;
  readonly deps: readonly GoModule[];
  /** Build settings by key, e.g. `CGO_ENABLED`, `-ldflags`, `vcs.revision`. */
  readonly settings: ReadonlyMap<string, string>;
}

const MAGIC = Buffer.from('\xff Go buildinf:', 'latin1');
const HEADER_SIZE = 32;
const ALIGNMENT = 16;
const FLAG_INLINE = 2;
const FRAME_SIZE = 16;
const MAX_VERSION = 1024;
const MAX_MODULES = 4 * 1024 * 1024;

/**
 * Reads the build information (Go: debug/buildinfo, `readRawBuildInfo`).
 * Throws `not_go` where there is none, `too_old` below Go 1.19, `damaged`.
 */
export function readBuildInfo(image: Image, elf: Elf): { version: GoVersion; buildInfo: BuildInfo } {
  const address = findMagic(image, elf);
  const header = image.bytes(address, HEADER_SIZE);
  if (((header[15] as number) & FLAG_INLINE) === 0) throw tooOld('a Go release before 1.18');
  const raw = readString(image, address + HEADER_SIZE, MAX_VERSION);
  const version = parseVersion(raw.text);
  const framed = readString(image, raw.end, MAX_MODULES).text;
  return { version, buildInfo: parseModules(framed.slice(FRAME_SIZE, -FRAME_SIZE)) };
}

/** Parses the linker's version string. Throws `not_go` where it is none, `too_old` below 1.19. */
export function parseVersion(raw: string): GoVersion {
  const match = /\bgo(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?/.exec(raw);
  if (match === null) {
    throw new BinaryError('not_go', 'the executable hides its Go version; rebuild it without obfuscation');
  }
  const [major, minor, patch] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
  if (major < 1 || (major === 1 && minor < 19)) throw tooOld(match[0]);
  return { raw, major, minor, patch };
}

function tooOld(version: string): BinaryError {
  return new BinaryError('too_old', `built with ${version}; rebuild it with Go 1.19 or later`);
}

function findMagic(image: Image, elf: Elf): number {
  const section = elf.sections.find((candidate) => candidate.name === '.go.buildinfo');
  const places = section === undefined ? image.segments.filter((segment) => segment.writable) : [section];
  for (const place of places) {
    const length = 'size' in place ? place.size : place.fileSize;
    for (const address of image.search({ address: place.address, length }, MAGIC)) {
      if (address % ALIGNMENT === 0) return address;
    }
  }
  throw new BinaryError('not_go', 'not a Go executable: it has no Go build information; name a program built by Go');
}

function readString(image: Image, address: number, limit: number): { text: string; end: number } {
  const head = image.bytesUpTo(address, 10);
  let length = 0;
  let at = 0;
  for (let more = true; more; at++) {
    const byte = head[at];
    if (byte === undefined || at > 4) throw damaged('its build information has no end');
    length += (byte & 0x7f) * 2 ** (7 * at);
    more = byte >= 0x80;
  }
  if (length > limit) throw damaged('its build information is too long');
  const start = address + at;
  return { text: length === 0 ? '' : image.bytes(start, length).toString('utf8'), end: start + length };
}

/** Parses the text form of debug.BuildInfo: tab-separated lines. Unknown lines are skipped. */
export function parseModules(text: string): BuildInfo {
  let path = '';
  let main: GoModule | undefined;
  const deps: GoModule[] = [];
  const settings = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [kind, ...fields] = line.split('\t');
    if (kind === 'path') path = fields[0] ?? '';
    else if (kind === 'mod') main = moduleOf(fields);
    else if (kind === 'dep') deps.push(moduleOf(fields));
    else if (kind === '=>') replaceLast(deps, moduleOf(fields));
    else if (kind === 'build') addSetting(settings, fields.join('\t'));
  }
  return { path, main, deps, settings };
}

function moduleOf(fields: readonly string[]): GoModule {
  return { path: fields[0] ?? '', version: fields[1] ?? '', sum: fields[2] ?? '', replacedBy: undefined };
}

function replaceLast(deps: GoModule[], replacedBy: GoModule): void {
  const last = deps.pop();
  if (last !== undefined) deps.push({ ...last, replacedBy });
}

function addSetting(settings: Map<string, string>, text: string): void {
  const key = unquote(text, '=');
  if (text[key.length] !== '=') return;
  settings.set(key.value, unquote(text.slice(key.length + 1), '').value);
}
