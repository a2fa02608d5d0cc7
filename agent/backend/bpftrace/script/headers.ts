import { Tag } from '../../../record/layout.ts';
import type { ScriptSite } from '../place.ts';
import { type Concern, hex, type ScriptContext } from './context.ts';
import { indent, join, PIECE, piece, probe, rest } from './text.ts';

/** Groups or buckets of a header map that are looked through, as in bpf/config.h. */
const MAX_BLOCKS = 12;
/** Longest values that are sent, as the masks in bpf/headers.h and bpf/request.h. */
const MAX_VALUE = 255;
const MAX_URI = 511;
const MAX_HOST = 127;
/** Strings that go out in one line. */
const PIECES = 2;

/**
 * Strings that are only wanted by the agent: peer, wanted headers, and what did not fit into the first line. A program of
 * its own at the place where the request begins: a program's stack has 512 bytes.
 */
export const headers: Concern = (context) => {
  const served = context.site('http1_serve');
  const inlined = context.site('http1_serve_inlined');
  const parts = [
    served &&
      block(
        context,
        served,
        `if (*(uint64 *)(reg("bx") + 8) == ${context.address('type_response')}) {
  $request = (struct net_http_Request *)reg("di");`,
      ),
    inlined &&
      block(
        context,
        inlined,
        `$serving = (struct net_http_conn *)@serving_conn[reg("r14")];
if ((uint64)$serving != 0) {
  $response = (struct net_http_response *)$serving->curReq;
  $request = (struct net_http_Request *)$response->req;`,
      ),
    ...([0, 1] as const).map((variant) => http2(context, variant)),
  ];
  return join(parts, '\n\n') || undefined;
};

