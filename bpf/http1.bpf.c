/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * HTTP/1.0 and 1.1. One connection is one goroutine (net/http/server.go,
 * conn.serve) and has one request at a time, so the goroutine is the key.
 */
#include "probe.h"

static __always_inline struct request_key http1_key(u32 tgid, u64 g)
{
	return (struct request_key){ .id = g, .tgid = tgid };
}

/* The request that a connection is busy with, or was last. */
static __always_inline struct request *request_on(u32 tgid, const struct conn *c)
{
	struct request_key key = http1_key(tgid, c->g);

	return live_request(&key);
}

/* Whether the system calls of a connection tell of the request under this key. */
static __always_inline int serves(const struct conn *c, const struct request_key *key)
{
	return c && c->flags & CONN_IN_REQUEST && c->g == key->id;
}

/* Find the file descriptor of the request's connection. Not looked for again where it is known to be the same one. */
static __always_inline void find_fd(struct request *q, const struct target_config *cfg)
{
	struct kept_conn *kept = &q->kept;
	u32 is_tls = 0;
	u64 http_conn;

	if (kept->http_conn)
		return;
	http_conn = read_u64(q->response + cfg->response_conn);
	kept->fd = http_conn ? conn_fd(cfg, http_conn + cfg->conn_rwc, &is_tls) : -1;
	kept->tls = is_tls;
	kept->http_conn = kept->fd < 0 ? 0 : http_conn;
}

/* Join the request to what the system calls showed of its connection. */
static __always_inline void take_connection(struct request *q, const struct target_config *cfg, u32 tgid)
{
	struct conn *c;

	find_fd(q, cfg);
	q->rec.fd = q->kept.fd;
	c = find_conn(cfg, q->rec.fd);
	if (!c)
		c = make_conn(cfg, q->rec.fd);
	if (!c) {
		q->rec.flags |= REQ_NO_SOCKET;
		want_finish(cfg);
		return;
	}
	if (q->kept.tls) {
		q->rec.flags |= REQ_TLS;
		c->flags |= CONN_TLS;
	}
	if (!(c->flags & CONN_SEEN)) {
		q->rec.flags |= REQ_FIRST;
		q->rec.established = c->established;
		q->rec.accepted = c->accepted;
		q->rec.tls_start = c->tls_start;
		q->rec.tls_end = c->tls_end;
	}
	/* Pipelined: the bytes came with an earlier read. */
	if (!c->first_read && c->flags & CONN_SEEN)
		c->flags |= CONN_PIPELINED;
	q->rec.first_read = c->first_read ? c->first_read : c->last_read;
	if (c->tls_end && q->rec.first_read && q->rec.first_read < c->tls_end)
		q->rec.first_read = c->tls_end;
	q->last_read = c->last_read;
	c->first_read = 0;
	c->first_write = 0;
	c->wire_status = 0;
	c->g = q->g;
	c->flags = (c->flags & ~(CONN_PENDING | CONN_STATUS_KNOWN | CONN_NOT_SOCKET)) | CONN_IN_REQUEST | CONN_SEEN;
}

/* What system calls showed of the request that a connection is busy with. */
static __always_inline void take_transfer(struct request *q, const struct conn *c)
{
	q->rec.first_write = c->first_write;
	q->rec.last_write = c->first_write ? c->last_write : 0;
	q->rec.wire_status = c->wire_status;
	/* Under TLS they are not the message's, and some come with the handshake's. */
	if (c->flags & CONN_TLS)
		return;
	q->rec.wire_in = c->flags & CONN_PIPELINED ? 0 : c->bytes_in;
	q->rec.wire_out = c->bytes_out;
}

/* The handler has returned: what is written from now on is the last of its response. */
static __always_inline void await_write(struct conn *c, const struct request *q)
{
	c->flags |= CONN_PENDING | (q->rec.status ? CONN_STATUS_KNOWN : 0);
}

/* The last byte was written. */
static __noinline int http1_complete(void *ctx, struct target_config *cfg, u32 tgid, struct conn *c)
{
	struct request_key key = http1_key(tgid, c->g);
	struct request *q = live_request(&key);

	if (q)
		take_transfer(q, c);
	c->flags &= ~(CONN_PENDING | CONN_STATUS_KNOWN | CONN_IN_REQUEST);
	c->bytes_in = c->ahead ? 1 : 0;
	c->bytes_out = 0;
	c->first_read = c->ahead;
	c->ahead = 0;
	return q ? send_request(ctx, cfg, q, &key) : 0;
}

/*
 * net/http.response from `written` on: what its handler leaves behind. Members
 * that lie elsewhere are not offered by the planner (agent/probe/response.ts).
 */
