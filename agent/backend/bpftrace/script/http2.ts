import { RequestFlag } from '../../../record/layout.ts';
import type { Concern, ScriptContext } from './context.ts';
import { hex } from './context.ts';
import { beginRequest, CONN, endRequest, findSocket, handlerReturned, notePattern, noteStatus } from './request.ts';
import { hasHttp2 } from './served.ts';
import { indent, join, now, probe } from './text.ts';

type Variant = 0 | 1;

/** Code of runHandler behind its probe: a call from there is a return of the handler, not a panic. As in bpf/http2.bpf.c. */
const RUN_HANDLER_MAX = 8192;

/** HTTP/2: a goroutine a stream runs the handler, another one a connection writes. The stream's address is the key. */
export const http2: Concern = (context) =>
  join(
    ([0, 1] as const).flatMap((variant) =>
      context.site('http2_handler', variant) === undefined
        ? []
        : [
            headersRead(context, variant),
            handler(context, variant),
            wroteHeader(context, variant),
            handlerDone(context, variant),
            streamClosed(context, variant),
          ],
    ),
    '\n\n',
  ) || undefined;

/** Streams of one connection that can wait for the same write. */
const FLUSH_SLOTS = 4;

/**
 * Streams that end with the connection's next write, or with the connection: taken by every system call that writes, and
 * by close(). Takes $fd.
 */
export function flushed(context: ScriptContext): string | undefined {
  if (!hasHttp2(context)) return undefined;
  return `if (@flushes[$fd] > 0) { // streams of HTTP/2 that waited for this
  @flushes[$fd] = (uint64)0;
  $slot = (uint64)0;
  while ($slot < ${FLUSH_SLOTS}) {
    $id = @flushing[$fd, $slot];
    if ($id > 0) { delete(@flushing[$fd, $slot]); }
    $slot++;
    if (@started[$id] > 0) {
      $last_write = @last_write[$fd];
${indent(end(context), 6)}
    }
  }
}`;
}

/** The stream ends with the connection's next write, or at once where there is no room. Takes $id, $fd and, for the latter, $last_write. */
function awaitFlush(context: ScriptContext, variant: Variant, condition: string): string {
  return `// First a place by its number: streams that end at the same moment on two processors do not take each other's.
$slot = ((uint64)((${struct(variant, 'stream')} *)$id)->id / 2) % ${FLUSH_SLOTS};
unroll (${FLUSH_SLOTS - 1}) { if (@flushing[$fd, $slot] > 0) { $slot = ($slot + 1) % ${FLUSH_SLOTS}; } }
if (${condition} && @flushing[$fd, $slot] == 0) {
  @flushing[$fd, $slot] = $id;
  @flushes[$fd] = (uint64)1;
} else {
${indent(end(context), 2)}
}`;
}

const member = ({ offset }: ScriptContext, variant: Variant, name: string) => offset(`http2.${variant}.${name}`);
const struct = (variant: Variant, name: string) => `struct http2_${variant === 1 ? 'xnet_' : ''}${name}`;

/** Takes $id and $last_write. */
function end(context: ScriptContext): string {
  return `if ($last_write <= @started[$id]) { $last_write = (uint64)0; }
$first_write = (uint64)0;
$wire_status = (uint64)0;
$wire_in = (uint64)0;
$wire_out = (uint64)0;
$request_body = @stream_body[$id];
$handler_g = @stream_goroutine[$id];
if (@stream_of[$handler_g] == $id) { delete(@stream_of[$handler_g]); } // else: it handles another stream by now
${endRequest(context, true)}`;
}

function connection(context: ScriptContext, variant: Variant): string {
  return `$server = (${struct(variant, 'serverConn')} *)reg("ax");
${findSocket(context, '$server->conn')}`;
}

function headersRead(context: ScriptContext, variant: Variant): string | undefined {
  const site = context.site('http2_headers', variant);
  if (site === undefined) return undefined;
  return `${probe(context, site)}
{
  // The header block of a stream was just read.
${indent(connection(context, variant), 2)}
  $frame = *(uint64 *)(reg("bx") + ${member(context, variant, 'frame_headers')});
  if ($fd >= 0 && @last_read[$fd] > 0 && $frame != 0) {
    @stream_read[reg("ax"), (uint64)*(uint32 *)($frame + ${member(context, variant, 'frame_id')})] = @last_read[$fd];
  }
}`;
}

function handler(context: ScriptContext, variant: Variant): string | undefined {
  const site = context.site('http2_handler', variant);
  if (site === undefined) return undefined;
  const own = member(context, variant, 'request_method') !== undefined;
  const request = own ? struct(variant, 'ServerRequest') : 'struct net_http_Request';
  return `${probe(context, site)}
{
  $g = reg("r14");
  $writer = (${struct(variant, 'responseWriter')} *)reg("bx");
  $state = (${struct(variant, 'responseWriterState')} *)$writer->rws;
  $stream = $state->stream;
  if ($stream != 0) {
    $request = (${request} *)reg("cx");
    $stream_id = (uint64)((${struct(variant, 'stream')} *)$stream)->id;
    $flags = (uint64)${RequestFlag.http2};
    $first_read = (uint64)0;
${indent(connection(context, variant), 4)}
    if ($over_tls == 1) { $flags = $flags | ${RequestFlag.tls}; }
    if ($fd < 0 || @conn[$fd] == 0) {
      $flags = $flags | ${RequestFlag.noSocket};
    } else {
      if ((@conn[$fd] & ${CONN.seen}) == 0) {
        @conn[$fd] = @conn[$fd] | ${CONN.seen};
        $flags = $flags | ${RequestFlag.first};
      }
      $first_read = @stream_read[reg("ax"), $stream_id];
      if ($first_read > 0 && $first_read < @tls_end[$fd]) { $first_read = @tls_end[$fd]; }
    }
    // Its client may have reset it since then; else this is left from another stream.
    if ($first_read == 0 || @stream_closed[$stream] < $first_read) { @stream_closed[$stream] = (uint64)0; }
    @entered[$stream] = (uint64)0;
    @stream_of[$g] = $stream;
    @stream_goroutine[$stream] = $g;
    @stream_state[$stream] = (uint64)$state;
    @stream_conn[$stream] = reg("ax");
    @stream_body[$stream] = (int64)-1;
    @served_request[$stream] = (uint64)${own ? 0 : '$request'};
    $start = ${now(context)};
${indent(beginRequest(context, { id: '$stream', struct: request.replace('struct ', ''), http2: true }), 4)}
    if (@stream_read[reg("ax"), $stream_id] > 0) { delete(@stream_read[reg("ax"), $stream_id]); }
  }
}`;
}

