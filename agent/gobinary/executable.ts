import type { GoBinary, GoFunction, InlinedRange, SourceFrame, StructType } from './binary.ts';
import type { BuildInfo, GoVersion } from './buildinfo.ts';
import type { Elf } from './elf.ts';
import { BinaryError, damaged } from './errors.ts';
import { type FunctionRecord, FunctionTable } from './function-table.ts';
import type { Image } from './image.ts';
import { InlineTree } from './inline-tree.ts';
import type { Moduledata } from './moduledata.ts';
import { pcValue } from './pcvalue.ts';
import type { FileReader } from './reader.ts';
import { readStopReasons, readWaitReasons } from './reasons.ts';

const MAX_PREFIX_RESULTS = 1000;
const MAX_CODE = 16 * 1024 * 1024;

/** The parts that `openGoBinary` found. */
export interface Parts {
  readonly path: string;
  readonly reader: FileReader;
  readonly elf: Elf;
  readonly image: Image;
  readonly version: GoVersion;
  readonly buildInfo: BuildInfo;
  readonly moduledata: Moduledata;
}

export class GoExecutable implements GoBinary {
  readonly path: string;
  readonly arch: 'amd64' | 'arm64';
  readonly version: GoVersion;
  readonly buildInfo: BuildInfo;
  readonly pie: boolean;
  readonly stripped: boolean;
  readonly functionCount: number;
  readonly #parts: Parts;
  readonly #functions: FunctionTable;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.path = parts.path;
    this.arch = parts.elf.arch;
    this.version = parts.version;
    this.buildInfo = parts.buildInfo;
    this.pie = parts.elf.pie;
    this.stripped = parts.elf.stripped;
    this.#functions = new FunctionTable(parts.image, parts.moduledata.tables, parts.moduledata.text);
    this.functionCount = this.#functions.count;
  }

  find(name: string): GoFunction | undefined {
    return toFunction(this.#functions.find(name));
  }

  findByPrefix(prefix: string): readonly GoFunction[] {
    return this.#functions.findByPrefix(prefix, MAX_PREFIX_RESULTS).map((record) => toFunction(record));
  }

  functionAt(address: number): GoFunction | undefined {
    return toFunction(this.#functions.at(address));
  }

  code(fn: GoFunction): Uint8Array {
    if (!(fn.end - fn.start <= MAX_CODE)) throw damaged(`the function ${fn.name} is too large`);
    return this.#parts.image.bytes(fn.start, fn.end - fn.start);
  }

  inlined(fn: GoFunction): readonly InlinedRange[] {
    const record = this.#functions.at(fn.start);
    if (record === undefined) return [];
    const stretches = this.#inlineTree(record).stretches();
    return stretches.map(({ name, start, end }) => ({ name, start: record.start + start, end: record.start + end }));
  }

  frames(address: number): readonly SourceFrame[] {
    return orElse([], () => {
      const record = this.#functions.at(address);
      return record === undefined ? [] : this.#framesOf(record, address - record.start);
    });
  }

  readOnly(): { readonly start: number; readonly end: number } | undefined {
    const candidates = this.#parts.image.segments.filter(({ writable, executable }) => !writable && !executable);
    const largest = candidates.toSorted((a, b) => b.fileSize - a.fileSize)[0];
    return largest && { start: largest.address, end: largest.address + largest.fileSize };
  }

  fileOffset(address: number): number | undefined {
    return this.#parts.image.fileOffset(address);
  }

  word(address: number): number | undefined {
    return orElse(undefined, () => this.#parts.image.word(address));
  }

  struct(pkgPath: string, name: string): StructType | undefined {
    return this.#parts.moduledata.types.struct(pkgPath, name);
  }

  pointerType(pkgPath: string, name: string): number | undefined {
    return this.#parts.moduledata.types.pointerType(pkgPath, name);
  }

  typeAt(address: number): { name: string; pkgPath: string; kind: number } | undefined {
    return orElse(undefined, () => this.#parts.moduledata.types.describe(address));
  }

  waitReasons(): readonly string[] | undefined {
    return orElse(undefined, () => {
      const code = this.find('runtime.waitReason.String');
      const bytes = code === undefined ? Buffer.alloc(0) : Buffer.from(this.code(code));
      return readWaitReasons(this.#parts.image, this.arch, bytes);
    });
  }

  stwReasons(): readonly string[] | undefined {
    return orElse(undefined, () => readStopReasons(this.#parts.image));
  }

  close(): void {
    this.#parts.reader.close();
  }

  #inlineTree(record: FunctionRecord): InlineTree {
    const { image, moduledata } = this.#parts;
    return new InlineTree(image, moduledata.tables, moduledata.gofunc, record);
  }

  #framesOf(record: FunctionRecord, address: number): SourceFrame[] {
    let pc = address;
    const frames: SourceFrame[] = [];
    for (const call of this.#inlineTree(record).callsAt(pc)) {
      frames.push(this.#frame(record, call.name, pc, true));
      pc = call.parentPc;
    }
    frames.push(this.#frame(record, record.name, pc, false));
    return frames;
  }

  #frame(record: FunctionRecord, name: string, pc: number, inlined: boolean): SourceFrame {
    const { image, moduledata } = this.#parts;
    const line = pcValue(image, moduledata.tables, record.pcln, pc);
    return { function: name, file: this.#functions.file(record, pc) ?? '?', line: Math.max(line, 0), inlined };
  }
}

function toFunction(record: FunctionRecord): GoFunction;
function toFunction(record: FunctionRecord | undefined): GoFunction | undefined;
function toFunction(record: FunctionRecord | undefined): GoFunction | undefined {
  return record === undefined ? undefined : { name: record.name, start: record.start, end: record.end };
}

/** What a running process points at is looked up while it runs: what cannot be read is not known. */
function orElse<T>(fallback: T, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof BinaryError) return fallback;
    throw error;
  }
}