#define TAIL_BYTES 64
#define TAIL_AT(type, tail, cfg, member) \
	(*(type *)((tail) + (((cfg)->member - (cfg)->response_written) & (TAIL_BYTES - sizeof(type)))))

/* 0: it cannot be read. */
static __always_inline char *read_tail(enum reader reader, struct request *q, const struct target_config *cfg)
{
	char *tail = scratch(q);

	return read_by(reader, tail, TAIL_BYTES, q->response + cfg->response_written) ? 0 : tail;
}

static __always_inline int is_done(char *tail, const struct target_config *cfg)
{
	return tail && cfg->response_handler_done != NO_OFFSET && TAIL_AT(u32, tail, cfg, response_handler_done);
}

static __always_inline void take_tail(struct request *q, const struct target_config *cfg, char *tail)
{
	take_status(q, tail && cfg->response_status != NO_OFFSET ? TAIL_AT(u64, tail, cfg, response_status) : 0);
	if (tail)
		q->rec.response_body = TAIL_AT(u64, tail, cfg, response_written);
}

static __always_inline void handler_returned(enum reader reader, struct request *q, const struct target_config *cfg,
					     char *tail)
{
	q->rec.handler_end = bpf_ktime_get_ns();
	mark_states(q, cfg, q->rec.handler_end);
	take_tail(q, cfg, tail);
	read_pattern(reader, q, cfg);
	read_context(reader, q, cfg);
}

/*
 * The first thing that net/http does when a handler has returned is to set
 * response.handlerDone; then it writes what is left of the response. Where the probe on
 * finishRequest is not attached, the system calls of the connection tell: looking before each costs
 * a fraction of a hit.
 */
static __noinline int http1_look_for_end(const struct target_config *cfg, u32 tgid, struct conn *c)
{
	struct request *q = request_on(tgid, c);
	char *tail;

	if (!q || q->rec.handler_end)
		return 0;
	tail = read_tail(IN_TRACEPOINT, q, cfg);
	if (is_done(tail, cfg)) {
		handler_returned(IN_TRACEPOINT, q, cfg, tail);
		await_write(c, q);
	}
	return 0;
}

/* Its handler is known to have returned, but not when: not before it was last seen. */
static __always_inline void end_unseen(struct request *q, const struct target_config *cfg, char *tail)
{
	u64 last = q->rec.handler_start;

	want_finish(cfg);
	q->rec.flags |= REQ_END_UNSEEN;
	if (q->rec.write_header > last)
		last = q->rec.write_header;
	if (q->rec.last_write > last)
		last = q->rec.last_write;
	if (q->client_gone > last)
		last = q->client_gone;
	q->rec.handler_end = last;
	if (is_done(tail, cfg))
		take_tail(q, cfg, tail);
	mark_states(q, cfg, q->rec.handler_end);
}

/* Its connection is closed, and the handler runs on: no system call will tell when it ends. */
static __always_inline void http1_goes_on(const struct target_config *cfg, u32 tgid, const struct conn *c)
{
	struct request *q = request_on(tgid, c);
	u8 hijacked = 0;

	if (!q)
		return;
	take_transfer(q, c);
	/* A hijacked one ends with conn.serve, which has a probe. */
	if (cfg->conn_hijacked != NO_OFFSET)
		try_read_by(IN_TRACEPOINT, &hijacked, sizeof(hijacked), q->kept.http_conn + cfg->conn_hijacked);
	if (!hijacked)
		want_finish(cfg);
}

/* HTTP/2 began the request in its own way; this is the *net/http.Request that the mux writes its pattern to. */
static __always_inline void http2_served(const struct target_config *cfg, u32 tgid, u64 g, u64 request)
{
	struct g_key by_g = { .g = g, .tgid = tgid };
	u64 *stream = bpf_map_lookup_elem(&streams_by_g, &by_g);
	struct request_key key = { .tgid = tgid, .http2 = 1 };
	struct request *q;

	if (!stream)
		return;
	key.id = *stream;
	q = live_request(&key);
	if (q && !q->served) {
		q->served = 1;
		q->request = request;
		q->has_pattern = 1;
		q->rec.handler_start = bpf_ktime_get_ns();
		begin_states(q, cfg);
	}
}

/* Whether a ResponseWriter is a *net/http.response. Its itab is learnt: reading it costs more than comparing. */
static __always_inline int is_http1(struct target_config *cfg, u64 itab)
{
	if (itab == cfg->itab_response)
		return 1;
	if (iface_type(itab) != cfg->type_response)
		return 0;
	cfg->itab_response = itab;
	return 1;
}

