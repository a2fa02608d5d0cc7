/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * --deep: what the scheduler does with goroutines (runtime/proc.go). Each of these
 * functions is told the goroutine; all but ready run on g0.
 */
#include "probe.h"
#include "flow.h"

#define MAX_RUNNABLE 2048

/* Since when a goroutine waits for a processor. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_RUNNABLE);
	__type(key, struct g_key);
	__type(value, u64);
} runnable SEC(".maps");

static __always_inline int becomes_runnable(struct pt_regs *ctx, u32 role)
{
	u32 tgid;
	struct target_config *cfg = probe_hit(ctx, role, &tgid);
	struct g_key key = {};
	struct request *q;
	u64 now, *since;

	if (!cfg)
		return 0;
	key.g = GO_ARG0(ctx);
	key.tgid = tgid;
	now = bpf_ktime_get_ns();
	since = bpf_map_lookup_elem(&runnable, &key);
	if (since)
		*since = now;
	else
		bpf_map_update_elem(&runnable, &key, &now, BPF_ANY);
	q = request_of_goroutine(tgid, key.g);
	if (q)
		change_state(q, cfg, WAIT_SCHEDULER);
	return 0;
}

/* ready(gp *g, ...) */
UPROBE(sched_ready) { return becomes_runnable(ctx, ROLE_READY); }
/* goschedImpl(gp *g, ...): preempted, or by runtime.Gosched */
UPROBE(sched_yield) { return becomes_runnable(ctx, ROLE_YIELD); }
/* goyield_m(gp *g): hands its processor on */
UPROBE(sched_yield_to) { return becomes_runnable(ctx, ROLE_YIELD_TO); }
/* preemptPark(gp *g): stopped for the garbage collector */
UPROBE(sched_preempt) { return becomes_runnable(ctx, ROLE_PREEMPT); }
/* exitsyscall0(gp *g), exitsyscallNoP from Go 1.26: back from a system call, and its processor is gone */
UPROBE(sched_syscall_slow) { return becomes_runnable(ctx, ROLE_SYSCALL_SLOW); }
/* The call of casgstatus(gp *g, ...) in newproc1 that makes a new goroutine runnable */
UPROBE(sched_spawn) { return becomes_runnable(ctx, ROLE_SPAWN); }

/* The calls of casgstatus(gp *g, ...) that make runnable whom the network poller found */
UPROBE(sched_netpoll) { return becomes_runnable(ctx, ROLE_NETPOLL); }

/* park_m(gp *g): gopark has noted why */
UPROBE(sched_park)
{
	u32 tgid;
	struct target_config *cfg = probe_hit(ctx, ROLE_PARK, &tgid);
	struct request *q;
	u8 reason = 0;

	if (!cfg)
		return 0;
	q = request_of_goroutine(tgid, GO_ARG0(ctx));
	if (!q || !q->state_since)
		return 0;
	read_user(&reason, sizeof(reason), GO_ARG0(ctx) + cfg->g_waitreason);
	change_state(q, cfg, cfg->reason_wait[reason & (REASONS - 1)]);
	return 0;
}

/* execute(gp *g, inheritTime bool) */
UPROBE(sched_execute)
{
	u32 tgid;
	struct target_config *cfg = probe_hit(ctx, ROLE_EXECUTE, &tgid);
	struct g_key key = {};
	struct cpu_stats *s;
	struct request *q;
	u64 *since;

	if (!cfg)
		return 0;
	key.g = GO_ARG0(ctx);
	key.tgid = tgid;
	since = bpf_map_lookup_elem(&runnable, &key);
	s = my_stats();
	if (since && *since && s) {
		COUNT(s->delays, 1);
		COUNT(s->delay_ns, bpf_ktime_get_ns() - *since);
		*since = 0;
	}
	q = request_of_goroutine(tgid, key.g);
	if (q)
		change_state(q, cfg, WAIT_CPU);
	return 0;
}
