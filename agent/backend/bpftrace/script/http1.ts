import { RequestFlag } from '../../../record/layout.ts';
import type { ScriptSite } from '../place.ts';
import { newConnection, takeTransfer } from './connection.ts';
import type { Concern, ScriptContext } from './context.ts';
import { beginRequest, CONN, endRequest, findSocket, handlerReturned, notePattern, noteStatus } from './request.ts';
import { hasHttp2 } from './served.ts';
import { indent, join, now, probe } from './text.ts';

/** HTTP/1.0 and 1.1: one goroutine a connection, one request at a time; the goroutine (R14) is the key. */
export const http1: Concern = (context) =>
  join(
    [
      pipelined(context),
      served(context),
      servedInlined(context),
      servedByMux(context),
      wroteHeader(context),
      finished(context),
      connectionDone(context),
    ],
    '\n\n',
  ) || undefined;

/**
 * A request that is served without a read after the one before: that one is over. A program of its own, because a
 * program's stack has 512 bytes; programs of one place run in the order in which they are written.
 */
function pipelined(context: ScriptContext): string | undefined {
  const site = context.site('http1_serve_inlined') ?? context.site('http1_serve');
  if (site === undefined) return undefined;
  return `${probe(context, site).replace(/\/$/, ' && @handler_end[reg("r14")] > 0 && @started[reg("r14")] > 0/')}
{
  // Pipelined: no read came between this request and the one before, which is over.
  $id = reg("r14");
  $fd = @request_fd[$id];
  if ($fd >= 0 && @serving[$fd] == $id) { @conn[$fd] = @conn[$fd] | ${CONN.pipelined}; }
${indent(takeTransfer(), 2)}
${indent(endRequest(context), 2)}
}`;
}

function served(context: ScriptContext): string | undefined {
  const site = context.site('http1_serve');
  if (site === undefined) return undefined;
  return `${probe(context, site)}
{
  $start = ${now(context)};
  $g = reg("r14");
  $type = *(uint64 *)(reg("bx") + 8); // of what the ResponseWriter is
  if ($type == ${context.address('type_response')}) { // *net/http.response: HTTP/1
    $response = (struct net_http_response *)reg("cx");
    $request = (struct net_http_Request *)reg("di");
${indent(begin(context), 4)}
  }${
    hasHttp2(context)
      ? ` else if (@stream_of[$g] > 0) { // HTTP/2 began it already: here its handler is entered
    @entered[@stream_of[$g]] = $start;
    @served_request[@stream_of[$g]] = reg("di");
  }`
      : ''
  }
}`;
}

/** Where a profile made the compiler inline ServeHTTP into HTTP/2's caller: the mux sees the *http.Request first. */
function servedByMux(context: ScriptContext): string | undefined {
  const site = context.site('http2_mux');
  if (site === undefined || !hasHttp2(context)) return undefined;
  return `${probe(context, site)}
{
  // A mux can be in a mux: the outer one counts.
  $stream = @stream_of[reg("r14")];
  if ($stream > 0 && @entered[$stream] == 0 && *(uint64 *)(reg("bx") + 8) != ${context.address('type_response')}) {
    @entered[$stream] = ${now(context)};
    @served_request[$stream] = reg("di");
  }
}`;
}

/** Where a profile made the compiler inline ServeHTTP into conn.serve: no arguments, so the connection tells. */
function servedInlined(context: ScriptContext): string | undefined {
  const read = context.site('http1_read');
  const site = context.site('http1_serve_inlined');
  if (read === undefined || site === undefined) return undefined;
  return `${probe(context, read)}
{
  @serving_conn[reg("r14")] = reg("ax");
}

${probe(context, site)}
{
  $start = ${now(context)};
  $g = reg("r14");
  if (@serving_conn[$g] > 0) {
    $serving = (struct net_http_conn *)@serving_conn[$g];
    $response = (struct net_http_response *)$serving->curReq;
    if ((uint64)$response != 0) {
      $request = (struct net_http_Request *)$response->req;
${indent(begin(context), 6)}
    }
  }
}`;
}

