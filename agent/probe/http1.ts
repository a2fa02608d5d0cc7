import type { InlinedHost, ProbeDefinition } from './definition.ts';

const SOCKET = ['fd_sysfd', 'response_conn', 'conn_rwc'] as const;

const CONN_SERVE = 'net/http.(*conn).serve';
const SERVE_HTTP = 'net/http.serverHandler.ServeHTTP';
const READ_REQUEST = 'net/http.(*conn).readRequest';

/** A profile makes the compiler inline ServeHTTP. readRequest has a defer statement, so it is always called. */
const SERVE_INLINED: InlinedHost = { host: CONN_SERVE, between: READ_REQUEST };
const ONLY_INLINED = { name: SERVE_HTTP, inlinedInto: CONN_SERVE } as const;

/** HTTP/1.0 and 1.1 (net/http/server.go). Three hits a request, one more a connection; four where ServeHTTP is inlined. */
export const HTTP1: readonly ProbeDefinition[] = [
  {
    role: 'http1_serve',
    variant: 0,
    per: 'request',
    symbols: [SERVE_HTTP],
    callers: [CONN_SERVE],
    needs: ['type_response', 'request_method', 'request_uri', 'request_header', ...SOCKET],
    loses: 'HTTP/1 requests are not seen at all',
  },
  {
    role: 'http1_write_header',
    variant: 0,
    per: 'request',
    symbols: ['net/http.(*response).WriteHeader'],
    // Where a profile makes the compiler inline it, the implicit 200 and 417 would pass unseen.
    callers: ['net/http.(*response).write', 'net/http.(*response).finishRequest', 'net/http.(*conn).serve'],
    needs: ['response_conn', 'conn_rwc', 'fd_sysfd'],
    loses: 'the status and the time of WriteHeader of HTTP/1 requests are not known on a TLS connection',
  },
  {
    role: 'http1_finish',
    variant: 0,
    per: 'request',
    symbols: ['net/http.(*response).finishRequest'],
    inlinedInto: {
      host: CONN_SERVE,
      between: SERVE_HTTP,
      betweenInlined: SERVE_INLINED,
      before: 'bufio.(*Writer).Flush',
    },
    needs: ['response_written'],
    loses: 'HTTP/1 requests end only with their connection, so their durations would be wrong',
  },
  {
    role: 'http1_conn_done',
    variant: 0,
    per: 'connection',
    symbols: ['net/http.(*conn).serve.func'],
    deferred: true,
    needs: ['response_conn', 'conn_hijacked'],
    loses: 'HTTP/1 requests that are hijacked or whose handler panics never end',
  },
  {
    role: 'http1_read',
    variant: 0,
    per: 'request',
    symbols: [READ_REQUEST],
    together: ['http1_serve_inlined'],
    onlyWhere: ONLY_INLINED,
    needs: [],
    loses: 'HTTP/1 requests are not seen at all',
  },
  {
    role: 'http1_serve_inlined',
    variant: 0,
    per: 'request',
    symbols: [SERVE_HTTP],
    inlinedInto: SERVE_INLINED,
    together: ['http1_read'],
    onlyWhere: ONLY_INLINED,
    needs: ['conn_cur_req', 'response_req', 'request_method', 'request_uri', 'request_header', ...SOCKET],
    loses: 'HTTP/1 requests are not seen at all',
  },
];
