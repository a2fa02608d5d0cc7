/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "goroutine.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "../config.h"

#define G_SCAN 0x1000
/* Most stacks of waiting goroutines are read in one go. */
#define WINDOW_BYTES 1536
#define WINDOWS_MAX 4
#define STACK_MAX (1ULL << 30)

struct layout_member {
	const char *name;
	size_t offset;
	bool is_address;
	bool required;
};

#define OFFSET(name, required) { #name, offsetof(struct sampler_layout, name), false, required }
#define ADDRESS(name) { #name, offsetof(struct sampler_layout, name), true, false }

static const struct layout_member members[] = {
	OFFSET(g_status, true),
	OFFSET(g_goid, true),
	OFFSET(g_reason, true),
	OFFSET(g_pc, true),
	OFFSET(g_bp, true),
	OFFSET(g_stack_lo, true),
	OFFSET(g_stack_hi, true),
	OFFSET(g_gopc, true),
	OFFSET(g_syscall_pc, false),
	OFFSET(g_syscall_bp, false),
	OFFSET(g_parent, false),
	OFFSET(g_seq, false),
	ADDRESS(allglen),
	ADDRESS(allgptr),
	ADDRESS(background_read),
	ADDRESS(background_read_end),
};

#define MEMBERS (sizeof(members) / sizeof(members[0]))

static unsigned short *offset_at(const struct sampler_layout *layout, const struct layout_member *m)
{
	return (unsigned short *)((char *)layout + m->offset);
}

void layout_init(struct sampler_layout *layout)
{
	memset(layout, 0, sizeof(*layout));
	for (size_t i = 0; i < MEMBERS; i++)
		if (!members[i].is_address)
			*offset_at(layout, &members[i]) = NO_OFFSET;
}

int layout_set(struct sampler_layout *layout, const char *name, long long value)
{
	for (size_t i = 0; i < MEMBERS; i++) {
		if (strcmp(members[i].name, name) != 0)
			continue;
		if (members[i].is_address) {
			*(unsigned long long *)((char *)layout + members[i].offset) = value;
			return 0;
		}
		if (value < 0 || value > G_BYTES_MAX - 8)
			return -ERANGE;
		*offset_at(layout, &members[i]) = value;
		return 0;
	}
	return -ENOENT;
}

unsigned int layout_bytes(const struct sampler_layout *layout)
{
	unsigned int end = 0;

	for (size_t i = 0; i < MEMBERS; i++) {
		unsigned short offset;

		if (members[i].is_address)
			continue;
		offset = *offset_at(layout, &members[i]);
		if (offset == NO_OFFSET && members[i].required)
			return 0;
		if (offset != NO_OFFSET && offset + 8U > end)
			end = offset + 8;
	}
	return end;
}

static unsigned long long word(const unsigned char *bytes, unsigned short offset)
{
	unsigned long long value = 0;

	if (offset != NO_OFFSET)
		memcpy(&value, bytes + offset, sizeof(value));
	return value;
}

void parse_goroutine(const struct sampler_layout *l, const unsigned char *bytes, struct goroutine *g)
{
	g->status = (unsigned int)word(bytes, l->g_status) & ~G_SCAN;
	g->reason = bytes[l->g_reason];
	g->seq = word(bytes, l->g_seq);
	g->goid = word(bytes, l->g_goid);
	g->parent = word(bytes, l->g_parent);
	g->gopc = word(bytes, l->g_gopc);
	g->stack_lo = word(bytes, l->g_stack_lo);
	g->stack_hi = word(bytes, l->g_stack_hi);
	g->pc = g->bp = 0;
	if (g->status == G_SYSCALL) {
		/* entersyscall keeps a frame pointer only since Go 1.23: what g.sched has is older. */
		if (l->g_syscall_bp == NO_OFFSET)
			return;
		g->pc = word(bytes, l->g_syscall_pc);
		g->bp = word(bytes, l->g_syscall_bp);
	} else if (g->status == G_WAITING || g->status == G_RUNNABLE || g->status == G_PREEMPTED) {
		g->pc = word(bytes, l->g_pc);
		g->bp = word(bytes, l->g_bp);
	}
}

bool read_goroutine(int mem, const struct sampler_layout *layout, unsigned long long address, struct goroutine *g)
{
	unsigned char bytes[G_BYTES_MAX];
	unsigned int len = layout_bytes(layout);

	if (pread(mem, bytes, len, address) != (ssize_t)len)
		return false;
	parse_goroutine(layout, bytes, g);
	return true;
}

static bool is_frame(const struct goroutine *g, unsigned long long bp)
{
	return bp >= g->stack_lo && bp + 16 <= g->stack_hi && bp % 8 == 0;
}

unsigned int walk_stack(int mem, const struct goroutine *g, unsigned long long *stack, unsigned int depth)
{
	unsigned char window[WINDOW_BYTES];
	unsigned long long start = 0, end = 0, bp = g->bp;
	unsigned int n = 0, windows = 0;

	if (!g->pc || !depth)
		return 0;
	stack[n++] = g->pc;
	if (g->stack_hi <= g->stack_lo || g->stack_hi - g->stack_lo > STACK_MAX)
		return n;
	while (n < depth && is_frame(g, bp)) {
		unsigned long long next, address;

		if (bp < start || bp + 16 > end) {
			size_t len = g->stack_hi - bp < WINDOW_BYTES ? g->stack_hi - bp : WINDOW_BYTES;

			if (windows++ == WINDOWS_MAX || pread(mem, window, len, bp) != (ssize_t)len)
				break;
			start = bp;
			end = bp + len;
		}
		memcpy(&next, window + (bp - start), 8);
		memcpy(&address, window + (bp - start) + 8, 8);
		if (!address)
			break;
		stack[n++] = address;
		if (next <= bp)	/* frames lie above each other: the outermost one ends the chain */
			break;
		bp = next;
	}
	return n;
}
