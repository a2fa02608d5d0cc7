/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Waits for a Mutex, RWMutex, WaitGroup or Cond (runtime/sema.go). Only the slow
 * paths come here: a lock that nobody waits for is never seen. A wait begins in
 * semacquire1 and ends where it gives its sudog back; who calls unlockSlow or
 * runtime_Semrelease has held what somebody waits for. unlockSlow is needed: while
 * a goroutine spins for a Mutex, others leave it without a call of the latter.
 */
#include "probe.h"
#include "stack.h"

#define MAX_WAITING 4096
/* Enough to get out of package sync. A power of two. */
#define WAIT_FRAMES 8

struct waiting {
	u64 addr;
	u64 since;	/* 0: not waiting */
	u32 again;
	u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_WAITING);
	__type(key, struct g_key);
	__type(value, struct waiting);
} waits SEC(".maps");

struct wait_event {
	struct rec_wait rec;
	struct rec_field head;
	u64 stack[WAIT_FRAMES];
};

struct release_event {
	struct rec_release rec;
	struct rec_field head;
	u64 stack[WAIT_FRAMES];
};

static __always_inline int in_sync(const struct target_config *cfg, u64 pc)
{
	for (int i = 0; i < SYNC_RANGES; i++)
		if (pc - cfg->sync_text[i].start < cfg->sync_text[i].size)
			return 1;
	return 0;
}

/*
 * Who waits or releases is the first function outside of package sync (agent/correlate/waits/place.ts), and each frame
 * is a read: no more of them than that. Of a wait that package sync has nothing to do with, all that there is room for.
 * Into stack[count...]; returns how many it has now.
 */
static __always_inline u32 walk_out_of_sync(const struct target_config *cfg, u64 fp, u64 *stack, u32 count)
{
	u64 frame[2] = { fp, 0 };
	u64 at, pc = stack[count - 1];
	u32 all = 0;

	while (count < WAIT_FRAMES && (count == 1 || all || in_sync(cfg, pc))) {
		at = frame[0];
		/* The verifier must see the bound on the value that is used. */
		barrier_var(count);
		if (!at || count >= WAIT_FRAMES || try_read_user(frame, sizeof(frame), at) || !frame[1])
			break;
		pc = frame[1];
		if (count == 1)
			all = !in_sync(cfg, pc);
		stack[count & (WAIT_FRAMES - 1)] = pc;
		count++;
		if (frame[0] <= at)
			break;
	}
	return count;
}

/* Requests go first: waits are left out, and counted, when the agent cannot keep up. */
static __always_inline int has_room(void)
{
	if (!use_ring || bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) < RING_BYTES / 2)
		return 1;
	count_loss(LOSS_WAITS);
	return 0;
}

/* Who waits or releases. Of a request's own goroutine the entry knows it, and its parent is of no interest. */
struct party {
	u64 goid;
	u64 parent_goid;
	u64 handler_start;
};

static __always_inline struct party party_of(const struct target_config *cfg, u64 g, const struct request *q)
{
	struct party party = {};

	if (q) {
		party.goid = q->rec.goid;
		party.handler_start = q->rec.handler_start;
		return party;
	}
	party.goid = read_u64(g + cfg->g_goid);
	if (cfg->g_parent_goid != NO_OFFSET)
		party.parent_goid = read_u64(g + cfg->g_parent_goid);
	return party;
}

static __always_inline int begin_wait(struct pt_regs *ctx, u32 role, u32 again)
{
	u32 tgid;
	struct target_config *cfg = probe_hit(ctx, role, &tgid);
	struct waiting *known, wait = {};
	struct g_key key = {};

	if (!cfg)
		return 0;
	key.g = goroutine(ctx);
	key.tgid = tgid;
	wait.addr = GO_ARG0(ctx);
	wait.again = again;
	wait.since = bpf_ktime_get_ns();
	known = bpf_map_lookup_elem(&waits, &key);
	if (known)
		*known = wait;
	else
		bpf_map_update_elem(&waits, &key, &wait, BPF_ANY);
	return 0;
}

