/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Connections by process and file descriptor. They are looked for at each read and
 * write, and a look-up in a hash costs ten times that in an array: so those of the
 * first target have one, as far as it reaches.
 */
#ifndef HTTPTRACE_CONNS_H
#define HTTPTRACE_CONNS_H

#include "state.h"

/* The entry's place in the array, whoever it belongs to; 0: it is in the hash. */
static __always_inline struct conn *direct_conn(const struct target_config *cfg, s32 fd)
{
	u32 at = fd;

	return cfg->slot == 0 && at < DIRECT_CONNS ? bpf_map_lookup_elem(&conns_by_fd, &at) : 0;
}

static __always_inline struct conn *find_conn(const struct target_config *cfg, s32 fd)
{
	struct conn_key key = { .tgid = cfg->tgid, .fd = fd };
	struct conn *c = direct_conn(cfg, fd);

	if (c)
		return c->epoch == cfg->epoch ? c : 0;
	return fd < 0 ? 0 : bpf_map_lookup_elem(&conns, &key);
}

/* The entry, made where there is none. */
static __always_inline struct conn *make_conn(const struct target_config *cfg, s32 fd)
{
	struct conn_key key = { .tgid = cfg->tgid, .fd = fd };
	struct conn blank = {}, *c = direct_conn(cfg, fd);

	if (c) {
		if (c->epoch != cfg->epoch) {
			*c = blank;
			c->epoch = cfg->epoch;
		}
		return c;
	}
	if (fd < 0)
		return 0;
	bpf_map_update_elem(&conns, &key, &blank, BPF_NOEXIST);
	return bpf_map_lookup_elem(&conns, &key);
}

static __always_inline void drop_conn(const struct target_config *cfg, s32 fd)
{
	struct conn_key key = { .tgid = cfg->tgid, .fd = fd };
	struct conn *c = direct_conn(cfg, fd);

	if (c)
		c->epoch = 0;
	else
		bpf_map_delete_elem(&conns, &key);
}

#endif
