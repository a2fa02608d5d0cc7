/** What a map holds, by its key. */
export interface MapDeclaration {
  readonly name: string;
  readonly meaning: string;
  readonly type: 'uint64' | 'int64' | 'string';
  /** A key of any kind that it has: its own type. */
  readonly key: string;
}

const map = (name: string, meaning: string, type: MapDeclaration['type'] = 'uint64', key = '0'): MapDeclaration => ({
  name,
  meaning,
  type,
  key,
});

/** Of a connection, by file descriptor. All are there while it is open. */
export const CONNECTION_MAPS: readonly MapDeclaration[] = [
  map('conn', '1 a socket, 2 something else, 4 a request was seen, 8 TLS, 16 pipelined, 32 closed'),
  map('established_at', 'ready in the kernel'),
  map('accepted_at', 'accept4 returned it'),
  map('tls_start', 'TLS handshake begun'),
  map('tls_end', 'and done'),
  map('first_read', 'first byte of the request that is being read'),
  map('last_read', 'newest byte'),
  map('read_ahead', 'the byte that net/http reads ahead while a handler runs'),
  map('first_write', 'first byte of the response handed to the kernel'),
  map('last_write', 'newest byte'),
  map('bytes_in', 'of this request'),
  map('bytes_out', 'of this response'),
  map('wire_status', 'status in the bytes written'),
  map('serving', 'goroutine whose handler uses it; 0: none'),
  map('waiting', '1: its handler has returned, the last byte is to come'),
];

/** Of a request, by its goroutine; by its stream for HTTP/2. */
export const REQUEST_MAPS: readonly MapDeclaration[] = [
  map('started', 'handler entered; 0: no request'),
  map('request', 'the *http.Request'),
  map('method', 'its method, for the line by hand', 'string'),
  map('path', 'and its path', 'string'),
  map('request_fd', "its connection's descriptor; -1: not known", 'int64'),
  map('flags', 'enum req_flags of bpf/record.h'),
  map('first_byte', 'first byte read'),
  map('wrote_header', 'first final WriteHeader'),
  map('status', 'its code'),
  map('informational', 'WriteHeader calls with 1xx'),
  map('superfluous', 'WriteHeader calls after the final one'),
  map('handler_end', 'handler returned'),
  map('body', 'bytes of the response body; -1: not known', 'int64'),
  map('pattern', "where the mux's pattern is"),
  map('pattern_len', 'and how long'),
  map('assisted', 'ns that it was made to mark for the garbage collector'),
  map('waits', 'times that it waited for a lock'),
  map('previewed', '1: it was told to the agent ahead of its end'),
];

/** Of an HTTP/2 stream, by its address. */
export const STREAM_MAPS: readonly MapDeclaration[] = [
  map('entered', 'its handler entered, as the mux saw it'),
  map('stream_goroutine', 'who handles it'),
  map('stream_state', 'its *responseWriterState'),
  map('stream_conn', 'its *serverConn'),
  map('stream_closed', 'closed before its handler returned'),
  map('stream_body', 'bytes of the request body; -1: not known', 'int64'),
  map('served_request', 'the *http.Request that the mux saw'),
];

/** What leads from one to the other. */
export const OTHER_MAPS: readonly MapDeclaration[] = [
  map('checked', 'whether this is the right program was looked at'),
  map('established', 'by socket: when it was ready in the kernel, until it is accepted'),
  map('calling', 'by thread: the descriptor of the system call that it is in'),
  map('asked', 'by thread: the bytes that its read asked for'),
  map('http_conn', 'by goroutine: the *http.conn that it serves'),
  map('socket', 'by goroutine: the descriptor of that', 'int64'),
  map('goroutine', 'by *http.response: who serves it'),
  map('response', 'by goroutine: the *http.response'),
  map('serving_conn', 'by goroutine: the *http.conn'),
  map('stream_of', 'by goroutine: the HTTP/2 stream that it handles'),
  map('stream_read', 'by *serverConn and stream id: its header block was read', 'uint64', '(uint64)0, (uint64)0'),
  map('flushes', 'by descriptor: 1: streams end with its next write'),
];

/** Of the world and of locks. */
export const WAIT_MAPS: readonly MapDeclaration[] = [
  map('stopped_at', 'the world stands still since then; 0: it runs'),
  map('stop_reason', 'why (runtime.stwReason)'),
  map('stop_counted', 'where the runtime itself takes the end of a pause'),
  map('assist_since', 'by goroutine: it is made to mark since then'),
  map('wait_since', 'by goroutine: it waits since then'),
  map('wait_for', 'by goroutine: the semaphore or list that it waits at'),
  map('wait_again', 'by goroutine: 1: it was woken before, but another one was faster'),
  map('released_at', 'by semaphore: when it was last given back'),
  map('released_by', 'by semaphore: the goroutine that did'),
];
