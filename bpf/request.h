/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A request from its handler's first instruction to the record that is sent. */
#ifndef HTTPTRACE_REQUEST_H
#define HTTPTRACE_REQUEST_H

#include "conns.h"
#include "headers.h"
#include "flow.h"

/* A request's struct is read up to here in one go; the loader refuses larger offsets. */
#define REQUEST_BYTES 256
/* Masks, see put_field. */
#define METHOD_MAX 15
#define URI_MAX FIELD_MAX
#define REQUEST_AT(q, off) (*(u64 *)(scratch(q) + ((off) & (REQUEST_BYTES - 8))))

/* A burst of so many requests as come in this time at the highest rate is sent whole. */
#define BURST_NS 250000000

/*
 * More requests than this a second take more of the machine to explain than they are worth: each that is sent
 * moves a time on, and none is sent while that is ahead (the generic cell rate algorithm, ITU-T I.371). Not
 * atomic: processors that come at the same time send one too many.
 */
static __always_inline int has_budget(u64 now)
{
	u64 until;

	if (!request_ns)
		return 1;
	until = shared.sent_until;
	if (until > now)
		return 0;
	if (until + BURST_NS < now)
		until = now - BURST_NS;
	shared.sent_until = until + request_ns;
	return 1;
}

/*
 * Sampling is decided when the handler starts, so that a request that is not
 * sent costs no reading. The ring's fill says whether the agent keeps up.
 */
static __always_inline enum skip choose_skip(const struct target_config *cfg, u64 now)
{
	u64 fill = use_ring ? bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) : 0;
	u32 dice;

	if (cfg->sample_threshold == 0xffffffff && fill <= RING_BYTES / 2)
		return has_budget(now) ? SKIP_NONE : SKIP_OVERLOAD;
	dice = bpf_get_prandom_u32();
	if (dice > cfg->sample_threshold)
		return SKIP_SAMPLED;
	if (fill > RING_BYTES / 8 * 7)
		return SKIP_OVERLOAD;
	if (fill > RING_BYTES / 4 * 3 && (dice & 7))
		return SKIP_OVERLOAD;
	if (fill > RING_BYTES / 2 && (dice & 1))
		return SKIP_OVERLOAD;
	return has_budget(now) ? SKIP_NONE : SKIP_OVERLOAD;
}

/*
 * net/http makes the text of a peer's address once a connection, so that where its bytes are tells connections
 * apart. A shorter text may be a constant of the program: a Unix socket's "@".
 */
#define PEER_MIN 8

static __always_inline void note_peer(struct request *q, const struct go_string *peer)
{
	struct kept_conn *kept = &q->kept;

	if (kept->peer && kept->peer == peer->ptr && kept->peer_len == peer->len)
		return;
	__builtin_memset(kept, 0, sizeof(*kept));
	kept->fd = -1;
	if (peer->len >= PEER_MIN && peer->len < FIELD_MAX) {
		kept->peer = peer->ptr;
		kept->peer_len = peer->len;
	}
}

/* The first of a request's fields: it still stands there where the connection is that of the last request. */
static __always_inline void put_peer(struct request *q, const struct go_string *peer)
{
	if (q->kept.peer_field) {
		q->rec.data_len = q->kept.peer_field;
		return;
	}
	put_field(q, TAG_PEER, peer->ptr, peer->len, 63);
	if (q->kept.peer)
		q->kept.peer_field = q->rec.data_len;
}

/* net/http.readRequest cuts the method and the URI out of one line: then one read does. */
static __always_inline void put_request_line(struct request *q, const struct go_string *method,
					     const struct go_string *uri)
{
	u32 start = q->rec.data_len;

	if (method->len > METHOD_MAX || uri->len > URI_MAX - METHOD_MAX - 1 || uri->ptr != method->ptr + method->len + 1) {
		put_field(q, TAG_METHOD, method->ptr, method->len, METHOD_MAX);
		put_field(q, TAG_URI, uri->ptr, uri->len, URI_MAX);
		return;
	}
	put_field(q, TAG_REQUEST_LINE, method->ptr, method->len + 1 + uri->len, URI_MAX);
	((struct rec_field *)(q->data + (start & (DATA_MAX - 1))))->split = method->len;
}

