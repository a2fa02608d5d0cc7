import type { Role } from '../../../probe/plan.ts';
import { RequestFlag } from '../../../record/layout.ts';
import { hex, type ScriptContext } from './context.ts';
import { type MapDeclaration, REQUEST_MAPS, STREAM_MAPS } from './maps.ts';
import { indent, join, now, PIECE, piece, rest } from './text.ts';

/** Set in `@flags` beside the flags of the record: followed and counted, not shown (`--sample`). */
export const LEFT_OUT = 1 << 16;

export interface Begin {
  /** The key of the request in all maps: the goroutine, or the stream for HTTP/2. */
  readonly id: '$g' | '$stream';
  /** Struct that `$request` points at. */
  readonly struct: string;
  readonly http2: boolean;
}

/**
 * A request's handler is entered: what is known now is written down and, for the agent, shown. Takes $g, $start, $request,
 * $fd (-1: unknown), $flags, $first_read, @established_at[$fd], @accepted_at[$fd], @tls_start[$fd], @tls_end[$fd], and $stream_id for HTTP/2.
 */
export function beginRequest(context: ScriptContext, { id, struct, http2 }: Begin): string {
  const { sampleRatio, offset } = context;
  const threshold = Math.max(0, Math.floor(sampleRatio * 2 ** 32) - 1);
  const prefix = struct.endsWith('ServerRequest') ? `http2.${struct.includes('xnet') ? 1 : 0}.` : '';
  const has = (member: string) => offset(`${prefix}request_${member}`) !== undefined;
  return join([
    has('tls') && `if ($request->TLS != 0) { $flags = $flags | ${RequestFlag.tls}; }`,
    sampleRatio < 1 && `if ((uint32)rand > ${threshold}) { $flags = $flags | ${LEFT_OUT}; } // --sample ${sampleRatio}`,
    `@started[${id}] = $start;
if (@started[${id}] == 0) { @requests_full = count(); } // no room: it is not followed
@request[${id}] = (uint64)$request;
@request_fd[${id}] = $fd;
@flags[${id}] = $flags;
@first_byte[${id}] = $first_read;
@wrote_header[${id}] = (uint64)0;
@status[${id}] = (uint64)0;
@informational[${id}] = (uint64)0;
@superfluous[${id}] = (uint64)0;
@handler_end[${id}] = (uint64)0;
@body[${id}] = (int64)-1;
@pattern[${id}] = (uint64)0;
@pattern_len[${id}] = (uint64)0;${
      context.site('assist_end') ? `\n@assisted[${id}] = (uint64)0;` : ''
    }${context.site('sem_woken') ? `\n@waits[${id}] = (uint64)0;\n@previewed[${id}] = (uint64)0;` : ''}
if ($1 == 0) { // by hand: for the line at its end
  @method[${id}] = ${piece(context, '$request->Method.ptr', '$request->Method.len')};
  @path[${id}] = ${piece(context, '$request->RequestURI.ptr', '$request->RequestURI.len')};
} else ${sampleRatio < 1 ? `if (($flags & ${LEFT_OUT}) == 0) ` : ''}{
  printf("> %llu %llu %llu %lld %llu %llu %llu %lld %llu %llu %llu %llu %llu %llu %llu %llu\\n%s\\n%s\\n%s\\n",
    (uint64)$request, $start, ((struct runtime_g *)$g)->goid, $fd, $flags,
    ${has('proto_major') ? '$request->ProtoMajor' : '(uint64)0'}, ${has('proto_minor') ? '$request->ProtoMinor' : '(uint64)0'}, ${has('content_length') ? '(int64)$request->ContentLength' : '(int64)-1'},
    $first_read, @established_at[$fd], @accepted_at[$fd], @tls_start[$fd], @tls_end[$fd], ${http2 ? '$stream_id' : '(uint64)0'},
    $request->RequestURI.len, ${has('host') ? '$request->Host.len' : '(uint64)0'},
    ${piece(context, '$request->Method.ptr', '$request->Method.len')},
    ${piece(context, '$request->RequestURI.ptr', '$request->RequestURI.len')},
    ${has('host') ? piece(context, '$request->Host.ptr', '$request->Host.len') : '""'});
}`,
  ]);
}

