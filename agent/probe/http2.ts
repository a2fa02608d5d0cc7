import type { ProbeDefinition } from './definition.ts';

/** Go packages that hold an HTTP/2 server: import path, and the prefix of its type names. */
export interface Http2Package {
  readonly path: string;
  readonly prefix: string;
}

/**
 * By variant. The standard library's is bundled into net/http with prefixed names (net/http/h2_bundle.go) up to
 * Go 1.26 and a package of its own from 1.27 on.
 */
export const HTTP2_PACKAGES: readonly [readonly Http2Package[], readonly Http2Package[]] = [
  [
    { path: 'net/http', prefix: 'http2' },
    { path: 'net/http/internal/http2', prefix: '' },
  ],
  [{ path: 'golang.org/x/net/http2', prefix: '' }],
];

/** HTTP/2: a goroutine a connection, and one a stream that runs the handler. */
export const HTTP2: readonly ProbeDefinition[] = [
  ...definitions(0),
  ...definitions(1),
  {
    role: 'http2_mux',
    variant: 0,
    per: 'request',
    symbols: ['net/http.(*ServeMux).ServeHTTP'],
    // Go 1.27: it makes a *net/http.Request of HTTP/2's own, which http1_serve sees where it is called.
    onlyWhere: { name: 'net/http.serverHandler.ServeHTTP', inlinedInto: 'net/http.http2Handler.ServeHTTP' },
    needs: ['type_response'],
    loses: 'HTTP/2: the route is guessed from the path',
  },
];

/** Names that a method has in the packages of a variant. */
export function http2Method(variant: 0 | 1, type: string, name: string): readonly string[] {
  return HTTP2_PACKAGES[variant].map(({ path, prefix }) => `${path}.(*${prefix}${type}).${name}`);
}

function definitions(variant: 0 | 1): ProbeDefinition[] {
  const method = (type: string, name: string) => http2Method(variant, type, name);
  const member = (...names: string[]) => names.map((name) => `http2.${variant}.${name}`);
  const stack = variant === 0 ? 'HTTP/2' : 'HTTP/2 (golang.org/x/net/http2)';
  return [
    {
      role: 'http2_headers',
      variant,
      per: 'request',
      symbols: method('serverConn', 'processHeaders'),
      callers: [...method('serverConn', 'processFrame'), ...method('serverConn', 'processFrameFromReader')],
      needs: [...member('conn_rwc', 'frame_headers', 'frame_id'), 'fd_sysfd'],
      loses: `${stack}: the time at which a request's first bytes were read is not known`,
    },
    {
      role: 'http2_handler',
      variant,
      per: 'request',
      symbols: method('serverConn', 'runHandler'),
      callers: [],
      needs: [...member('conn_rwc', 'rw_rws', 'rws_stream', 'stream_id'), 'request_method', 'request_uri'],
      loses: `${stack}: requests are not seen at all`,
    },
    {
      role: 'http2_write_header',
      variant,
      per: 'request',
      symbols: method('responseWriterState', 'writeHeader'),
      callers: [...method('responseWriter', 'WriteHeader'), ...method('responseWriter', 'write')],
      needs: member('rws_stream'),
      loses: `${stack}: the status and the time of WriteHeader are not known`,
    },
    {
      role: 'http2_handler_done',
      variant,
      per: 'request',
      symbols: method('serverConn', 'runHandler.func'),
      deferred: true,
      needs: member('rws_written', 'stream_body'),
      loses: `${stack}: requests never end`,
    },
    {
      role: 'http2_close_stream',
      variant,
      per: 'request',
      symbols: method('serverConn', 'closeStream'),
      callers: [...method('serverConn', 'wroteFrame'), ...method('serverConn', 'processResetStream')],
      needs: [...member('conn_bw', 'bw_bw'), 'bufio_writer_n'],
      loses: `${stack}: requests never end`,
    },
  ];
}
