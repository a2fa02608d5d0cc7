/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * --deep: the state of a request's goroutine, one at any time, so that the times
 * in all of them add up to the request's. While the world stands still the time is
 * the pause's, whatever the goroutine does.
 */
#ifndef HTTPTRACE_FLOW_H
#define HTTPTRACE_FLOW_H

#include "state.h"

static __always_inline u64 stw_clock(const struct target_config *cfg, u64 now)
{
	u64 since = cfg->stw_start;

	return cfg->stw_total + (since && now > since ? now - since : 0);
}

/* The time since the last change goes to the state that ends. */
static __always_inline void settle_state(struct request *q, const struct target_config *cfg, u64 now)
{
	u64 stw = stw_clock(cfg, now), took = now - q->state_since, stopped = stw - q->state_stw;
	u32 state = q->state;

	if (stopped > took)
		stopped = took;
	barrier_var(state);
	if (state < WAIT_MAX)
		q->waits[state] += took - stopped;
	q->waits[WAIT_GC_STW] += stopped;
	q->state_since = now;
	q->state_stw = stw;
}

static __always_inline void change_state(struct request *q, const struct target_config *cfg, u32 state)
{
	if (!q->state_since)
		return;
	settle_state(q, cfg, bpf_ktime_get_ns());
	q->state = state;
}

/* The handler is entered: what came before is known by the connection's reads. */
static __always_inline void begin_states(struct request *q, const struct target_config *cfg)
{
	if (!deep)
		return;
	__builtin_memset(q->waits, 0, sizeof(q->waits));
	q->marked_at = 0;
	q->state = WAIT_CPU;
	q->state_since = q->rec.handler_start;
	q->state_stw = stw_clock(cfg, q->rec.handler_start);
}

/* The request may be over now: what its goroutine does from here on belongs to it only if this comes again. */
static __always_inline void mark_states(struct request *q, const struct target_config *cfg, u64 now)
{
	if (!deep || !q->state_since || now < q->state_since)
		return;
	settle_state(q, cfg, now);
	__builtin_memcpy(q->marked, q->waits, sizeof(q->marked));
	q->marked_at = now;
}

/*
 * The request is over since rec.end. What came after its handler on other
 * goroutines (HTTP/2) is not known. Reading came first: until the last bytes were
 * there, the connection waited for the network.
 */
static __always_inline void end_states(struct request *q, const struct target_config *cfg)
{
	u64 end = q->rec.end, first = q->rec.first_read, start = q->rec.handler_start;

	if (!deep || !q->state_since)
		return;
	q->state_since = 0;
	__builtin_memcpy(q->waits, q->marked, sizeof(q->waits));
	if (q->marked_at && end > q->marked_at)
		q->waits[WAIT_OTHER] += end - q->marked_at;
	if (!first || first >= start)
		return;
	if (q->last_read > first && q->last_read < start) {
		q->waits[WAIT_NETWORK] += q->last_read - first;
		first = q->last_read;
	}
	q->waits[q->rec.flags & REQ_HTTP2 ? WAIT_SCHEDULER : WAIT_CPU] += start - first;
}

#endif