/** A final WriteHeader, an interim one, or a superfluous one. Takes $id, $now and $code. */
export function noteStatus(): string {
  return `if ($code >= 100 && $code < 200 && $code != 101) {
  @informational[$id] += 1;
} else if (@wrote_header[$id] == 0) {
  @wrote_header[$id] = $now;
  @status[$id] = (uint64)$code;
} else {
  @superfluous[$id] += 1;
}`;
}

/** The handler has returned. Takes $id, $now and $response (a struct); `status` is its field of the status. */
export function handlerReturned(size: string | undefined, status: string | undefined): string {
  const silent = `@flags[$id] = @flags[$id] | ${RequestFlag.finishNoHeader};`;
  return join([
    '@handler_end[$id] = $now;',
    size && `@body[$id] = (int64)$response->${size};`,
    status === undefined
      ? `if (@wrote_header[$id] == 0) { ${silent} }`
      : `if (@wrote_header[$id] == 0) { // no WriteHeader was seen: what the response holds
  $held = $response->${status};
  if ($held >= 100 && $held < 1000) { @status[$id] = $held; } else { ${silent} }
}`,
  ]);
}

/** The mux's pattern: where it is, for the line at the end. Takes $id and $served, a *net/http.Request. */
export function notePattern({ offset }: ScriptContext): string {
  if (offset('request_pattern') !== undefined) {
    return `@pattern[$id] = $served->Pattern.ptr;
@pattern_len[$id] = $served->Pattern.len;`;
  }
  if (offset('request_pat') === undefined || offset('pattern_str') === undefined) return '';
  return `if ($served->pat != 0) {
  $pat = (struct net_http_pattern *)$served->pat;
  @pattern[$id] = $pat->str.ptr;
  @pattern_len[$id] = $pat->str.len;
}`;
}

/**
 * The request is over: it is shown, counted and forgotten. Takes $id, $first_write, $last_write, $wire_status, $wire_in,
 * $wire_out, and $request_body for HTTP/2.
 */
export function endRequest(context: ScriptContext, http2 = false): string {
  const { minDurationNs, sampleRatio } = context;
  const seen = (role: Role, map: string): string => (context.site(role) === undefined ? '(uint64)0' : map);
  const show = `if ($1 == 0) {
  printf("%llu %s %s: %llu ns; read %lld, WriteHeader at %lld, handler %lld, last byte at %lld; %lld bytes\\n",
    $status, @method[$id], @path[$id], $took,
    $first > 0 ? (int64)($entered - $first) : -1,
    $header > 0 ? (int64)($header - $entered) : -1,
    $handler_end > 0 ? (int64)($handler_end - $entered) : -1,
    $last_write > $entered ? (int64)($last_write - $entered) : -1, @body[$id]);
} else {
  $pattern = @pattern[$id];
  $pattern_len = @pattern_len[$id];
  ${rest('$rest', '$pattern_len', PIECE)}
  printf("< %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %lld %lld %llu %llu %llu %llu %llu %llu %llu %llu\\n%s\\n%s\\n",
    @request[$id], @started[$id], $entered, $handler_end, $header, $first_write, $last_write,
    @status[$id], $wire_status, @informational[$id], @superfluous[$id], @body[$id], ${http2 ? '$request_body' : '(int64)-1'},
    $wire_in, $wire_out, @flags[$id], $pattern_len,
    ${seen('stw_end', '@stopped_at[0]')}, ${seen('assist_end', '@assisted[$id]')}, ${seen('sem_woken', '@waits[$id]')}, ${now(context)},
    ${piece(context, 'uptr($pattern)', '$pattern_len')},
    ${piece(context, 'uptr($pattern) + 63', '$rest')});
}`;
  const drop = `if ($1 == 1) { printf("x %llu %llu\\n", @request[$id], @started[$id]); }`;
  return `${http2 ? '$entered = @entered[$id];\nif ($entered == 0) { $entered = @started[$id]; }' : '$entered = @started[$id];'}
$first = @first_byte[$id];
$header = @wrote_header[$id];
$handler_end = @handler_end[$id];
$end = $last_write > $handler_end ? $last_write : $handler_end;
$took = $end - ($first > 0 ? $first : $entered);
$status = @status[$id];
if ($status == 0 && (@flags[$id] & ${RequestFlag.finishNoHeader}) != 0) { $status = (uint64)200; }
if ($status == 0) { $status = $wire_status; }
@finished[$status / 100] = count();
@duration_us[$status / 100] = hist($took / 1000);
${join(
  [
    sampleRatio < 1 && `if ((@flags[$id] & ${LEFT_OUT}) != 0) {\n  @not_sampled = count();\n} else `,
    minDurationNs > 0 && `if ($took < ${minDurationNs}) {\n  @too_short = count();\n  ${drop}\n} else `,
    sampleRatio < 1 || minDurationNs > 0 ? `{\n${indent(show, 2)}\n}` : show,
  ],
  '',
)}
${http2 ? forgetStream(context) : 'delete(@goroutine[@response[$id]]);\n@started[$id] = (uint64)0;'}`;
}