/*
 * The request before on this goroutine, which is over. Returns what stands under the key then.
 *
 * Where the next request was read while its handler ran, and all of the response written, no system call came
 * after the handler: then conn.serve went on at once, and it ended now. Else its connection is not seen.
 */
static __always_inline struct request *end_before(void *ctx, struct target_config *cfg, struct request_key *key,
						  struct request *q)
{
	struct conn *c = find_conn(cfg, q->rec.fd);
	int is_known = serves(c, key);
	char *tail = q->rec.handler_end ? 0 : read_tail(IN_UPROBE, q, cfg);

	if (!q->rec.handler_end && is_known) {
		handler_returned(IN_UPROBE, q, cfg, is_done(tail, cfg) ? tail : 0);
		await_write(c, q);
	} else if (!q->rec.handler_end) {
		end_unseen(q, cfg, tail);
	}
	/* Pipelined: no read came between the two. */
	if (is_known && c->flags & CONN_PENDING) {
		c->flags |= CONN_PIPELINED;
		http1_complete(ctx, cfg, key->tgid, c);
	} else {
		send_request(ctx, cfg, q, key);
	}
	return bpf_map_lookup_elem(&requests, key);
}

/* The handler of a request is about to run. */
static __noinline int http1_begin(void *ctx, struct target_config *cfg, struct request_key *key, u64 response,
				  u64 request)
{
	struct request *q = bpf_map_lookup_elem(&requests, key);

	if (q && q->rec.handler_start)
		q = end_before(ctx, cfg, key, q);
	q = begin_request(cfg, key, q, key->id, request, &cfg->request);
	if (!q)
		return 0;
	if (q->rec.proto_major == 2) {	/* PRI: the preface of HTTP/2 without TLS, no request */
		delete_request(key);
		return 0;
	}
	q->response = response;
	take_connection(q, cfg, key->tgid);
	return 0;
}

/* serverHandler.ServeHTTP(rw ResponseWriter, req *Request): also runs for HTTP/2. */
UPROBE(http1_serve)
{
	u32 tgid;
	struct target_config *cfg = probe_hit(ctx, ROLE_HTTP1_SERVE, &tgid);
	struct request_key key;

	if (!cfg)
		return 0;
	key = http1_key(tgid, goroutine(ctx));
	if (!is_http1(cfg, GO_ARG1(ctx))) {
		http2_served(cfg, tgid, key.id, GO_ARG3(ctx));
		return 0;
	}
	return http1_begin(ctx, cfg, &key, GO_ARG2(ctx), GO_ARG3(ctx));
}

/*
 * (*ServeMux).ServeHTTP(w ResponseWriter, r *Request): only watched where ServeHTTP of the server is inlined into what
 * HTTP/2 calls. A mux can be inside of another one: the first counts.
 */
UPROBE(http2_mux_0)
{
	u32 tgid;
	struct target_config *cfg = probe_hit(ctx, ROLE_HTTP2_MUX, &tgid);

	if (cfg && !is_http1(cfg, GO_ARG1(ctx)))
		http2_served(cfg, tgid, goroutine(ctx), GO_ARG3(ctx));
	return 0;
}

/* (*conn).readRequest: tells which connection its goroutine serves. Only watched for http1_serve_inlined. */
UPROBE(http1_read)
{
	u32 tgid;
	struct target_config *cfg = probe_hit(ctx, ROLE_HTTP1_READ, &tgid);
	struct g_key key = {};
	u64 http_conn, *known;

	if (!cfg)
		return 0;
	http_conn = GO_ARG0(ctx);
	key.g = goroutine(ctx);
	key.tgid = tgid;
	known = bpf_map_lookup_elem(&serving_conns, &key);
	if (!known || *known != http_conn)
		bpf_map_update_elem(&serving_conns, &key, &http_conn, BPF_ANY);
	return 0;
}

/*
 * Inside the body of serverHandler.ServeHTTP in conn.serve: no arguments. conn.serve
 * stored the response in conn.curReq just before (net/http/server.go).
 */
UPROBE(http1_serve_inlined)
{
	u32 tgid;
	struct target_config *cfg = probe_hit(ctx, ROLE_HTTP1_SERVE_INLINED, &tgid);
	struct request_key key;
	struct g_key by_g = {};
	u64 response, *serving;

	if (!cfg)
		return 0;
	key = http1_key(tgid, goroutine(ctx));
	by_g.g = key.id;
	by_g.tgid = tgid;
	serving = bpf_map_lookup_elem(&serving_conns, &by_g);
	if (!serving)	/* the probes were attached between the two */
		return 0;
	response = read_u64(*serving + cfg->conn_cur_req);
	if (!response)
		return 0;
	return http1_begin(ctx, cfg, &key, response, read_u64(response + cfg->response_req));
}

