import { expect } from 'vitest';
import type { GoBinary, GoFunction } from '../../agent/gobinary/binary.ts';
import { openGoBinary } from '../../agent/gobinary/open.ts';
import { askFixture } from './fixture.ts';
import { RUNTIME, STABLE } from './known-layouts.ts';

const FUNCTIONS = [
  'net/http.serverHandler.ServeHTTP',
  'net/http.(*response).WriteHeader',
  'net/http.(*response).finishRequest',
  'net/http.(*conn).readRequest',
  'net/http.(*conn).serve',
  'runtime.gopanic',
  'runtime.goexit1',
  'internal/poll.(*FD).Accept',
] as const;
/** Types of values that a program panics with. */
const PANICS = [
  ['errors', 'errorString', '*errors.errorString'],
  ['runtime', 'boundsError', '*runtime.boundsError'],
] as const;
const KIND_POINTER = 22;
const KIND_STRING = 24;

/** Checks what is read of any Go program with an HTTP server: it must agree with itself and with what is known. */
export function checkBinary(path: string): void {
  const binary = openGoBinary(path);
  try {
    for (const name of FUNCTIONS) checkFunction(binary, name);
    expect(binary.find('net/http.(*conn).noSuchMethod')).toBeUndefined();
    checkPrefix(binary);
    checkLayouts(binary);
    checkTypes(binary);
  } finally {
    binary.close();
  }
}

/** Checks a fixture against what the fixture says of itself while it runs. */
export function checkFixture(path: string): void {
  const binary = openGoBinary(path);
  try {
    const fixture = askFixture(path, known(binary.find('main.main')).start);
    for (const type of fixture.description.types) {
      expect(binary.typeAt(type.address)).toEqual({ name: type.printed, pkgPath: type.pkgPath, kind: type.kind });
      if (type.pointer !== 0) expect(binary.pointerType(type.pkgPath, type.name)).toBe(type.pointer);
    }
    checkStructs(binary, fixture.description.types);
    expect(binary.typeAt(fixture.description.failed)?.name).toBe('*errors.errorString');
    checkStack(binary, fixture.description.stack);
    const pcs = addresses(binary);
    const frames = fixture
      .resolve(pcs)
      .map(({ pc, function: name, file, line }) => ({ pc, name: plain(name), file, line }));
    expect(pcs.map((pc) => innermost(binary, pc))).toEqual(frames);
  } finally {
    binary.close();
  }
}

function checkFunction(binary: GoBinary, name: string): void {
  const fn = known(binary.find(name));
  expect(fn.name).toBe(name);
  expect(binary.functionAt(fn.start)).toEqual(fn);
  expect(binary.functionAt(fn.end - 1)).toEqual(fn);
  expect(binary.code(fn)).toHaveLength(fn.end - fn.start);
  const offset = known(binary.fileOffset(fn.start));
  expect(binary.fileOffset(fn.end - 1)).toBe(offset + fn.end - 1 - fn.start);
  const frame = binary.frames(fn.start).at(-1);
  expect(frame).toMatchObject({ function: name, inlined: false, file: expect.stringMatching(/\.go$/) });
  expect(frame?.line).toBeGreaterThan(0);
  for (const range of binary.inlined(fn)) {
    expect(range.start).toBeGreaterThanOrEqual(fn.start);
    expect(range.end).toBeGreaterThan(range.start);
    expect(range.end).toBeLessThanOrEqual(fn.end);
    expect(binary.frames(range.start).map((inner) => inner.function)).toContain(range.name);
    expect(binary.frames(range.end - 1).map((inner) => inner.function)).toContain(range.name);
  }
}

function checkPrefix(binary: GoBinary): void {
  const methods = binary.findByPrefix('net/http.(*conn).');
  expect(methods.map((fn) => fn.name)).toContain('net/http.(*conn).serve');
  for (const fn of methods) expect(fn.name.startsWith('net/http.(*conn).')).toBe(true);
  expect(binary.findByPrefix('runtime.')).toHaveLength(1000);
}