/** A stream's address does not come back as a goroutine's does. */
function forgetStream(context: ScriptContext): string {
  const unused = new Set([
    ...(context.site('assist_end') ? [] : ['assisted']),
    ...(context.site('sem_woken') ? [] : ['waits', 'previewed']),
  ]);
  const used = [...REQUEST_MAPS, ...STREAM_MAPS].filter(({ name }) => !unused.has(name));
  const forget = ({ name }: MapDeclaration): string => `delete(@${name}[$id]);`;
  // Newer versions tell of each deletion of what is not there.
  const byHand = used.filter(({ type }) => type === 'string').map(forget);
  const always = used.filter(({ type }) => type !== 'string').map(forget);
  return [...always, `if ($1 == 0) { ${byHand.join(' ')} }`].join('\n');
}

/** Constants of the connection's flags, as comments and code use them. */
export const CONN = { socket: 1, other: 2, seen: 4, tls: 8, pipelined: 16, closed: 32 } as const;

/** The file descriptor behind a net.Conn: `from` is a struct go_iface. Sets $fd (-1: not known) and $over_tls. */
export function findSocket(context: ScriptContext, from: string): string {
  const tcp = context.address('type_tcp_conn');
  const unix = context.address('type_unix_conn');
  const tls = context.address('type_tls_conn');
  const netConn = context.address('type_net_conn');
  const wrapper = netConn === hex(0) ? '' : ` || *(uint64 *)$candidate == ${netConn}`;
  const hasTls = tls !== hex(0);
  const known = [tcp, unix, ...(hasTls ? [tls] : [])].filter((type) => type !== hex(0));
  const plain = [tcp, unix].filter((type) => type !== hex(0));
  const isOneOf = (types: readonly string[]) => types.map((type) => `$type == ${type}`).join(' || ');
  return `$fd = (int64)-1;
$over_tls = 0;
$itab = ${from}.itab;
$data = ${from}.data;
$depth = 0;
while ($depth < 4) { // through *tls.Conn, and through wrappers that keep a net.Conn among their first words
  $depth++;
  $type = (uint64)0;
  if ($itab != 0) { $type = *(uint64 *)($itab + 8); }
  if (${isOneOf(plain)}) {
    $netfd = (struct net_netFD *)(*(uint64 *)$data);
    $fd = (int64)$netfd->Sysfd;
    $depth = 4;
  }${
    hasTls
      ? ` else if ($type == ${tls}) {
    $over_tls = 1;
    $tls_conn = (struct crypto_tls_Conn *)$data;
    $itab = $tls_conn->conn.itab;
    $data = $tls_conn->conn.data;
  }`
      : ''
  } else {
    $inner = (uint64)0;
    $word = (uint64)0;
    unroll (4) {
      $candidate = *(uint64 *)($data + $word * 8);
      if ($candidate > 4096 && $inner == 0) {
        $type = *(uint64 *)($candidate + 8);
        if (${isOneOf(known)}${wrapper}) {
          $itab = $candidate;
          $inner = *(uint64 *)($data + $word * 8 + 8);
        }
      }
      $word++;
    }
    $data = $inner;
    if ($inner == 0) { $depth = 4; }
  }
}`;
}
