/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* runtime.gopanic: what was thrown, and where. Rare, so it may cost more. */
#include "probe.h"
#include "stack.h"

#define MAX_FRAMES 64
#define PANIC_DATA 64
#define PANIC_TEXT 511

struct panic_event {
	struct rec_panic rec;
	struct rec_field stack_head;
	u64 stack[MAX_FRAMES];
	struct rec_field data_head;
	char data[PANIC_DATA];
	struct rec_field text_head;
	char text[PANIC_TEXT + 1];
};

/* By thread: the record is too large for the stack, and a program can be preempted. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 128);
	__type(key, u64);
	__type(value, struct panic_event);
} panics SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct panic_event);
} blank_panic SEC(".maps");

/* gopanic(e any) */
UPROBE(go_panic)
{
	u32 tgid, zero = 0, frames;
	struct target_config *cfg = probe_hit(ctx, ROLE_PANIC, &tgid);
	u64 thread = bpf_get_current_pid_tgid();
	struct panic_event *e;
	struct go_string text = {};
	struct request *q;
	u64 g, data;

	if (!cfg)
		return 0;
	e = bpf_map_lookup_elem(&blank_panic, &zero);
	if (!e || bpf_map_update_elem(&panics, &thread, e, BPF_ANY))
		return 0;
	e = bpf_map_lookup_elem(&panics, &thread);
	if (!e)
		return 0;
	g = goroutine(ctx);
	data = GO_ARG1(ctx);
	e->rec.hdr.len = sizeof(*e);
	e->rec.hdr.type = REC_PANIC;
	e->rec.hdr.version = REC_VERSION;
	e->rec.tgid = tgid;
	e->rec.data_len = sizeof(*e) - sizeof(e->rec);
	e->rec.goid = read_u64(g + cfg->g_goid);
	e->rec.time = bpf_ktime_get_ns();
	e->rec.type = GO_ARG0(ctx);
	q = request_of_goroutine(tgid, g);
	if (q) {
		q->rec.flags |= REQ_PANICKED;
		e->rec.handler_start = q->rec.handler_start;
	}
	frames = stack_at_entry(ctx, e->stack, MAX_FRAMES);
	e->stack_head.tag = TAG_STACK;
	e->stack_head.len = sizeof(e->stack);
	e->stack_head.full_len = frames * sizeof(u64);

	/* Not every value is this long or holds a string: what cannot be read stays zero. */
	e->data_head.tag = TAG_PANIC_DATA;
	e->data_head.len = PANIC_DATA;
	e->data_head.full_len = PANIC_DATA;
	e->text_head.tag = TAG_PANIC_TEXT;
	e->text_head.len = PANIC_TEXT + 1;
	if (data) {
		try_read_user(e->data, PANIC_DATA, data);
		text = *(struct go_string *)e->data;
		if (text.ptr > 4096 && text.len) {
			u32 len = text.len > PANIC_TEXT ? PANIC_TEXT : text.len;

			barrier_var(len);	/* keeps the mask, which the verifier needs */
			if (!try_read_user(e->text, len & PANIC_TEXT, text.ptr))
				e->text_head.full_len = text.len > 0xffffffff ? 0xffffffff : text.len;
		}
	}
	output(ctx, e, sizeof(*e));
	bpf_map_delete_elem(&panics, &thread);
	return 0;
}