/** Takes $g, $response and $request. */
function begin(context: ScriptContext): string {
  return `if (@started[$g] > 0) { @stale = count(); } // its end was not seen
if ($request->ProtoMajor != 2) { // 2 is PRI, the preface of HTTP/2 without TLS
  $conn = $response->conn;
  $flags = (uint64)0;
  $fd = (int64)-1;
  if (@http_conn[$g] == $conn) {
    $fd = @socket[$g];
  } else { // its socket is looked for once a connection
    $http_conn = (struct net_http_conn *)$conn;
${indent(findSocket(context, '$http_conn->rwc'), 4)}
    if ($fd >= 0) {
      @http_conn[$g] = $conn;
      @socket[$g] = $fd;
      if (@conn[$fd] == 0) {
${indent(newConnection('$fd'), 8)}
        @conn[$fd] = (uint64)${CONN.socket};
      }
      if ($over_tls == 1) { @conn[$fd] = @conn[$fd] | ${CONN.tls}; }
    }
  }
  $first_read = (uint64)0;
  if ($fd < 0) {
    $flags = (uint64)${RequestFlag.noSocket};
  } else {
    if ((@conn[$fd] & ${CONN.tls}) != 0) { $flags = $flags | ${RequestFlag.tls}; }
    if ((@conn[$fd] & ${CONN.seen}) == 0) {
      $flags = $flags | ${RequestFlag.first};
    } else if (@first_read[$fd] == 0) { // its bytes came with an earlier request's
      @conn[$fd] = @conn[$fd] | ${CONN.pipelined};
    }
    $first_read = @first_read[$fd];
    if ($first_read == 0) { $first_read = @last_read[$fd]; }
    if (@tls_end[$fd] > 0 && $first_read > 0 && $first_read < @tls_end[$fd]) { $first_read = @tls_end[$fd]; }
    @first_read[$fd] = (uint64)0;
    @first_write[$fd] = (uint64)0;
    @wire_status[$fd] = (uint64)0;
    @serving[$fd] = $g;
    @waiting[$fd] = (uint64)0;
    @conn[$fd] = (@conn[$fd] | ${CONN.seen | CONN.socket}) & 0xfffd;
  }
  @response[$g] = (uint64)$response;
  @goroutine[(uint64)$response] = $g;
${indent(beginRequest(context, { id: '$g', struct: 'net_http_Request', http2: false }), 2)}
}`;
}

function wroteHeader(context: ScriptContext): string | undefined {
  const site = context.site('http1_write_header');
  if (site === undefined) return undefined;
  return `${probe(context, site)}
{
  $now = ${now(context)};
  $id = @goroutine[reg("ax")]; // the handler may answer from another goroutine
  if ($id > 0 && @started[$id] > 0) {
    $code = (int64)reg("bx");
${indent(noteStatus(), 4)}
  }
}`;
}

function responseFields({ offset }: ScriptContext): readonly [string | undefined, string | undefined] {
  return [
    offset('response_written') === undefined ? undefined : 'written',
    offset('response_status') === undefined ? undefined : 'status',
  ];
}

/** Takes $id. The last bytes are still to be written; without a socket nothing more is seen. */
function handlerEnd(context: ScriptContext): string {
  return `$response = (struct net_http_response *)@response[$id];
${handlerReturned(...responseFields(context))}
$served = (struct net_http_Request *)@request[$id];
${notePattern(context)}`;
}

function finished(context: ScriptContext): string | undefined {
  const site = context.site('http1_finish');
  if (site === undefined) return undefined;
  return `${probe(context, site)}
{
  $now = ${now(context)};
  $id = reg("r14");
  if (@started[$id] > 0 && @handler_end[$id] == 0) {
${indent(handlerEnd(context), 4)}
${indent(awaitLastByte(context), 4)}
  }
}`;
}

function awaitLastByte(context: ScriptContext): string {
  return `$fd = @request_fd[$id];
if ($fd >= 0 && @serving[$fd] == $id) {
  @waiting[$fd] = (uint64)1;
} else {
${indent(takeTransfer(), 2)}
${indent(endRequest(context), 2)}
}`;
}

function connectionDone(context: ScriptContext): string | undefined {
  const site: ScriptSite | undefined = context.site('http1_conn_done');
  if (site === undefined) return undefined;
  const hijackable = context.offset('conn_hijacked') !== undefined;
  return `${probe(context, site)}
{
  // The deferred function of conn.serve: a request that has not finished here was hijacked, or its handler panicked.
  $now = ${now(context)};
  $id = reg("r14");
  @http_conn[$id] = (uint64)0;
  if (@started[$id] > 0 && @handler_end[$id] == 0) {
${indent(handlerEnd(context), 4)}
    @flags[$id] = @flags[$id] & ${0xffff_ffff - RequestFlag.finishNoHeader};
    $hijacked = ${hijackable ? '((struct net_http_conn *)$response->conn)->hijackedv' : '0'};
    $fd = @request_fd[$id];
    if ($hijacked != 0 && (@flags[$id] & ${RequestFlag.panicked}) == 0) {
      @flags[$id] = @flags[$id] | ${RequestFlag.hijacked};
      if ($fd >= 0 && @serving[$fd] == $id) { @waiting[$fd] = (uint64)2; } else { $fd = (int64)-1; }
    } else {
      @flags[$id] = @flags[$id] | ${RequestFlag.aborted};
      if ($hijacked != 0) { @flags[$id] = @flags[$id] | ${RequestFlag.hijacked}; $fd = (int64)-1; }
      if ($fd >= 0 && @serving[$fd] == $id) { @waiting[$fd] = (uint64)1; } else { $fd = (int64)-1; }
    }
    if ($fd < 0 || @waiting[$fd] == 2) {
${indent(takeTransfer(), 6)}
${indent(endRequest(context), 6)}
    }
  }
}`;
}
