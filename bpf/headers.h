/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Wanted request headers out of a map[string][]string, walked as memory.
 * Classic maps: runtime/map.go (to Go 1.23). Swiss maps: internal/runtime/maps
 * (from 1.24). Both keep blocks of eight slots behind eight control bytes.
 */
#ifndef HTTPTRACE_HEADERS_H
#define HTTPTRACE_HEADERS_H

#include "go.h"

#define SLOTS 8
#define KEY_BYTES 16	/* string */
#define ELEM_BYTES 24	/* []string */

/* runtime/map.go: bmap{tophash [8]uint8; keys [8]K; elems [8]V; overflow *bmap} */
#define CLASSIC_OVERFLOW (8 + SLOTS * (KEY_BYTES + ELEM_BYTES))
#define CLASSIC_BLOCK (CLASSIC_OVERFLOW + 8)
#define CLASSIC_MIN_TOPHASH 5
/* internal/runtime/maps/group.go: group{ctrls; slots [8]struct{key K; elem V}} */
#define SWISS_BLOCK (8 + SLOTS * (KEY_BYTES + ELEM_BYTES))
#define SWISS_EMPTY_BIT 0x80

/* Wanted headers whose names have the same length. */
#define SAME_LENGTH 3
/* Scratch space behind a block: the []string values that were read last. */
#define VALUES 8	/* a power of two */
#define VALUES_AT ((CLASSIC_BLOCK + 7) & ~7)
_Static_assert(VALUES_AT + VALUES * sizeof(struct go_string) <= SCRATCH_MAX, "scratch space is too small");

/*
 * The functions below are global, so that each is verified once and not for
 * every turn of the loop that calls it; it makes seconds of loading into
 * milliseconds. Pointers as their arguments came with Linux 5.12: the build for
 * older kernels passes the key and looks up again.
 */
struct work {
	struct request *q;
	struct target_config *cfg;
};

#if defined(SLEEPABLE)
#define WORK_PARAMS struct request *q, struct target_config *cfg
#define WORK_ARGS w.q, w.cfg
#define FIND_WORK(w) ((w)->q = q, (w)->cfg = cfg, q && cfg)
#else
#define WORK_PARAMS u32 tgid, u64 id, u32 http2
#define WORK_ARGS tgid, id, http2
#define FIND_WORK(w) find_work(w, tgid, id, http2)

static __always_inline int find_work(struct work *w, u32 tgid, u64 id, u32 http2)
{
	struct request_key key = { .id = id, .tgid = tgid, .http2 = http2 };

	w->q = bpf_map_lookup_elem(&requests, &key);
	w->cfg = find_target(tgid);
	return w->q && w->cfg;
}
#endif

/*
 * The first value of a header, out of its []string. net/http cuts those of a request out of one array
 * (net/textproto.Reader.ReadMIMEHeader), so what follows is read with it: the next ones are there then.
 */
static __always_inline int first_value(struct request *q, struct go_string *value, u64 values)
{
	struct go_string *window = (void *)(scratch(q) + VALUES_AT);
	u64 at = values - q->values_at;

	if (at > (VALUES - 1) * sizeof(*value) || at % sizeof(*value)) {
		q->values_at = 0;
		if (bpf_probe_read_user(window, VALUES * sizeof(*value), (const void *)values))
			return read_user(value, sizeof(*value), values);
		q->values_at = values;
		at = 0;
	}
	*value = window[at / sizeof(*value) & (VALUES - 1)];
	return 0;
}

static __always_inline void take_value(struct request *q, u32 header, u64 values)
{
	struct go_string value = {};

	if (!first_value(q, &value, values) && value.ptr)
		put_field(q, TAG_HEADER + header, value.ptr, value.len, 255);
}

/* The wanted header whose name was seen at this address, which is in read-only memory; HDR_WANTED: none. */
static __always_inline u32 header_at(const struct target_config *cfg, u32 next, u64 name)
{
	for (int i = 0; i < SAME_LENGTH; i++) {
		u32 at = next - 1;

		if (at >= HDR_WANTED)
			break;
		if (cfg->headers[at].literal == name)
			return at;
		next = cfg->header_next[at];
	}
	return HDR_WANTED;
}

/* A slot of the block in scratch space whose key has the length of a wanted header. */
__noinline int take_slot(WORK_PARAMS, u32 key_at, u32 elem_at)
{
	char name[HDR_NAME_MAX] = {};
	const u64 *want, *have = (const u64 *)name;
	struct go_string key, values;
	struct work w;
	char *block;
	u32 next, at;

	if (!FIND_WORK(&w) || key_at > CLASSIC_BLOCK || elem_at > CLASSIC_BLOCK)
		return 0;
	block = scratch(w.q);
	key = *(struct go_string *)(block + key_at);
	values = *(struct go_string *)(block + elem_at);
	/* A name of the full 32 bytes is not offered by the planner. */
	if (!values.len || !key.ptr || key.len >= HDR_NAME_MAX)
		return 0;
	next = w.cfg->header_by_len[key.len & (HDR_NAME_MAX - 1)];
	at = header_at(w.cfg, next, key.ptr);
	if (at < HDR_WANTED) {
		take_value(w.q, at, values.ptr);
		return 0;
	}
	if (read_user(name, key.len & (HDR_NAME_MAX - 1), key.ptr))
		return 0;
	for (int i = 0; i < SAME_LENGTH; i++) {
		at = next - 1;
		if (at >= HDR_WANTED)
			return 0;
		want = (const u64 *)w.cfg->headers[at].name;
		if (want[0] == have[0] && want[1] == have[1] && want[2] == have[2] && want[3] == have[3]) {
			/* The names that net/http knows are literals: reading one again would cost more than all the rest. */
			if (key.ptr >= w.cfg->rodata && key.ptr < w.cfg->rodata_end)
				w.cfg->headers[at].literal = key.ptr;
			take_value(w.q, at, values.ptr);
			return 0;
		}
		next = w.cfg->header_next[at];
	}
	return 0;
}