static __always_inline int end_wait(struct pt_regs *ctx, u32 role, u32 kind)
{
	u32 tgid, frames;
	struct target_config *cfg = probe_hit(ctx, role, &tgid);
	struct wait_event e = {};
	struct g_key key = {};
	struct party party;
	struct waiting *wait;
	struct cpu_stats *s;
	struct request *q;

	if (!cfg)
		return 0;
	key.g = goroutine(ctx);
	key.tgid = tgid;
	wait = bpf_map_lookup_elem(&waits, &key);
	if (!wait || !wait->since)
		return 0;
	e.rec.start = wait->since;
	e.rec.addr = wait->addr;
	e.rec.again = wait->again;
	e.rec.end = bpf_ktime_get_ns();
	wait->since = 0;
	s = my_stats();
	if (s) {
		COUNT(s->waits, 1);
		COUNT(s->wait_ns, e.rec.end - e.rec.start);
	}
	q = request_of_goroutine(tgid, key.g);
	if (!has_room()) {
		if (q)
			q->rec.flags |= REQ_WAITS_CUT;
		return 0;
	}
	e.rec.hdr.len = sizeof(e);
	e.rec.hdr.type = REC_WAIT;
	e.rec.hdr.version = REC_VERSION;
	e.rec.tgid = tgid;
	e.rec.kind = kind;
	party = party_of(cfg, key.g, q);
	e.rec.goid = party.goid;
	e.rec.parent_goid = party.parent_goid;
	e.rec.handler_start = party.handler_start;
	e.rec.data_len = sizeof(e) - sizeof(e.rec);
	e.stack[0] = REG_PC(ctx);
	frames = walk_out_of_sync(cfg, REG_FP(ctx), e.stack, 1);
	e.head.tag = TAG_STACK;
	e.head.len = sizeof(e.stack);
	e.head.full_len = frames * sizeof(u64);
	if (output(ctx, &e, sizeof(e)) && q)
		q->rec.flags |= REQ_WAITS_CUT;
	return 0;
}

/* semacquire1(addr *uint32, lifo bool, ...): a Mutex asks for the head of the queue when it has waited before */
UPROBE(sem_wait) { return begin_wait(ctx, ROLE_SEM_WAIT, GO_ARG1(ctx) & 1); }
/* notifyListWait(l *notifyList, t uint32) */
UPROBE(cond_wait) { return begin_wait(ctx, ROLE_COND_WAIT, 0); }
/* The calls of releaseSudog in them: the goroutine runs again. */
UPROBE(sem_woken) { return end_wait(ctx, ROLE_SEM_WOKEN, WAIT_KIND_SEMAPHORE); }
UPROBE(cond_woken) { return end_wait(ctx, ROLE_COND_WOKEN, WAIT_KIND_COND); }

/* The semaphore at `addr` was given back, by who held it. */
static __always_inline int released(struct pt_regs *ctx, struct target_config *cfg, u32 tgid, u64 addr)
{
	struct release_event e = {};
	struct request *q;
	struct party party;
	u32 frames;
	u64 g;

	if (!has_room()) {
		cfg->releases_lost = 1;
		return 0;
	}
	e.rec.lost_before = cfg->releases_lost;
	cfg->releases_lost = 0;
	g = goroutine(ctx);
	e.rec.time = bpf_ktime_get_ns();
	q = request_of_goroutine(tgid, g);
	if (q)
		preview_request(ctx, cfg, q);
	e.rec.hdr.len = sizeof(e);
	e.rec.hdr.type = REC_RELEASE;
	e.rec.hdr.version = REC_VERSION;
	e.rec.tgid = tgid;
	party = party_of(cfg, g, q);
	e.rec.goid = party.goid;
	e.rec.parent_goid = party.parent_goid;
	e.rec.handler_start = party.handler_start;
	e.rec.addr = addr;
	e.rec.data_len = sizeof(e) - sizeof(e.rec);
	e.stack[0] = REG_PC(ctx);
	e.stack[1] = return_address(ctx);
	frames = walk_out_of_sync(cfg, REG_FP(ctx), e.stack, 2);
	e.head.tag = TAG_STACK;
	e.head.len = sizeof(e.stack);
	e.head.full_len = frames * sizeof(u64);
	if (output(ctx, &e, sizeof(e)))
		cfg->releases_lost = 1;
	return 0;
}

/* (*Mutex).unlockSlow(new int32): the semaphore is the word behind the state (sync/mutex.go) */
UPROBE(mutex_unlock)
{
	u32 tgid;
	struct target_config *cfg = probe_hit(ctx, ROLE_MUTEX_UNLOCK, &tgid);

	return cfg ? released(ctx, cfg, tgid, GO_ARG0(ctx) + 4) : 0;
}

/* runtime_Semrelease(s *uint32, handoff bool, skipframes int): RWMutex and WaitGroup; a Mutex was seen before it. */
UPROBE(sem_release)
{
	u32 tgid;
	struct target_config *cfg = probe_hit(ctx, ROLE_SEM_RELEASE, &tgid);
	u64 caller;

	if (!cfg)
		return 0;
	caller = return_address(ctx);
	if (caller >= cfg->mutex_unlock && caller < cfg->mutex_unlock_end)
		return 0;
	return released(ctx, cfg, tgid, GO_ARG0(ctx));
}