function http2(context: ScriptContext, variant: 0 | 1): string | undefined {
  const site = context.site('http2_handler', variant);
  if (site === undefined) return undefined;
  const own = context.offset(`http2.${variant}.request_method`) !== undefined;
  const struct = own ? `http2_${variant === 1 ? 'xnet_' : ''}ServerRequest` : 'net_http_Request';
  return block(context, site, `{\n  $request = (struct ${struct} *)reg("cx");`.replace(/^\{/, 'if (reg("cx") != 0) {'));
}

/** Headers that one program looks for: its stack has 512 bytes. */
const GROUP = 4;

/** One program for each group of headers; the first has the other strings too. */
function block(context: ScriptContext, site: ScriptSite, open: string): string {
  const known = context.offset('map_kind') !== undefined;
  const wanted = known ? [...context.headers.keys()] : [];
  const groups = [wanted.slice(0, GROUP)];
  for (let at = GROUP; at < wanted.length; at += GROUP) groups.push(wanted.slice(at, at + GROUP));
  return groups
    .map((group, index) => {
      const single = groups.length === 1;
      const last = index === groups.length - 1;
      const end = `printf("e %llu\\n", (uint64)$request);`;
      return `${probe(context, site).replace(/\/$/, ' && $1 == 1/')}
{
${indent(open, 2)}
${indent(
  join([
    group.map((header) => `$h${header} = (uint64)0;`).join(' '),
    group.length > 0 && (context.offset('map_kind') === 1 ? classicMap(context, group) : swissMap(context, group)),
    index === 0 && firstLine(context, group, single),
    index === 0 && more(context, Tag.uri, '$request->RequestURI.', MAX_URI, PIECE),
    index === 0 && more(context, Tag.host, '$request->Host.', MAX_HOST, PIECE),
    ...group.map((header) => headerLines(context, header)),
    last && (single ? `if ($more == 1) { ${end} }` : end),
  ]),
  4,
)}
  }
}`;
    })
    .join('\n\n');
}

/** `@ REQUEST TAG LENGTH OFFSET`, then pieces: the bytes of a string from OFFSET on. */
function more(context: ScriptContext, tag: number, text: string, max: number, from: number): string {
  const lines: string[] = [];
  for (let at = from; at < max; at += PIECES * PIECE) {
    const skips = [0, 1].map((index) => at + index * PIECE).filter((skip) => skip < max);
    lines.push(`if (${text}len > ${at}) {
${skips.map((skip, index) => `  ${rest(`$r${index}`, `${text}len`, skip)}`).join('\n')}
  printf("@ %llu ${tag} %llu ${at}${skips.map(() => '\\n%s').join('')}\\n", (uint64)$request, ${text}len,
    ${skips.map((skip, index) => piece(context, skip === 0 ? `${text}ptr` : `${text}ptr + ${skip}`, `$r${index}`)).join(',\n    ')});
}`);
  }
  return lines.join('\n');
}

/**
 * Every request has a peer, most have nothing else that is long: one line for it and these headers. It says
 * whether more lines follow, up to one that says that this was all.
 */
const FIRST_HEADERS: ReadonlySet<string> = new Set(['Traceparent', 'User-Agent']);

function firstLine(context: ScriptContext, group: readonly number[], single: boolean): string {
  const first = group.filter((index) => FIRST_HEADERS.has(context.headers[index] ?? ''));
  const others = group.filter((index) => !first.includes(index));
  const hasPeer =
    context.offset('request_remote_addr') !== undefined || context.offset('http2.0.request_remote_addr') !== undefined;
  const longer = [
    `$request->RequestURI.len > ${PIECE}`,
    `$request->Host.len > ${PIECE}`,
    ...first.map((index) => `$l${index} > ${PIECE}`),
    ...others.map((index) => `$h${index} != 0`),
  ];
  return join([
    ...first.map(
      (index) => `$v${index} = (struct go_string *)$h${index};
$l${index} = (uint64)0;
if ($h${index} != 0) { $l${index} = $v${index}->len; }`,
    ),
    `${single ? `$more = 0;\nif (${longer.join(' || ')}) { $more = 1; }` : '$more = 1;'}
printf("h %llu %d %llu${first.map((index) => ` ${index} %lld`).join('')}\\n%s${first.map(() => '\\n%s').join('')}\\n",
  ${[
    '(uint64)$request, $more',
    hasPeer ? '$request->RemoteAddr.len' : '(uint64)0',
    ...first.map((index) => `$h${index} != 0 ? (int64)$l${index} : -1`),
    hasPeer ? piece(context, '$request->RemoteAddr.ptr', '$request->RemoteAddr.len') : '""',
    ...first.map((index) => piece(context, `$v${index}->ptr`, `$l${index}`)),
  ].join(',\n  ')});`,
  ]);
}

function headerLines(context: ScriptContext, index: number): string {
  const first = FIRST_HEADERS.has(context.headers[index] ?? '');
  return `if ($h${index} != 0) { // ${context.headers[index]}
  $value = (struct go_string *)$h${index};
${indent(more(context, Tag.header + index, '$value->', MAX_VALUE, first ? PIECE : 0), 2)}
}`;
}

/** Takes $name, $length and $values; sets $h0, $h1, ...: where the first value of each wanted header is. */
function compare({ headers }: ScriptContext, group: readonly number[]): string {
  return group
    .map((index) => [headers[index] ?? '', index] as const)
    .map(
      ([name, index]) =>
        `if ($length == ${name.length} && ${bytesAre('$name', name)}) { $h${index} = $values; } // ${name}`,
    )
    .join('\n');
}

/** A condition: the bytes at `pointer` are those of `name`. Read in words, the last of which may overlap. */
export function bytesAre(pointer: string, name: string): string {
  const bytes = Buffer.from(name, 'latin1');
  const width = [8, 4, 2, 1].find((size) => size <= bytes.length) ?? 1;
  const starts: number[] = [];
  for (let at = 0; at + width <= bytes.length; at += width) starts.push(at);
  if (bytes.length % width !== 0) starts.push(bytes.length - width);
  return starts
    .map((at) => {
      const value = width === 8 ? bytes.readBigUInt64LE(at) : BigInt(bytes.readUIntLE(at, width));
      return `*(uint${width * 8} *)(${pointer}${at === 0 ? '' : ` + ${at}`}) == ${hex(value)}`;
    })
    .join(' && ');
}

/** internal/runtime/maps: groups of eight control bytes and eight slots of {key, element}. */
function swissMap(context: ScriptContext, group: readonly number[]): string {
  const { offset } = context;
  return `// http.Header: a map in groups of eight control bytes and eight slots of name and values.
$map = $request->Header;
if ($map != 0) {
  $group = *(uint64 *)($map + ${offset('map_dir_ptr')});
  $groups = (uint64)1;
  if (*(uint64 *)($map + ${offset('map_dir_len')}) != 0) { // more than eight names: a directory of tables
    $table = *(uint64 *)$group;
    $group = *(uint64 *)($table + ${offset('table_groups')});
    $groups = *(uint64 *)($table + ${(offset('table_groups') ?? 0) + 8}) + 1;
  }
  $n = (uint64)0;
  while ($n < ${MAX_BLOCKS * 8}) {
    $slot = $group + 8 + ($n % 8) * 40;
    $length = *(uint64 *)($slot + 8);
    if ($n / 8 < $groups && *(uint8 *)($group + ($n % 8)) < 0x80${lengthsAre(context, group)}) {
      $name = *(uint64 *)$slot;
      $values = *(uint64 *)($slot + 16);
${indent(compare(context, group), 6)}
    }
    $n++;
    if ($n % 8 == 0) {
      $group = $group + 328;
      if ($n / 8 >= $groups) { $n = (uint64)${MAX_BLOCKS * 8}; }
    }
  }
}`;
}

/** runtime/map.go: buckets of eight top hashes, eight keys, eight elements and an overflow pointer. */
function classicMap(context: ScriptContext, group: readonly number[]): string {
  const { offset } = context;
  return `// http.Header: a map in buckets of eight top hashes, eight names, eight values, and the next bucket.
$map = $request->Header;
if ($map != 0) {
  $b = *(uint8 *)($map + ${offset('hmap_b')});
  $first = *(uint64 *)($map + ${offset('hmap_buckets')});
  $old = *(uint64 *)($map + ${(offset('hmap_buckets') ?? 0) + 8}); // while it grows
  $count = (uint64)1 << (uint64)$b;
  $all = $count;
  if ($old != 0) { $all = $count + ($count + 1) / 2; }
  $index = (uint64)1;
  $bucket = $first;
  $n = (uint64)0;
  while ($n < ${MAX_BLOCKS * 8}) {
    $slot = $n % 8;
    $length = *(uint64 *)($bucket + 16 + $slot * 16);
    if (*(uint8 *)($bucket + $slot) >= 5${lengthsAre(context, group)}) {
      $name = *(uint64 *)($bucket + 8 + $slot * 16);
      $values = *(uint64 *)($bucket + 136 + $slot * 24);
${indent(compare(context, group), 6)}
    }
    $n++;
    if ($n % 8 == 0) {
      $bucket = *(uint64 *)($bucket + 328);
      if ($bucket == 0) {
        if ($index >= $all) {
          $n = (uint64)${MAX_BLOCKS * 8};
        } else if ($index < $count) {
          $bucket = $first + $index * 336;
        } else {
          $bucket = $old + ($index - $count) * 336;
        }
        $index++;
      }
    }
  }
}`;
}

/** Most names are of another length: nothing of them is read. */
function lengthsAre({ headers }: ScriptContext, group: readonly number[]): string {
  const lengths = [...new Set(group.map((index) => headers[index]?.length ?? 0))].sort((a, b) => a - b);
  return ` && (${lengths.map((length) => `$length == ${length}`).join(' || ')})`;
}