function checkLayouts(binary: GoBinary): void {
  const runtime = RUNTIME.get(binary.version.minor);
  const structs = [
    ...STABLE,
    { pkgPath: 'runtime', name: 'g', offsets: runtime?.g ?? {} },
    { pkgPath: 'runtime', name: 'm', offsets: runtime?.m ?? {} },
  ];
  for (const { pkgPath, name, offsets } of structs) {
    const type = known(binary.struct(pkgPath, name));
    const read = Object.fromEntries(Object.keys(offsets).map((field) => [field, type.fields.get(field)?.offset]));
    expect({ [`${pkgPath}.${name}`]: read }).toEqual({ [`${pkgPath}.${name}`]: offsets });
  }
}

function checkTypes(binary: GoBinary): void {
  for (const [pkgPath, name, printed] of PANICS) {
    const address = known(binary.pointerType(pkgPath, name));
    expect(binary.typeAt(address)).toEqual({ name: printed, pkgPath, kind: KIND_POINTER });
  }
  const method = known(known(binary.struct('net/http', 'Request')).fields.get('Method'));
  expect(binary.typeAt(method.type)).toEqual({ name: 'string', pkgPath: '', kind: KIND_STRING });
  expect(binary.struct('net/http', 'noSuchType')).toBeUndefined();
  expect(binary.struct('example.test/other', 'Request')).toBeUndefined();
}

function checkStructs(binary: GoBinary, types: ReturnType<typeof askFixture>['description']['types']): void {
  const structs = types.filter((type) => type.kind === 25);
  expect(structs.length).toBeGreaterThan(30);
  for (const { pkgPath, name, address, size, fields } of structs) {
    const type = known(binary.struct(pkgPath, name));
    const named = Object.entries(fields).filter(([field]) => field !== '_');
    const read = [...type.fields].map(([field, { offset }]) => [field, offset]);
    expect({ name, address: type.address, size: type.size, fields: Object.fromEntries(read) }).toEqual({
      name,
      address,
      size,
      fields: Object.fromEntries(named),
    });
  }
}

/** main.outermost has main.middle inlined into it, and that has main.innermost. */
function checkStack(binary: GoBinary, stack: ReturnType<typeof askFixture>['description']['stack']): void {
  const [first, ...rest] = stack.slice(0, 3);
  const frames = binary.frames(known(first).pc);
  expect(frames.map(({ function: name, file, line }) => ({ name, file, line }))).toEqual(
    [known(first), ...rest].map(({ function: name, file, line }) => ({ name, file, line })),
  );
  expect(frames.map((frame) => frame.inlined)).toEqual([true, true, false]);
  const ranges = binary.inlined(known(binary.find('main.outermost'))).map((range) => range.name);
  expect(ranges.slice(0, 2)).toEqual(['main.middle', 'main.innermost']);
}

/** Addresses all over the code of net/http and the runtime. */
function addresses(binary: GoBinary): number[] {
  const functions: GoFunction[] = [];
  for (const prefix of ['net/http.(*', 'runtime.(*', 'main.', 'sync.']) functions.push(...binary.findByPrefix(prefix));
  return functions.flatMap(({ start, end }) => {
    const step = Math.max(4, Math.floor((end - start) / 12 / 4) * 4);
    return Array.from({ length: Math.ceil((end - start) / step) }, (_, i) => start + i * step);
  });
}

function innermost(binary: GoBinary, pc: number): { pc: number; name: string; file: string; line: number } {
  const frame = known(binary.frames(pc)[0]);
  return { pc, name: plain(frame.function), file: frame.file, line: frame.line };
}

/** The Go runtime prints type arguments as `[...]`. */
function plain(name: string): string {
  return name.replace(/\[.*\]/, '[...]');
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the binary does not have what the check asks for');
  return value;
}
