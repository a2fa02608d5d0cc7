/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Go stacks: Go keeps frame pointers in all code that is not a leaf in assembly. */
#ifndef HTTPTRACE_STACK_H
#define HTTPTRACE_STACK_H

#include "go.h"

/*
 * Return addresses from the frame at `fp` on, into stack[count...]. `max` is a
 * power of two. Returns how many the stack has now.
 */
static __always_inline u32 walk_frames(u64 fp, u64 *stack, u32 count, u32 max)
{
	u64 frame[2] = { fp, 0 };

	while (count < max) {
		u64 at = frame[0];

		/* The verifier must see the bound on the value that is used. */
		barrier_var(count);
		if (!at || count >= max || try_read_user(frame, sizeof(frame), at) || !frame[1])
			break;
		stack[count & (max - 1)] = frame[1];
		count++;
		if (frame[0] <= at)
			break;
	}
	return count;
}

/* At a site in the prologue: the caller's frame pointer is still in its register. */
static __always_inline u32 stack_at_entry(struct pt_regs *ctx, u64 *stack, u32 max)
{
	stack[0] = REG_PC(ctx);
	stack[1] = return_address(ctx);
	return walk_frames(REG_FP(ctx), stack, 2, max);
}

#endif
