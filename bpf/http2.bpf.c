/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * HTTP/2: a goroutine a stream runs the handler, another one a connection
 * writes. The stream's address is the key; it outlives the handler's goroutine.
 * net/http/h2_bundle.go (to 1.26), net/http/internal/http2 (1.27), and
 * golang.org/x/net/http2 have the same functions; `variant` picks the layout.
 */
#include "probe.h"

static __always_inline struct request_key http2_key(u32 tgid, u64 stream)
{
	return (struct request_key){ .id = stream, .tgid = tgid, .http2 = 1 };
}

static __always_inline struct conn *http2_conn(const struct target_config *cfg, const struct http2_layout *l,
					       u64 server_conn, s32 *fd, u32 *is_tls)
{
	*fd = conn_fd(cfg, server_conn + l->conn_rwc, is_tls);
	return find_conn(cfg, *fd);
}

static __noinline int http2_send(void *ctx, struct target_config *cfg, u32 tgid, u64 stream, u64 last_write)
{
	struct request_key key = http2_key(tgid, stream);
	struct request *q = live_request(&key);
	struct g_key by_g;

	if (!q)
		return 0;
	if (last_write > q->rec.handler_start)
		q->rec.last_write = last_write;
	by_g.g = q->g;
	by_g.tgid = tgid;
	by_g.pad = 0;
	/* The goroutine may already serve another stream. */
	u64 *now = bpf_map_lookup_elem(&streams_by_g, &by_g);
	if (now && *now == stream)
		bpf_map_delete_elem(&streams_by_g, &by_g);
	return send_request(ctx, cfg, q, &key);
}

/* processHeaders(f *MetaHeadersFrame), on the connection's goroutine: the header block was just read. */
static __always_inline int headers(struct pt_regs *ctx, u32 variant)
{
	u32 tgid, is_tls = 0;
	struct target_config *cfg = probe_hit(ctx, ROLE_HTTP2_HEADERS, &tgid);
	struct stream_key key = {};
	const struct http2_layout *l;
	struct conn *c;
	u64 frame;
	s32 fd;

	if (!cfg)
		return 0;
	l = &cfg->http2[variant];
	c = http2_conn(cfg, l, GO_ARG0(ctx), &fd, &is_tls);
	if (!c || !c->last_read)
		return 0;
	frame = read_u64(GO_ARG1(ctx) + l->frame_headers);
	if (!frame)
		return 0;
	key.conn = GO_ARG0(ctx);
	key.tgid = tgid;
	key.id = read_u32(frame + l->frame_id);
	bpf_map_update_elem(&stream_reads, &key, &c->last_read, BPF_ANY);
	return 0;
}

/* Reset, or the connection is lost, before the handler has returned: its return ends the request. */
static __always_inline void closed_early(struct request *q, int by_client)
{
	q->stream_closed = bpf_ktime_get_ns();
	if (by_client)
		note_client_gone(q);
}

