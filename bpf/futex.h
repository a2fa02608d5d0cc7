/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Threads that sleep for a lock of the Go runtime itself: of a channel, the scheduler, the heap (runtime/lock_futex.go,
 * lock_spinbit.go). Go calls futex(2) from one function alone, runtime.futex, whose bounds the plan tells: libc's waits
 * come from elsewhere. A thread that has nothing to do sleeps by the same call for a note, which holds 0 then
 * (notesleep); a lock that is waited for holds 2, or, from Go 1.24 on, the thread's semaphore -1: it is the value that
 * tells them apart. Spinning before the sleep is not seen.
 */
#ifndef HTTPTRACE_FUTEX_H
#define HTTPTRACE_FUTEX_H

#include "state.h"

/* include/uapi/linux/futex.h: FUTEX_WAIT | FUTEX_PRIVATE_FLAG */
#define FUTEX_WAIT_PRIVATE 128

/* include/uapi/asm-generic/errno-base.h, include/linux/errno.h */
#define EAGAIN 11
#define ERESTARTSYS 512

#define MAX_SLEEPERS 1024

/* A thread that sleeps for a lock. */
struct sleeper {
	u64 addr;	/* of the futex */
	u64 since;	/* 0: a signal woke it, and it will go on sleeping */
	u64 slept;	/* ns before that */
};

/* Key: the thread. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_SLEEPERS);
	__type(key, u32);
	__type(value, struct sleeper);
} sleepers SEC(".maps");

/* By the slot of the target. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MAX_TARGETS);
	__type(key, u32);
	__type(value, struct runtime_lock_waits);
} runtime_locks SEC(".maps");

/* The target, if this call is a wait for a lock. For most calls two comparisons say that it is not. */
static __always_inline struct target_config *waits_for_lock(struct pt_regs *regs)
{
	struct target_config *cfg;
	u32 tgid;

	if (SYS_ARG1(regs) != FUTEX_WAIT_PRIVATE || !(u32)SYS_ARG2(regs))
		return 0;
	cfg = current_target(&tgid);
	if (!cfg || REG_PC(regs) < cfg->runtime_futex || REG_PC(regs) >= cfg->runtime_futex_end)
		return 0;
	return cfg;
}

static __always_inline void before_futex(struct pt_regs *regs)
{
	struct sleeper *known, sleeper = {};
	u32 thread;

	if (!waits_for_lock(regs))
		return;
	thread = bpf_get_current_pid_tgid();
	sleeper.addr = SYS_ARG0(regs);
	sleeper.since = bpf_ktime_get_ns();
	known = bpf_map_lookup_elem(&sleepers, &thread);
	if (known && !known->since && known->addr == sleeper.addr)
		known->since = sleeper.since;
	else
		bpf_map_update_elem(&sleepers, &thread, &sleeper, BPF_ANY);
}

static __always_inline void count_lock_wait(u32 slot, u64 ns)
{
	static const u64 bounds[RUNTIME_LOCK_BUCKETS - 1] = RUNTIME_LOCK_BOUNDS;
	struct runtime_lock_waits *waits = bpf_map_lookup_elem(&runtime_locks, &slot);
	u32 bucket = 0;

	if (!waits)
		return;
#pragma unroll
	for (int i = 0; i < RUNTIME_LOCK_BUCKETS - 1; i++)
		bucket += ns > bounds[i];
	if (bucket < RUNTIME_LOCK_BUCKETS)
		COUNT(waits->buckets[bucket], 1);
	COUNT(waits->total_ns, ns);
	/* Again, if another thread wrote a shorter one meanwhile. */
	for (int i = 0; i < 4 && ns > *(volatile u64 *)&waits->longest_ns; i++)
		*(volatile u64 *)&waits->longest_ns = ns;
}

static __always_inline void after_futex(struct pt_regs *regs, long ret)
{
	struct target_config *cfg = waits_for_lock(regs);
	struct sleeper *sleeper;
	u64 before, slept;
	u32 thread;

	if (!cfg)
		return;
	thread = bpf_get_current_pid_tgid();
	sleeper = bpf_map_lookup_elem(&sleepers, &thread);
	if (!sleeper || !sleeper->since)
		return;
	before = sleeper->slept;
	slept = before + bpf_ktime_get_ns() - sleeper->since;
	/* Go's signal handlers ask for calls to be restarted (SA_RESTART). */
	if (ret == -ERESTARTSYS) {
		sleeper->slept = slept;
		sleeper->since = 0;
		return;
	}
	bpf_map_delete_elem(&sleepers, &thread);
	/* The lock was given back before the thread could sleep. */
	if (ret != -EAGAIN || before)
		count_lock_wait(cfg->slot, slept);
}

#endif
