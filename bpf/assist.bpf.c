/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * gcAssistAlloc1 (runtime/mgcmark.go): a goroutine that allocates while the
 * garbage collector runs is made to mark. It runs on g0; the two sites are the
 * calls by which the runtime itself takes the time.
 */
#include "probe.h"
#include "flow.h"

#define MAX_ASSISTS 1024

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_ASSISTS);
	__type(key, struct g_key);
	__type(value, u64);
} assists SEC(".maps");

UPROBE(assist_begin)
{
	u32 tgid;
	struct target_config *cfg = probe_hit(ctx, ROLE_ASSIST_BEGIN, &tgid);
	struct g_key key = {};
	u64 now;

	if (!cfg)
		return 0;
	key.g = served_goroutine(ctx, cfg);
	key.tgid = tgid;
	now = bpf_ktime_get_ns();
	bpf_map_update_elem(&assists, &key, &now, BPF_ANY);
	if (deep) {
		struct request *q = request_of_goroutine(tgid, key.g);

		if (q)
			change_state(q, cfg, WAIT_GC_ASSIST);
	}
	return 0;
}

UPROBE(assist_end)
{
	u32 tgid;
	struct target_config *cfg = probe_hit(ctx, ROLE_ASSIST_END, &tgid);
	struct g_key key = {};
	struct cpu_stats *s;
	struct request *q;
	u64 *since, took;

	if (!cfg)
		return 0;
	key.g = served_goroutine(ctx, cfg);
	key.tgid = tgid;
	since = bpf_map_lookup_elem(&assists, &key);
	if (!since || !*since)
		return 0;
	took = bpf_ktime_get_ns() - *since;
	*since = 0;
	s = my_stats();
	if (s) {
		COUNT(s->assists, 1);
		COUNT(s->assist_ns, took);
	}
	q = request_of_goroutine(tgid, key.g);
	if (q && deep)
		change_state(q, cfg, WAIT_CPU);
	else if (q && !q->rec.handler_end)
		q->waits[WAIT_GC_ASSIST] += took;
	return 0;
}