/* runHandler(rw *responseWriter, req *Request, handler func(...)) */
static __always_inline int handler(struct pt_regs *ctx, u32 variant)
{
	u32 tgid, is_tls = 0;
	struct target_config *cfg = probe_hit(ctx, ROLE_HTTP2_HANDLER, &tgid);
	struct stream_key stream_key = {};
	const struct http2_layout *l;
	struct request_key key;
	struct g_key by_g = {};
	struct request *q;
	u64 rws, stream, *read_at;
	struct conn *c;

	if (!cfg)
		return 0;
	l = &cfg->http2[variant];
	rws = read_u64(GO_ARG1(ctx) + l->rw_rws);
	stream = rws ? read_u64(rws + l->rws_stream) : 0;
	if (!stream)
		return 0;
	key = http2_key(tgid, stream);
	q = begin_request(cfg, &key, bpf_map_lookup_elem(&requests, &key), goroutine(ctx), GO_ARG2(ctx),
			  l->request.method != NO_OFFSET ? &l->request : &cfg->request);
	if (!q)
		return 0;
	q->response = rws;
	q->http2_conn = GO_ARG0(ctx);
	q->variant = variant;
	q->handler_pc = REG_PC(ctx);
	q->rec.flags |= REQ_HTTP2;
	q->rec.stream_id = read_u32(stream + l->stream_id);
	by_g.g = q->g;
	by_g.tgid = tgid;
	bpf_map_update_elem(&streams_by_g, &by_g, &stream, BPF_ANY);

	c = http2_conn(cfg, l, q->http2_conn, &q->rec.fd, &is_tls);
	if (is_tls)
		q->rec.flags |= REQ_TLS;
	if (!c) {
		q->rec.flags |= REQ_NO_SOCKET;
		return 0;
	}
	if (!(c->flags & CONN_SEEN)) {
		c->flags |= CONN_SEEN;
		q->rec.flags |= REQ_FIRST;
		q->rec.established = c->established;
		q->rec.accepted = c->accepted;
		q->rec.tls_start = c->tls_start;
		q->rec.tls_end = c->tls_end;
	}
	stream_key.conn = q->http2_conn;
	stream_key.tgid = tgid;
	stream_key.id = q->rec.stream_id;
	read_at = bpf_map_lookup_elem(&stream_reads, &stream_key);
	if (read_at) {
		u64 first_read = *read_at & ~(STREAM_CLOSED | STREAM_LEFT);

		if (*read_at & STREAM_CLOSED)
			closed_early(q, (*read_at & STREAM_LEFT) != 0);
		q->rec.first_read = first_read < c->tls_end ? c->tls_end : first_read;
		bpf_map_delete_elem(&stream_reads, &stream_key);
	}
	return 0;
}

/* (*responseWriterState).writeHeader(code int) */
static __always_inline int write_header(struct pt_regs *ctx, u32 variant)
{
	u32 tgid;
	struct target_config *cfg = probe_hit(ctx, ROLE_HTTP2_WRITE_HEADER, &tgid);
	struct request_key key;
	struct request *q;

	if (!cfg)
		return 0;
	key = http2_key(tgid, read_u64(GO_ARG0(ctx) + cfg->http2[variant].rws_stream));
	q = live_request(&key);
	if (q)
		note_status(q, (s64)GO_ARG1(ctx));
	return 0;
}

/* The stream ends with the connection's next write. 0: too many wait for it already. */
static __always_inline int await_flush(struct conn *c, u64 stream)
{
	for (int i = 0; i < MAX_FLUSH; i++) {
		if (!c->flush[i]) {
			c->flush[i] = stream;
			return 1;
		}
	}
	return 0;
}

#define RUN_HANDLER_MAX 8192

/*
 * The deferred function of runHandler: on return and on panic. On return it is
 * called from runHandler itself or from runtime.deferreturn, on panic and
 * runtime.Goexit from elsewhere in the runtime.
 */
static __always_inline int handler_done(struct pt_regs *ctx, u32 variant)
{
	u32 tgid;
	struct target_config *cfg = probe_hit(ctx, ROLE_HTTP2_HANDLER_DONE, &tgid);
	const struct http2_layout *l;
	struct g_key by_g = {};
	struct request_key key;
	struct request *q;
	u64 *stream, caller;

	if (!cfg)
		return 0;
	by_g.g = goroutine(ctx);
	by_g.tgid = tgid;
	stream = bpf_map_lookup_elem(&streams_by_g, &by_g);
	if (!stream)
		return 0;
	key = http2_key(tgid, *stream);
	q = live_request(&key);
	if (!q || q->rec.handler_end)
		return 0;
	l = &cfg->http2[variant];
	q->rec.handler_end = bpf_ktime_get_ns();
	mark_states(q, cfg, q->rec.handler_end);
	caller = return_address(ctx);
	if (caller - q->handler_pc > RUN_HANDLER_MAX &&
	    !(caller >= cfg->deferreturn && caller < cfg->deferreturn_end))
		q->rec.flags |= REQ_ABORTED;
	take_status(q, l->rws_status == NO_OFFSET ? 0 : read_u64(q->response + l->rws_status));
	if (q->rec.flags & REQ_ABORTED)
		q->rec.flags &= ~REQ_FINISH_NO_HEADER;
	read_user(&q->rec.response_body, sizeof(q->rec.response_body), q->response + l->rws_written);
	if (q->rec.request_body < 0)
		read_user(&q->rec.request_body, sizeof(q->rec.request_body), key.id + l->stream_body);
	read_pattern(IN_UPROBE, q, cfg);
	read_context(IN_UPROBE, q, cfg);
	if (q->stream_closed)
		return http2_send(ctx, cfg, tgid, key.id, 0);
	if (l->close_partial == 1) {
		struct conn *c = find_conn(cfg, q->rec.fd);

		if (!c || !await_flush(c, key.id))
			return http2_send(ctx, cfg, tgid, key.id, 0);
	}
	return 0;
}