function wroteHeader(context: ScriptContext, variant: Variant): string | undefined {
  const site = context.site('http2_write_header', variant);
  if (site === undefined) return undefined;
  return `${probe(context, site)}
{
  $now = ${now(context)};
  $id = ((${struct(variant, 'responseWriterState')} *)reg("ax"))->stream;
  if ($id > 0 && @started[$id] > 0) {
    $code = (int64)reg("bx");
${indent(noteStatus(), 4)}
  }
}`;
}

function handlerDone(context: ScriptContext, variant: Variant): string | undefined {
  const site = context.site('http2_handler_done', variant);
  const begun = context.site('http2_handler', variant);
  if (site === undefined || begun === undefined) return undefined;
  const { plan, target } = context;
  const deferreturn = [plan.layout['deferreturn'], plan.layout['deferreturn_end']].map((address) =>
    hex((address ?? 0) + target.loadBias),
  );
  const fields = [
    member(context, variant, 'rws_written') === undefined ? undefined : 'wroteBytes',
    member(context, variant, 'rws_status') === undefined ? undefined : 'status',
  ] as const;
  const partial = member(context, variant, 'close_partial') === 1;
  return `${probe(context, site)}
{
  // runHandler's deferred function. On a return it is called from runHandler or runtime.deferreturn, on a panic from
  // elsewhere in the runtime.
  $now = ${now(context)};
  $id = @stream_of[reg("r14")];
  if ($id > 0 && @started[$id] > 0 && @handler_end[$id] == 0) {
    $caller = *(uint64 *)reg("sp");
    $response = (${struct(variant, 'responseWriterState')} *)@stream_state[$id];
${indent(handlerReturned(...fields), 4)}
    if (($caller < ${hex(begun.ip)} || $caller > ${hex(begun.ip + RUN_HANDLER_MAX)}) && ($caller < ${deferreturn[0]} || $caller >= ${deferreturn[1]})) {
      @flags[$id] = (@flags[$id] | ${RequestFlag.aborted}) & ${0xffff_ffff - RequestFlag.finishNoHeader};
    }
    @stream_body[$id] = (int64)((${struct(variant, 'stream')} *)$id)->bodyBytes;
    $served = (struct net_http_Request *)@served_request[$id];
    if ((uint64)$served != 0) {
${indent(notePattern(context), 6)}
    }
    ${
      partial
        ? `// closeStream is inlined in places: the next write is taken for the last.
    $last_write = (uint64)0;
    $fd = @request_fd[$id];
${indent(awaitFlush(context, variant, '$fd >= 0 && @stream_closed[$id] == 0'), 4)}`
        : `if (@stream_closed[$id] > 0) {
      $last_write = (uint64)0;
${indent(end(context), 6)}
    }`
    }
  }
}`;
}

function streamClosed(context: ScriptContext, variant: Variant): string | undefined {
  const site = context.site('http2_close_stream', variant);
  if (site === undefined) return undefined;
  // What is read first: the handler's begin deletes it last.
  const unborn = `$unborn = @stream_read[reg("ax"), (uint64)((${struct(variant, 'stream')} *)$id)->id]; // 0: its handler has begun`;
  if (member(context, variant, 'close_partial') === 1) {
    return `${probe(context, site)}
{
  // Reset, or the connection is lost. Of other streams their handler's end took care.
  $id = reg("bx");
${indent(unborn, 2)}
  if ($unborn > 0 || (@started[$id] > 0 && @handler_end[$id] == 0)) { @stream_closed[$id] = ${now(context)}; }
}`;
  }
  return `${probe(context, site)}
{
  // The frame that ends the stream is in the connection's buffer; what is still there leaves with the next write.
  $id = reg("bx");
${indent(unborn, 2)}
  if (@started[$id] == 0) {
    if ($unborn > 0) { @stream_closed[$id] = ${now(context)}; } // reset before it
  } else {
    if (@handler_end[$id] == 0) { @stream_closed[$id] = ${now(context)}; }
    // Looked at again: the handler may return on another processor at this very moment, and have seen nothing yet.
    if (@handler_end[$id] > 0) {
      $fd = @request_fd[$id];
      $writer = *(uint64 *)(@stream_conn[$id] + ${member(context, variant, 'conn_bw')});
      if ($writer != 0) { $writer = *(uint64 *)($writer + ${member(context, variant, 'bw_bw')}); }
      $buffered = (uint64)0;
      if ($writer != 0) { $buffered = *(uint64 *)($writer + ${context.offset('bufio_writer_n')}); }
      $last_write = (uint64)0;
      if ($fd >= 0) { $last_write = @last_write[$fd]; }
${indent(awaitFlush(context, variant, '$buffered > 0 && $fd >= 0 && @conn[$fd] > 0'), 6)}
    }
  }
}`;
}
