import type { GoBinary } from '../gobinary/binary.ts';
import { offsetOf, ref } from './field.ts';
import type { Layout } from './plan.ts';

/** enum map_kind in bpf/config.h. */
const MAP_CLASSIC = 1;
const MAP_SWISS = 2;

/**
 * How map[string][]string (http.Header) is laid out.
 *
 * Swiss maps (internal/runtime/maps, the default from Go 1.24): groups of eight control bytes and eight slots of
 * key and element side by side. Classic maps (runtime/map.go): buckets of eight top hashes, eight keys, eight
 * elements and an overflow pointer. Neither changed from 1.19 to 1.27, except under GOEXPERIMENT=mapsplitgroup
 * (1.27), which keeps keys and elements of a group apart: then headers are not read.
 */
export function mapLayout(binary: GoBinary): Layout {
  if (binary.struct('internal/runtime/maps', 'Map') !== undefined) return swiss(binary);
  return classic(binary);
}

function swiss(binary: GoBinary): Layout {
  if (hasExperiment(binary, 'mapsplitgroup')) return {};
  const pkg = 'internal/runtime/maps';
  return complete(MAP_SWISS, {
    map_used: offsetOf(binary, [ref(pkg, 'Map', 'used')]),
    map_dir_ptr: offsetOf(binary, [ref(pkg, 'Map', 'dirPtr')]),
    map_dir_len: offsetOf(binary, [ref(pkg, 'Map', 'dirLen')]),
    table_groups: offsetOf(binary, [ref(pkg, 'table', 'groups')]),
  });
}

function classic(binary: GoBinary): Layout {
  const buckets = offsetOf(binary, [ref('runtime', 'hmap', 'buckets')]);
  const old = offsetOf(binary, [ref('runtime', 'hmap', 'oldbuckets')]);
  // The programs take the old buckets of a growing map from the word behind the new ones.
  if (buckets === undefined || old !== buckets + 8) return {};
  return complete(MAP_CLASSIC, { hmap_b: offsetOf(binary, [ref('runtime', 'hmap', 'B')]), hmap_buckets: buckets });
}

/** All or nothing: half a layout would read wrong headers. */
function complete(kind: number, members: Readonly<Record<string, number | undefined>>): Layout {
  const known: Record<string, number> = { map_kind: kind };
  for (const [member, offset] of Object.entries(members)) {
    if (offset === undefined) return {};
    known[member] = offset;
  }
  return known;
}

/** Experiments stand in the version string (`go1.27 X:name,name`) and in the build settings. */
function hasExperiment(binary: GoBinary, name: string): boolean {
  const fromVersion = /X:(\S+)/.exec(binary.version.raw)?.[1] ?? '';
  const fromSettings = binary.buildInfo.settings.get('GOEXPERIMENT') ?? '';
  return `${fromVersion},${fromSettings}`.split(',').includes(name);
}
