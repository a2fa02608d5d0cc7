/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Reading Go values out of the target. Every read is bounded; a failed one is counted. */
#ifndef HTTPTRACE_GO_H
#define HTTPTRACE_GO_H

#include "arch.h"
#include "state.h"

/* runtime.stringStruct; also the first two words of a slice, and an interface. */
struct go_string {
	u64 ptr;
	u64 len;
};

struct go_iface {
	u64 tab;	/* *abi.ITab; of an `any`: *abi.Type */
	u64 data;
};

/*
 * A page of the target may be mapped and still not be there (reclaimed, migrated,
 * never touched); where the kernel lets a program sleep, it is brought in. Uprobe
 * programs can, in a build of their own: the verifier refuses a global function
 * that may sleep even where that part is never reached. Those on tracepoints never can.
 */
enum reader { IN_UPROBE, IN_TRACEPOINT };

static __always_inline long try_read_by(enum reader reader, void *dst, u32 size, u64 addr)
{
	long err = bpf_probe_read_user(dst, size, (const void *)addr);

#if defined(SLEEPABLE)
	if (err && reader == IN_UPROBE)
		err = bpf_copy_from_user(dst, size, (const void *)addr);
#endif
	return err;
}

static __always_inline long read_by(enum reader reader, void *dst, u32 size, u64 addr)
{
	long err = try_read_by(reader, dst, size, addr);

	if (err)
		count_loss(LOSS_READ);
	return err;
}

static __always_inline long try_read_user(void *dst, u32 size, u64 addr)
{
	return try_read_by(IN_UPROBE, dst, size, addr);
}

static __always_inline long read_user(void *dst, u32 size, u64 addr)
{
	return read_by(IN_UPROBE, dst, size, addr);
}

/* Global, as count_loss is. A read that fails yields 0. */
__noinline u64 read_u64(u64 addr)
{
	u64 value = 0;

	read_user(&value, sizeof(value), addr);
	return value;
}

static __always_inline u32 read_u32(u64 addr)
{
	return read_u64(addr);
}

/* The dynamic type of a non-empty interface: abi.ITab.Type. */
static __always_inline u64 iface_type(u64 itab)
{
	return itab ? read_u64(itab + 8) : 0;
}

/* Of the function whose prologue the probe stands in. */
static __always_inline u64 return_address(struct pt_regs *ctx)
{
#if defined(__TARGET_ARCH_x86)
	return read_u64(REG_SP(ctx));
#else
	return ctx->regs[30];
#endif
}

/* The goroutine of a hit. */
static __always_inline u64 goroutine(struct pt_regs *ctx)
{
	return GO_G(ctx);
}

/* Functions that run on the scheduler's own goroutine (g0) belong to the one that it serves: m.curg. */
static __always_inline u64 served_goroutine(struct pt_regs *ctx, const struct target_config *cfg)
{
	u64 m = read_u64(GO_G(ctx) + cfg->g_m);

	return m ? read_u64(m + cfg->m_curg) : 0;
}

/* Append a field to a request's record; `max` is a mask (2^n - 1). */
static __always_inline void put_field_by(enum reader reader, struct request *q, u8 tag, u64 ptr, u64 full, u32 max)
{
	u32 off = q->rec.data_len;
	u32 len = full > max ? max : full;
	struct rec_field *f;

	if (off + sizeof(*f) + len > DATA_MAX) {
		q->rec.flags |= REQ_HEADERS_CUT;
		return;
	}
	off &= DATA_MAX - 1;
	len &= max;
	f = (struct rec_field *)(q->data + off);
	if (len && read_by(reader, f + 1, len, ptr))
		return;
	f->tag = tag;
	f->split = 0;
	f->len = len;
	f->full_len = full > 0xffffffff ? 0xffffffff : full;
	q->rec.data_len = off + sizeof(*f) + len;
}

static __always_inline void put_field(struct request *q, u8 tag, u64 ptr, u64 full, u32 max)
{
	put_field_by(IN_UPROBE, q, tag, ptr, full, max);
}

/* Append a value of our own; `len` is a constant. */
static __always_inline void put_value(struct request *q, u8 tag, const void *value, u32 len)
{
	u32 off = q->rec.data_len;
	struct rec_field *f;

	if (off + sizeof(*f) + len > DATA_MAX)
		return;
	off &= DATA_MAX - 1;
	f = (struct rec_field *)(q->data + off);
	__builtin_memcpy(f + 1, value, len);
	f->tag = tag;
	f->split = 0;
	f->len = len;
	f->full_len = len;
	q->rec.data_len = off + sizeof(*f) + len;
}

/* Room at the end of a request's data that no field reaches (see put_field). */
static __always_inline char *scratch(struct request *q)
{
	return q->data + DATA_MAX;
}

/*
 * The file descriptor behind a net.Conn, through *tls.Conn and through wrappers
 * that keep the inner net.Conn among their first four words. A word is followed
 * where it is an itab of one of the three known types, or of the interface
 * net.Conn: another wrapper.
 */
static __always_inline int known_conn(const struct target_config *cfg, u64 type)
{
	return type && (type == cfg->type_tcp_conn || type == cfg->type_unix_conn || type == cfg->type_tls_conn);
}

#define CONN_DEPTH 4

static __noinline s32 conn_fd(const struct target_config *cfg, u64 iface_addr, u32 *is_tls)
{
	struct go_iface conn = {};
	u64 type;

	if (read_user(&conn, sizeof(conn), iface_addr))
		return -1;
	type = iface_type(conn.tab);
	for (int depth = 0; depth < CONN_DEPTH; depth++) {
		u64 words[5] = {};

		if (!type)
			return -1;
		if (type == cfg->type_tcp_conn || type == cfg->type_unix_conn) {
			u64 netfd = read_u64(conn.data);

			return netfd ? (s32)read_u32(netfd + cfg->fd_sysfd) : -1;
		}
		if (type == cfg->type_tls_conn) {
			*is_tls = 1;
			if (read_user(&conn, sizeof(conn), conn.data + cfg->tls_conn))
				return -1;
			type = iface_type(conn.tab);
			continue;
		}
		type = 0;
		if (bpf_probe_read_user(words, sizeof(words), (const void *)conn.data))
			return -1;
		for (int i = 0; i < 4; i++) {
			u64 itab[2] = {};	/* internal/abi.ITab: Inter, Type */

			if (words[i] < 4096 || bpf_probe_read_user(itab, sizeof(itab), (const void *)words[i]))
				continue;
			if (known_conn(cfg, itab[1]) || (itab[0] && itab[0] == cfg->type_net_conn)) {
				type = itab[1];
				conn.tab = words[i];
				conn.data = words[i + 1];
				break;
			}
		}
	}
	return -1;
}

#endif
