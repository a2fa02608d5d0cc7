/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Processes that start (--follow) and targets that end. */
#include "probe.h"
#include <bpf/bpf_tracing.h>

static __always_inline void send_process(void *ctx, u16 type, u32 tgid)
{
	struct rec_process rec = {
		.hdr = { .len = sizeof(rec), .type = type, .version = REC_VERSION },
		.tgid = tgid,
		.time = bpf_ktime_get_ns(),
	};

	output(ctx, &rec, sizeof(rec));
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec)
{
	if (follow_exec)
		send_process(ctx, REC_EXEC, current_tgid());
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	u32 tgid = current_tgid();

	if (!find_target(tgid))
		return 0;
	if (BPF_CORE_READ(task, signal, live.counter) == 0)
		send_process(ctx, REC_EXIT, tgid);
	return 0;
}