/* One block of eight slots at `addr`. Returns the classic overflow pointer. */
__noinline u64 take_block(WORK_PARAMS, u64 addr, u32 classic)
{
	struct work w;
	char *block;

	if (!FIND_WORK(&w))
		return 0;
	block = scratch(w.q);
	if (read_user(block, classic ? CLASSIC_BLOCK : SWISS_BLOCK, addr))
		return 0;
	for (u32 i = 0; i < SLOTS; i++) {
		u8 ctrl = block[i];
		u32 key_at = 8 + i * (classic ? KEY_BYTES : KEY_BYTES + ELEM_BYTES);
		u32 elem_at = classic ? 8 + SLOTS * KEY_BYTES + i * ELEM_BYTES : key_at + KEY_BYTES;
		u64 len;

		if (classic ? ctrl < CLASSIC_MIN_TOPHASH : ctrl & SWISS_EMPTY_BIT)
			continue;
		len = ((struct go_string *)(block + key_at))->len;
		if (len < HDR_NAME_MAX && w.cfg->header_by_len[len & (HDR_NAME_MAX - 1)])
			take_slot(WORK_ARGS, key_at, elem_at);
	}
	return classic ? *(u64 *)(block + CLASSIC_OVERFLOW) : 0;
}

/* Where the blocks of a header map stand: one array, or two while it grows. */
struct map_blocks {
	u64 base;
	u64 old;	/* entries that were not moved yet (classic) */
	u32 count;
	u32 old_count;
	u32 classic;
};

/* runtime.hmap and internal/runtime/maps.Map, both of 48 bytes, are read in one go. */
#define MAP_BYTES 64
#define MAP_READ 48
#define MAP_WORD(words, off) ((words)[((off) / 8) & (MAP_BYTES / 8 - 1)])

static __always_inline void classic_blocks(struct map_blocks *m, const struct target_config *cfg, const u64 *words)
{
	u32 b;

	b = ((const u8 *)words)[cfg->hmap_b & (MAP_BYTES - 1)];
	m->classic = 1;
	m->base = MAP_WORD(words, cfg->hmap_buckets);
	m->old = MAP_WORD(words, cfg->hmap_buckets + 8);
	m->count = b < 16 ? 1U << b : 0;
	m->old_count = m->old ? (m->count + 1) / 2 : 0;
}

static __always_inline void swiss_blocks(struct map_blocks *m, const struct target_config *cfg, const u64 *words)
{
	u64 dir, dir_len, table;

	dir = MAP_WORD(words, cfg->map_dir_ptr);
	dir_len = MAP_WORD(words, cfg->map_dir_len);

	if (!dir_len) {	/* up to eight entries: the one group itself */
		m->base = dir;
		m->count = 1;
		return;
	}
	table = dir ? read_u64(dir) : 0;
	if (!table)
		return;
	m->base = read_u64(table + cfg->table_groups);
	m->count = read_u64(table + cfg->table_groups + 8) + 1;
}

__noinline int take_headers(WORK_PARAMS, u64 map)
{
	struct map_blocks m = {};
	struct work w;
	u64 *words;
	u32 index = 0;
	u64 next = 0;

	if (!map || !FIND_WORK(&w))
		return 0;
	w.q->values_at = 0;
	/* Not on the stack, where an offset had to be a constant before Linux 5.12. */
	words = (u64 *)scratch(w.q);
	if (read_user(words, MAP_READ, map))
		return 0;
	if (w.cfg->map_kind == MAP_CLASSIC)
		classic_blocks(&m, w.cfg, words);
	else if (w.cfg->map_kind == MAP_SWISS)
		swiss_blocks(&m, w.cfg, words);
	if (!m.base)
		return 0;
	for (int i = 0; i < HDR_GROUPS; i++) {
		if (!next) {
			if (index < m.count)
				next = m.base + (u64)index * (m.classic ? CLASSIC_BLOCK : SWISS_BLOCK);
			else if (index < m.count + m.old_count)
				next = m.old + (u64)(index - m.count) * CLASSIC_BLOCK;
			else
				return 0;
			index++;
		}
		next = take_block(WORK_ARGS, next, m.classic);
	}
	if (next || index < m.count + m.old_count)
		w.q->rec.flags |= REQ_HEADERS_CUT;
	return 0;
}

#endif
