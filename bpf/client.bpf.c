/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The client went away while its handler runs. HTTP/2 tells it by closeStream (http2.bpf.c); a write that fails tells it
 * too (socket.bpf.c).
 */
#include "probe.h"

/* *net.OpError around a *poll.DeadlineExceededError: the client is there, and has not sent all of its body in time. */
static __always_inline int is_timeout(const struct target_config *cfg, u64 itab, u64 data)
{
	struct go_iface inner = {};

	if (!cfg->type_timeout || cfg->op_error_err == NO_OFFSET || !data || iface_type(itab) != cfg->type_op_error)
		return 0;
	if (read_user(&inner, sizeof(inner), data + cfg->op_error_err))
		return 0;
	return iface_type(inner.tab) == cfg->type_timeout;
}

static __always_inline void note_read_timeout(struct request *q)
{
	u64 now = bpf_ktime_get_ns();

	if (q->rec.handler_end || q->read_timeout)
		return;
	q->read_timeout = 1;
	put_value(q, TAG_READ_TIMEOUT, &now, sizeof(now));
}

/* (*connReader).handleReadError(err error), handleReadErrorLocked from Go 1.25: on the goroutine that reads ahead, or that reads the body */
UPROBE(client_gone)
{
	u32 tgid, is_tls = 0;
	struct target_config *cfg = probe_hit(ctx, ROLE_CLIENT_GONE, &tgid);
	struct request *q;
	u64 http_conn;
	struct conn *c;

	if (!cfg)
		return 0;
	http_conn = read_u64(GO_ARG0(ctx) + cfg->conn_reader_conn);
	if (!http_conn)
		return 0;
	c = find_conn(cfg, conn_fd(cfg, http_conn + cfg->conn_rwc, &is_tls));
	if (!c || !(c->flags & CONN_IN_REQUEST))
		return 0;
	q = request_on(tgid, c);
	if (!q || q->rec.handler_end || is_done(read_tail(IN_UPROBE, q, cfg), cfg))
		return 0;
	if (is_timeout(cfg, GO_ARG1(ctx), GO_ARG2(ctx)))
		note_read_timeout(q);
	else
		note_client_gone(q);
	return 0;
}

/*
 * The function that context.WithDeadline hands to its timer: the deadline passed. Its first captured variable is the
 * *timerCtx. A context that is derived from another one begins with it (context/context.go).
 */
UPROBE(deadline)
{
	u32 tgid;
	struct target_config *cfg = probe_hit(ctx, ROLE_DEADLINE, &tgid);
	struct rec_deadline e = {};
	struct go_iface parent = {};
	u64 at;

	if (!cfg)
		return 0;
	cfg->deadlines = 1;
	e.hdr.len = sizeof(e);
	e.hdr.type = REC_DEADLINE;
	e.hdr.version = REC_VERSION;
	e.tgid = tgid;
	e.time = bpf_ktime_get_ns();
	at = read_u64(GO_CLOSURE(ctx) + 8);
	for (int i = 0; i < DEADLINE_PARENTS && at; i++) {
		/* Contexts of other packages may begin with anything. */
		if (try_read_user(&parent, sizeof(parent), at))
			break;
		e.parents[i] = parent.data;
		at = parent.data;
	}
	output(ctx, &e, sizeof(e));
	return 0;
}
