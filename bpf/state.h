/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the programs remember between hits, the counters, and the way out. */
#ifndef HTTPTRACE_STATE_H
#define HTTPTRACE_STATE_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "config.h"
#include "entry.h"

#define MAX_TARGETS 64
#define MAX_REQUESTS 4096	/* default; the loader sets it */
#define DIRECT_CONNS 4096
#define MAX_CONNECTIONS 4096	/* beyond those */
#define MAX_ESTABLISHED 2048
#define RING_BYTES (4 << 20)

/* Set by the loader before the programs are loaded. */
const volatile u32 use_ring = 1;
const volatile u32 follow_exec = 0;
const volatile u32 deep = 0;
const volatile u32 cpu_mask = 0;	/* number of per-CPU stats slots - 1 */
const volatile u64 pidns_dev = 0;	/* not zero: count pids in this namespace */
const volatile u64 pidns_ino = 0;
const volatile u64 request_ns = 0;	/* a request is sent so often on average, at most; 0: as often as they come */

/* One connection. Key: (process, file descriptor). */
struct conn_key {
	u32 tgid;
	s32 fd;
};

enum conn_flags {
	CONN_NOT_SOCKET = 1 << 0,
	CONN_IN_REQUEST = 1 << 1,	/* HTTP/1: between handler entered and sent */
	CONN_PENDING = 1 << 2,		/* the handler returned; waiting for the last byte */
	CONN_SEEN = 1 << 3,		/* a request was seen on it */
	CONN_TLS = 1 << 4,
	CONN_STATUS_KNOWN = 1 << 6,	/* of the response that is being written */
	CONN_PIPELINED = 1 << 5,	/* requests share reads: whose bytes they were is not known */
};

#define MAX_FLUSH 4

struct conn {
	u64 epoch;		/* in conns_by_fd: that of its target; another one: no entry */
	u64 established;
	u64 accepted;
	u64 tls_start;
	u64 tls_end;
	u64 first_read;		/* of the request that is being read */
	u64 last_read;
	u64 ahead;		/* the byte that net/http reads ahead while a handler runs */
	u64 first_write;
	u64 last_write;
	u64 bytes_in;
	u64 bytes_out;
	u64 g;			/* goroutine of the HTTP/1 request in flight */
	u64 flush[MAX_FLUSH];	/* HTTP/2 streams that end with the next write */
	u32 flags;
	u16 wire_status;
	u16 pad;
};

/* A stream before its handler runs: when its header block was read, with these bits if it is closed already, by the client. */
#define STREAM_CLOSED (1ULL << 63)
#define STREAM_LEFT (1ULL << 62)
struct stream_key {
	u64 conn;	/* *serverConn */
	u32 tgid;
	u32 id;
};

struct g_key {
	u64 g;
	u32 tgid;
	u32 pad;
};

/*
 * By slot, because a look-up in an array costs next to nothing, and these happen
 * at every hit and every read and write of the node. The first target has slot 0.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_TARGETS);
	__type(key, u32);
	__type(value, struct target_config);
} configs SEC(".maps");

/* Process to slot, for targets in slots other than 0. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_TARGETS);
	__type(key, u32);
	__type(value, u32);
} slots SEC(".maps");

/* How many entries `slots` has. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} slots_used SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_REQUESTS);
	__type(key, struct request_key);
	__type(value, struct request);
} requests SEC(".maps");

struct shared_state shared = {};

/*
 * While `requests` has few entries, an HTTP/1 connection keeps its own from one
 * request to the next, idle, which spares two map operations each.
 */
#define KEEP_IDLE_BELOW (MAX_REQUESTS / 2)

/* What a new entry of `requests` is copied from: too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct request);
} blank_request SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_CONNECTIONS);
	__type(key, struct conn_key);
	__type(value, struct conn);
} conns SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DIRECT_CONNS);
	__type(key, u32);
	__type(value, struct conn);
} conns_by_fd SEC(".maps");

/* Key: address of the struct sock. Value: when it was established. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_ESTABLISHED);
	__type(key, u64);
	__type(value, u64);
} established SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_REQUESTS);
	__type(key, struct stream_key);
	__type(value, u64);
} stream_reads SEC(".maps");

/* The stream that a goroutine handles (HTTP/2). */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_REQUESTS);
	__type(key, struct g_key);
	__type(value, u64);
} streams_by_g SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cpu_stats);
} stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES);
} events SEC(".maps");

/* The *net/http.conn that a goroutine serves; only filled where http1_serve_inlined is watched. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_REQUESTS);
	__type(key, struct g_key);
	__type(value, u64);
} serving_conns SEC(".maps");

/* The entry of a request in flight; 0 also where a connection keeps an idle one. */
static __always_inline struct request *live_request(const struct request_key *key)
{
	struct request *q = bpf_map_lookup_elem(&requests, key);

	return q && q->rec.handler_start ? q : 0;
}

static __always_inline u32 current_tgid(void)
{
	if (pidns_ino) {
		struct bpf_pidns_info info = {};

		if (bpf_get_ns_current_pid_tgid(pidns_dev, pidns_ino, &info, sizeof(info)))
			return 0;
		return info.tgid;
	}
	return bpf_get_current_pid_tgid() >> 32;
}

static __always_inline struct cpu_stats *my_stats(void)
{
	u32 slot = bpf_get_smp_processor_id() & cpu_mask;

	return bpf_map_lookup_elem(&stats, &slot);
}

/* A uprobe program can be preempted by another one: only atomics count right. */
#define COUNT(counter, n) __sync_fetch_and_add(&(counter), (n))

/*
 * Not static: the verifier looks at a global function once, not at each call.
 * Its arguments can only be numbers before Linux 5.12.
 */
__noinline int count_loss(u32 loss)
{
	struct cpu_stats *s = my_stats();

	if (s && loss < LOSS_MAX)
		COUNT(s->lost[loss], 1);
	return 0;
}

static __always_inline struct target_config *find_target(u32 tgid)
{
	u32 zero = 0, *slot, *used;
	struct target_config *cfg = bpf_map_lookup_elem(&configs, &zero);

	if (cfg && cfg->tgid == tgid)
		return cfg;
	used = bpf_map_lookup_elem(&slots_used, &zero);
	if (!used || !*used)
		return 0;
	slot = bpf_map_lookup_elem(&slots, &tgid);
	return slot ? bpf_map_lookup_elem(&configs, slot) : 0;
}

/* The configuration of the current process, where it is a target. */
static __always_inline struct target_config *current_target(u32 *tgid)
{
	struct target_config *cfg;

	*tgid = current_tgid();
	cfg = find_target(*tgid);
	if (!cfg || !cfg->armed)
		return 0;
	return cfg;
}

/*
 * A wake-up costs the target's thread more than the record itself. The loader
 * looks every 25 ms anyway, so only the records that cross this fill wake it.
 */
#define WAKE_BYTES (RING_BYTES / 16)
#define WAKE_WINDOW 8192

static __always_inline long output(void *ctx, void *data, u64 size)
{
	long err;

	if (use_ring) {
		u64 fill = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);
		u64 flags = BPF_RB_NO_WAKEUP;

		if (fill > WAKE_BYTES && fill < WAKE_BYTES + WAKE_WINDOW)
			flags = BPF_RB_FORCE_WAKEUP;
		err = bpf_ringbuf_output(&events, data, size, flags);
	} else {
		err = bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, data, size);
	}
	if (err)
		count_loss(LOSS_OUTPUT_FULL);
	return err;
}

#endif
