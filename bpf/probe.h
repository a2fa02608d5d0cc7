/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* How every uprobe program begins. */
#ifndef HTTPTRACE_PROBE_H
#define HTTPTRACE_PROBE_H

#include "request.h"

/*
 * The target's configuration if this hit counts, else 0: another process of the
 * same executable, not armed yet, or a stack check that is about to grow the
 * stack and run the function again.
 */
static __always_inline struct target_config *probe_hit(struct pt_regs *ctx, enum role role, u32 *tgid)
{
	struct target_config *cfg = current_target(tgid);
	struct cpu_stats *s;

	if (!cfg)
		return 0;
	s = my_stats();
	if (s) {
		COUNT(s->hits[role], 1);
		if (cfg->stepped_roles & (1ULL << role))
			COUNT(s->stepped_hits, 1);
	}
	if (cfg->jump_roles & (1ULL << role) && STACK_CHECK_TAKEN(ctx))
		return 0;
	return cfg;
}

/* A body that both a program of its own and the common one run (programs.h). */
#define UPROBE(name)                                   \
	static __noinline int run_##name(struct pt_regs *ctx); \
	SEC("uprobe") int name(struct pt_regs *ctx)    \
	{                                              \
		return run_##name(ctx);                \
	}                                              \
	static __noinline int run_##name(struct pt_regs *ctx)

#endif