static __always_inline void read_request(struct request *q, struct target_config *cfg,
					 const struct request_layout *l, const struct request_key *key)
{
	struct go_string method, host, peer, uri;
	u64 header;

	if (read_user(scratch(q), REQUEST_BYTES, q->request)) {
		__builtin_memset(&q->kept, 0, sizeof(q->kept));
		return;
	}
	method.ptr = REQUEST_AT(q, l->method);
	method.len = REQUEST_AT(q, l->method + 8);
	host.ptr = REQUEST_AT(q, l->host);
	host.len = REQUEST_AT(q, l->host + 8);
	peer.ptr = REQUEST_AT(q, l->remote_addr);
	peer.len = REQUEST_AT(q, l->remote_addr + 8);
	uri.ptr = REQUEST_AT(q, l->uri);
	uri.len = REQUEST_AT(q, l->uri + 8);
	header = REQUEST_AT(q, l->header);
	q->rec.proto_major = REQUEST_AT(q, l->proto_major);
	q->rec.proto_minor = REQUEST_AT(q, l->proto_minor);
	q->rec.request_body = REQUEST_AT(q, l->content_length);
	if (REQUEST_AT(q, l->tls))
		q->rec.flags |= REQ_TLS;

	note_peer(q, &peer);

	if (q->skip) {
		q->rec.data_len = q->kept.peer_field;	/* what else is noted shall not write over it */
		return;
	}
	put_peer(q, &peer);
	put_request_line(q, &method, &uri);
	put_field(q, TAG_HOST, host.ptr, host.len, 127);
#if defined(SLEEPABLE)
	take_headers(q, cfg, header);
#else
	take_headers(key->tgid, key->id, key->http2, header);
#endif
}

static __always_inline struct request *new_entry(const struct request_key *key)
{
	struct request *blank;
	u32 zero = 0;

	blank = bpf_map_lookup_elem(&blank_request, &zero);
	if (!blank)
		return 0;
	if (bpf_map_update_elem(&requests, key, blank, BPF_NOEXIST)) {
		count_loss(LOSS_REQUESTS_FULL);
		return 0;
	}
	COUNT(shared.request_entries, 1);
	return bpf_map_lookup_elem(&requests, key);
}

/*
 * The entry for a request whose handler starts now; 0 when there is no room.
 * `q` is what stands under the key already, idle or left over.
 */
static __always_inline struct request *begin_request(struct target_config *cfg, const struct request_key *key,
						     struct request *q, u64 g, u64 request,
						     const struct request_layout *layout)
{
	if (!q) {
		q = new_entry(key);
		if (!q)
			return 0;
	} else {
		if (q->rec.handler_start)	/* its end was not seen */
			count_loss(LOSS_STALE);
		__builtin_memset(&q->g, 0, offsetof(struct request, data) - offsetof(struct request, g));
	}
	q->g = g;
	q->request = request;
	q->has_pattern = layout == &cfg->request;
	q->rec.tgid = key->tgid;
	q->rec.fd = -1;
	q->rec.response_body = -1;
	q->rec.weight = cfg->weight;
	q->rec.handler_start = bpf_ktime_get_ns();
	q->skip = choose_skip(cfg, q->rec.handler_start);
	begin_states(q, cfg);
	read_request(q, cfg, layout, key);
	if (!q->kept.goid)
		q->kept.goid = read_u64(g + cfg->g_goid);
	q->rec.goid = q->kept.goid;
	return q;
}

/* Ends of handlers pass unseen: have the loader attach the probe that tells them, whatever the rate (bpf/http1.bpf.c). */
static __always_inline void want_finish(const struct target_config *cfg)
{
	u64 bit = 1ULL << (cfg->slot & (MAX_TARGETS - 1));

	/* Not atomic: before Linux 5.12 only additions were. The next request asks again. */
	if (!(shared.finish_wanted & bit))
		shared.finish_wanted |= bit;
}

