import { expect, test } from 'vitest';
import type { GoBinary, StructType } from '../../agent/gobinary/binary.ts';
import { missingFeatures } from '../../agent/probe/features.ts';
import { mapLayout } from '../../agent/probe/map-layout.ts';

type Types = Readonly<Record<string, Readonly<Record<string, number>>>>;

const SWISS: Types = {
  'internal/runtime/maps.Map': { used: 0, seed: 8, dirPtr: 16, dirLen: 24 },
  'internal/runtime/maps.table': { index: 8, groups: 16 },
};
const CLASSIC: Types = { 'runtime.hmap': { count: 0, B: 9, buckets: 16, oldbuckets: 24 } };

/** A binary that tells of these types alone. */
function withTypes(types: Types, raw = 'go1.27.4', settings: readonly [string, string][] = []): GoBinary {
  const struct = (pkg: string, name: string): StructType | undefined => {
    const fields = types[`${pkg}.${name}`];
    if (fields === undefined) return undefined;
    const entries = Object.entries(fields).map(([key, offset]) => [key, { offset, type: 0 }] as const);
    return { address: 0, size: 64, fields: new Map(entries) };
  };
  const version = { raw, major: 1, minor: 27, patch: 4 };
  const buildInfo = { path: '', main: undefined, deps: [], settings: new Map(settings) };
  return { struct, version, buildInfo } as Partial<GoBinary> as GoBinary;
}

test('swiss maps', () => {
  const expected = { map_kind: 2, map_used: 0, map_dir_ptr: 16, map_dir_len: 24, table_groups: 16 };
  expect(mapLayout(withTypes({ ...CLASSIC, ...SWISS }))).toEqual(expected);
});

test('classic maps', () => {
  expect(mapLayout(withTypes(CLASSIC))).toEqual({ map_kind: 1, hmap_b: 9, hmap_buckets: 16 });
});

test.each([
  ['a type that is not linked in', withTypes({})],
  ['half of the swiss types', withTypes({ 'internal/runtime/maps.Map': SWISS['internal/runtime/maps.Map']! })],
  ['old buckets in another place', withTypes({ 'runtime.hmap': { B: 9, buckets: 16, oldbuckets: 40 } })],
  ['split groups, by the version', withTypes(SWISS, 'go1.27.4 X:arenas,mapsplitgroup')],
  ['split groups, by the settings', withTypes(SWISS, 'go1.27.4', [['GOEXPERIMENT', 'mapsplitgroup']])],
])('%s: headers are not read, and the plan says so', (_, binary) => {
  const layout = mapLayout(binary);
  expect(layout).toEqual({});
  const missing = missingFeatures(binary, {
    ...layout,
    request_header: 56,
    request_pattern: 232,
    type_unix_conn: 1,
    runtime_futex: 1,
  });
  expect(missing.map(({ what }) => what)).toEqual(['request headers', 'goroutine samples']);
});