/* A handler may answer from another goroutine: find the request by its connection. */
static __always_inline struct request *by_response(const struct target_config *cfg, u32 tgid, u64 response)
{
	u64 http_conn = read_u64(response + cfg->response_conn);
	struct request *q;
	struct conn *c;
	u32 is_tls = 0;

	if (!http_conn)
		return 0;
	c = find_conn(cfg, conn_fd(cfg, http_conn + cfg->conn_rwc, &is_tls));
	if (!c)
		return 0;
	q = request_on(tgid, c);
	return q && q->response == response ? q : 0;
}

/* (*response).WriteHeader(code int) */
UPROBE(http1_write_header)
{
	u32 tgid;
	struct target_config *cfg = probe_hit(ctx, ROLE_HTTP1_WRITE_HEADER, &tgid);
	struct request_key key;
	struct request *q;

	if (!cfg)
		return 0;
	key = http1_key(tgid, goroutine(ctx));
	q = live_request(&key);
	if (!q || q->response != GO_ARG0(ctx))
		q = by_response(cfg, tgid, GO_ARG0(ctx));
	if (!q)
		return 0;
	note_status(q, (s64)GO_ARG1(ctx));
	/* The mux has written it by now. Here a page that is not there can be brought in. */
	if (q->rec.write_header)
		read_pattern(IN_UPROBE, q, cfg);
	return 0;
}

/* The last bytes are still to be written: the connection's next step sends the record. */
static __always_inline int await_last_byte(void *ctx, struct target_config *cfg, struct request *q,
					   struct request_key *key)
{
	struct conn *c = find_conn(cfg, q->rec.fd);

	if (!serves(c, key))
		return send_request(ctx, cfg, q, key);
	await_write(c, q);
	return 0;
}

/*
 * (*response).finishRequest, or a call inside its inlined body: no arguments are used. Attached while there are
 * few requests, where system calls do not tell the end of a handler, and with --deep.
 */
UPROBE(http1_finish)
{
	u32 tgid;
	struct target_config *cfg = probe_hit(ctx, ROLE_HTTP1_FINISH, &tgid);
	struct request_key key;
	struct request *q;

	if (!cfg)
		return 0;
	key = http1_key(tgid, goroutine(ctx));
	q = live_request(&key);
	if (!q || q->rec.handler_end)
		return 0;
	handler_returned(IN_UPROBE, q, cfg, read_tail(IN_UPROBE, q, cfg));
	return await_last_byte(ctx, cfg, q, &key);
}

/*
 * The deferred function of conn.serve: every way out of a connection. A request
 * that has not finished here was hijacked, or its handler panicked.
 */
UPROBE(http1_conn_done)
{
	u32 tgid;
	struct target_config *cfg = probe_hit(ctx, ROLE_HTTP1_CONN_DONE, &tgid);
	struct request_key key;
	struct request *q;
	u64 http_conn;
	u8 hijacked = 0;
	char *tail;

	if (!cfg)
		return 0;
	key = http1_key(tgid, goroutine(ctx));
	q = bpf_map_lookup_elem(&requests, &key);
	if (!q)
		return 0;
	if (!q->rec.handler_start) {	/* idle */
		delete_request(&key);
		return 0;
	}
	q->closing = 1;
	if (q->rec.handler_end)
		return 0;
	tail = read_tail(IN_UPROBE, q, cfg);
	handler_returned(IN_UPROBE, q, cfg, tail);
	if (is_done(tail, cfg)) {	/* and nothing was left to write; or its system calls are not seen */
		if (!serves(find_conn(cfg, q->rec.fd), &key))
			end_unseen(q, cfg, tail);
		return await_last_byte(ctx, cfg, q, &key);
	}
	http_conn = read_u64(q->response + cfg->response_conn);
	if (http_conn && cfg->conn_hijacked != NO_OFFSET)
		read_user(&hijacked, sizeof(hijacked), http_conn + cfg->conn_hijacked);
	q->rec.flags &= ~REQ_FINISH_NO_HEADER;
	if (hijacked && !(q->rec.flags & REQ_PANICKED)) {
		struct conn *c = find_conn(cfg, q->rec.fd);

		q->rec.flags |= REQ_HIJACKED;
		if (c && c->g == key.id)
			return http1_complete(ctx, cfg, tgid, c);
		return send_request(ctx, cfg, q, &key);
	}
	q->rec.flags |= REQ_ABORTED | (hijacked ? REQ_HIJACKED : 0);
	return hijacked ? send_request(ctx, cfg, q, &key) : await_last_byte(ctx, cfg, q, &key);
}