static __always_inline void delete_request(const struct request_key *key)
{
	if (bpf_map_delete_elem(&requests, key) == 0)
		COUNT(shared.request_entries, -1);
}

/* Wanted only once a deadline has passed: it may have been this request's. */
static __always_inline void read_context(enum reader reader, struct request *q, const struct target_config *cfg)
{
	if (cfg->deadlines && q->has_pattern && cfg->request_ctx != NO_OFFSET)
		read_by(reader, &q->context, sizeof(q->context), q->request + cfg->request_ctx + 8);
}

static __always_inline void read_pattern(enum reader reader, struct request *q, const struct target_config *cfg)
{
	struct go_string pattern = {};
	u64 addr = 0;

	if (q->skip || !q->has_pattern || q->pattern_read)
		return;
	if (cfg->request_pattern != NO_OFFSET) {
		addr = q->request + cfg->request_pattern;
	} else if (cfg->request_pat != NO_OFFSET) {
		if (!read_by(reader, &addr, sizeof(addr), q->request + cfg->request_pat) && addr)
			addr += cfg->pattern_str;
	}
	if (addr && !read_by(reader, &pattern, sizeof(pattern), addr) && pattern.len) {
		q->pattern_read = 1;
		put_field_by(reader, q, TAG_PATTERN, pattern.ptr, pattern.len, 127);
	}
}

/*
 * The status that the response holds when the handler has returned. Where a
 * profile made the compiler inline WriteHeader, no probe saw it.
 */
static __always_inline void take_status(struct request *q, u64 status)
{
	if (q->rec.write_header)
		return;
	if (status >= 100 && status < 1000)
		q->rec.status = status;
	else
		q->rec.flags |= REQ_FINISH_NO_HEADER;
}

static __always_inline void note_status(struct request *q, s64 code)
{
	if (code >= 100 && code < 200 && code != 101) {
		q->rec.informational++;
	} else if (!q->rec.write_header) {
		q->rec.write_header = bpf_ktime_get_ns();
		q->rec.status = code > 0 && code < 65536 ? code : 0;
	} else {
		q->rec.superfluous++;
	}
}

static __always_inline u32 log2_u64(u64 v)
{
	u32 r = 0;

	if (v >> 32) { v >>= 32; r += 32; }
	if (v >> 16) { v >>= 16; r += 16; }
	if (v >> 8) { v >>= 8; r += 8; }
	if (v >> 4) { v >>= 4; r += 4; }
	if (v >> 2) { v >>= 2; r += 2; }
	if (v >> 1) r += 1;
	return r;
}

/* Four buckets an octave; the first takes all below 2^HIST_MIN_SHIFT ns. Global: its branches are verified once. */
__noinline u32 hist_bucket(u64 ns)
{
	u32 shift, bucket;

	if (ns < (1ULL << HIST_MIN_SHIFT))
		return 0;
	shift = log2_u64(ns);
	bucket = (shift - HIST_MIN_SHIFT) * 4 + ((ns >> (shift - 2)) & 3) + 1;
	return bucket < HIST_BUCKETS ? bucket : HIST_BUCKETS - 1;
}

static __always_inline void count_request(const struct request *q, u64 duration)
{
	struct cpu_stats *s = my_stats();
	u32 status = q->rec.status;
	u32 bucket = hist_bucket(duration);
	u32 class;

	if (!s)
		return;
	if (!status && q->rec.flags & REQ_FINISH_NO_HEADER)
		status = 200;
	if (!status)
		status = q->rec.wire_status;
	/* Comparisons: the verifier does not follow a division. */
	class = status >= 600 ? 0 : status >= 500 ? 5 : status >= 400 ? 4 : status >= 300 ? 3 : status >= 200 ? 2 :
		status >= 100 ? 1 : 0;
	barrier_var(class);
	if (class >= HIST_CLASSES || bucket >= HIST_BUCKETS)
		return;
	COUNT(s->hist[class][bucket], 1);
	COUNT(s->finished, 1);
}

