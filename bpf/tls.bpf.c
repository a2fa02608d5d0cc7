/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The server's TLS handshake (crypto/tls/handshake_server.go), twice a connection. */
#include "probe.h"

static __always_inline struct conn *tls_socket(const struct target_config *cfg, u64 tls_conn)
{
	u32 is_tls = 0;
	s32 fd = conn_fd(cfg, tls_conn + cfg->tls_conn, &is_tls);

	return find_conn(cfg, fd);
}

/* (*Conn).serverHandshake(ctx) */
UPROBE(tls_start)
{
	u32 tgid;
	struct target_config *cfg = probe_hit(ctx, ROLE_TLS_START, &tgid);
	struct conn *c;

	if (!cfg)
		return 0;
	c = tls_socket(cfg, GO_ARG0(ctx));
	if (!c)
		return 0;
	c->flags |= CONN_TLS;
	c->tls_start = bpf_ktime_get_ns();
	c->g = goroutine(ctx);
	return 0;
}

/* (*Conn).ConnectionState: conn.serve asks for it right after the handshake, and others later. */
UPROBE(tls_done)
{
	u32 tgid;
	struct target_config *cfg = probe_hit(ctx, ROLE_TLS_DONE, &tgid);
	struct conn *c;

	if (!cfg)
		return 0;
	c = tls_socket(cfg, GO_ARG0(ctx));
	if (!c || !c->tls_start || c->tls_end > c->tls_start || c->flags & CONN_SEEN)
		return 0;
	c->tls_end = bpf_ktime_get_ns();
	/* What was read so far was the handshake; a request may have come with its last bytes. */
	c->first_read = 0;
	c->bytes_in = 0;
	c->bytes_out = 0;
	return 0;
}