/*
 * closeStream(st *stream, err error), on the connection's goroutine, after the
 * frame that ends the stream was written into the connection's buffer. What is
 * still buffered leaves with the next write.
 */
static __always_inline int close_stream(struct pt_regs *ctx, u32 variant)
{
	u32 tgid;
	struct target_config *cfg = probe_hit(ctx, ROLE_HTTP2_CLOSE_STREAM, &tgid);
	const struct http2_layout *l;
	struct stream_key unborn = {};
	struct request_key key;
	struct request *q;
	u64 bw, caller, buffered = 0, *read_at;
	struct conn *c;
	int by_client;

	if (!cfg)
		return 0;
	key = http2_key(tgid, GO_ARG1(ctx));
	l = &cfg->http2[variant];
	q = live_request(&key);
	caller = return_address(ctx);
	/* Else it is the server's own doing: the answer to HEAD is out, or a timeout of its own. */
	by_client = (caller >= l->process_reset && caller < l->process_reset_end) ||
		    (caller >= l->close_all && caller < l->close_all_end);
	if (!q) {
		unborn.conn = GO_ARG0(ctx);
		unborn.tgid = tgid;
		unborn.id = read_u32(key.id + l->stream_id);
		read_at = bpf_map_lookup_elem(&stream_reads, &unborn);
		if (read_at)
			*read_at |= STREAM_CLOSED | (by_client ? STREAM_LEFT : 0);
		return 0;
	}
	if (!q->rec.handler_end) {
		closed_early(q, by_client);
		return 0;
	}
	if (l->close_partial == 1)
		return 0;	/* its handler's end took care of it */
	c = find_conn(cfg, q->rec.fd);
	if (!c)
		return http2_send(ctx, cfg, tgid, key.id, 0);
	bw = read_u64(q->http2_conn + l->conn_bw);
	bw = bw ? read_u64(bw + l->bw_bw) : 0;
	if (bw)
		buffered = read_u64(bw + cfg->bufio_writer_n);
	if (buffered && await_flush(c, key.id))
		return 0;
	return http2_send(ctx, cfg, tgid, key.id, c->last_write);
}

/* A write on the connection ended: streams that waited for it are over. */
static __always_inline void http2_flushed(void *ctx, struct target_config *cfg, u32 tgid, struct conn *c)
{
	for (int i = 0; i < MAX_FLUSH; i++) {
		u64 stream = c->flush[i];

		if (stream) {
			c->flush[i] = 0;
			http2_send(ctx, cfg, tgid, stream, c->last_write);
		}
	}
}

UPROBE(http2_headers_0) { return headers(ctx, 0); }
UPROBE(http2_headers_1) { return headers(ctx, 1); }
UPROBE(http2_handler_0) { return handler(ctx, 0); }
UPROBE(http2_handler_1) { return handler(ctx, 1); }
UPROBE(http2_write_header_0) { return write_header(ctx, 0); }
UPROBE(http2_write_header_1) { return write_header(ctx, 1); }
UPROBE(http2_handler_done_0) { return handler_done(ctx, 0); }
UPROBE(http2_handler_done_1) { return handler_done(ctx, 1); }
UPROBE(http2_close_stream_0) { return close_stream(ctx, 0); }
UPROBE(http2_close_stream_1) { return close_stream(ctx, 1); }