static __always_inline struct request *request_of_goroutine(u32 tgid, u64 g)
{
	struct request_key key = { .id = g, .tgid = tgid };
	struct g_key by_g = { .g = g, .tgid = tgid };
	struct request *q = live_request(&key);
	u64 *stream;

	if (q)
		return q;
	stream = bpf_map_lookup_elem(&streams_by_g, &by_g);
	if (!stream)
		return 0;
	key.id = *stream;
	key.http2 = 1;
	return live_request(&key);
}

static __always_inline long output_request(void *ctx, struct request *q)
{
	u32 len = (sizeof(q->rec) + q->rec.data_len + 7) & ~7U;

	q->rec.hdr.len = len;
	q->rec.hdr.type = REC_REQUEST;
	q->rec.hdr.version = REC_VERSION;
	/* Never more; the verifier must see the bound on the value that is used. */
	barrier_var(len);
	if (len > sizeof(q->rec) + DATA_MAX)
		return 0;
	return output(ctx, &q->rec, len);
}

/* What is known of a request that still runs: others wait for what it holds, and want to know who it is. */
static __always_inline void preview_request(void *ctx, const struct target_config *cfg, struct request *q)
{
	if (q->previewed)
		return;
	q->previewed = 1;
	read_pattern(IN_UPROBE, q, cfg);
	q->rec.flags |= REQ_PREVIEW;
	output_request(ctx, q);
	q->rec.flags &= ~REQ_PREVIEW;
}

/* Nobody waits for the response any more. Put down at once: a handler that never looks may run until the agent leaves. */
static __always_inline void note_client_gone(struct request *q)
{
	if (q->rec.handler_end || q->client_gone)
		return;
	q->client_gone = bpf_ktime_get_ns();
	put_value(q, TAG_CLIENT_GONE, &q->client_gone, sizeof(q->client_gone));
}

/* What was added up while the request ran. */
static __always_inline void put_waits(struct request *q, const struct target_config *cfg)
{
	if (deep || q->waits[WAIT_GC_ASSIST])
		put_value(q, TAG_WAITS, q->waits, sizeof(q->waits));
	if (q->context)
		put_value(q, TAG_CONTEXT, &q->context, sizeof(q->context));
	if (cfg->stw_start)
		put_value(q, TAG_PAUSE_OPEN, &cfg->stw_start, sizeof(cfg->stw_start));
}

/* The request is over: count it, send it unless it is left out, forget it. */
static __always_inline int end_request(void *ctx, const struct target_config *cfg, struct request *q,
				       struct request_key *key)
{
	u64 start, duration;

	start = q->rec.first_read ? q->rec.first_read : q->rec.handler_start;
	q->rec.end = q->rec.handler_end;
	if (q->rec.last_write > q->rec.end)
		q->rec.end = q->rec.last_write;
	duration = q->rec.end - start;
	end_states(q, cfg);
	count_request(q, duration);

	if (q->skip == SKIP_SAMPLED) {
		count_loss(LOSS_NOT_SAMPLED);
	} else if (q->skip == SKIP_OVERLOAD) {
		count_loss(LOSS_OVERLOAD);
	} else if (duration < cfg->min_duration) {
		count_loss(LOSS_FILTERED);
	} else {
		put_waits(q, cfg);
		output_request(ctx, q);
	}
	if (key->http2 || q->closing || shared.request_entries > KEEP_IDLE_BELOW)
		delete_request(key);
	else
		q->rec.handler_start = 0;
	return 0;
}

#if defined(SLEEPABLE)
/* Global, so that it is verified once a program. A ring buffer needs no context. */
__noinline int end_request_of(struct request *q, struct target_config *cfg, u32 tgid, u64 id, u32 http2)
{
	struct request_key key = { .id = id, .tgid = tgid, .http2 = http2 };

	return q && cfg ? end_request(0, cfg, q, &key) : 0;
}

static __always_inline int send_request(void *ctx, struct target_config *cfg, struct request *q,
					struct request_key *key)
{
	return end_request_of(q, cfg, key->tgid, key->id, key->http2);
}
#else
static __noinline int send_request(void *ctx, struct target_config *cfg, struct request *q, struct request_key *key)
{
	return end_request(ctx, cfg, q, key);
}
#endif

#endif
