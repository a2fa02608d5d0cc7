/* SPDX-License-Identifier: Apache-2.0 */
/* A goroutine of another process, read through /proc/PID/mem: nothing runs in the target for it. */
#ifndef HTTPTRACE_LOADER_GOROUTINE_H
#define HTTPTRACE_LOADER_GOROUTINE_H

#include <stdbool.h>

/* Where a g keeps its parts, from the plan's `field sampler.NAME VALUE` lines (agent/probe/sampler.ts). */
struct sampler_layout {
	unsigned short g_status;
	unsigned short g_goid;
	unsigned short g_reason;
	unsigned short g_pc;
	unsigned short g_bp;
	unsigned short g_stack_lo;
	unsigned short g_stack_hi;
	unsigned short g_syscall_pc;
	unsigned short g_syscall_bp;
	unsigned short g_parent;
	unsigned short g_gopc;
	unsigned short g_seq;
	/* addresses in the running process; 0: not known */
	unsigned long long allglen;
	unsigned long long allgptr;
	/* net/http starts one goroutine a connection that only waits for the next byte: from these addresses */
	unsigned long long background_read;
	unsigned long long background_read_end;
};

/* g.atomicstatus (runtime/runtime2.go), the same from Go 1.19 to 1.27. */
enum g_status { G_IDLE, G_RUNNABLE, G_RUNNING, G_SYSCALL, G_WAITING, G_DEAD = 6, G_COPYSTACK = 8, G_PREEMPTED, G_DEADEXTRA = 11 };

struct goroutine {
	unsigned long long goid;
	unsigned long long parent;	/* 0: not known */
	unsigned long long gopc;
	unsigned long long stack_lo, stack_hi;
	unsigned long long pc, bp;	/* 0: it runs, or they are not kept */
	unsigned short status;		/* without the scan bit */
	unsigned char reason;
	unsigned char seq;		/* another value: it has run since */
};

#define G_BYTES_MAX 1024

void layout_init(struct sampler_layout *layout);
/* Set a member by name. 0, -ENOENT, -ERANGE. */
int layout_set(struct sampler_layout *layout, const char *name, long long value);
/* Bytes of a g that hold all members; 0: the layout is not complete. */
unsigned int layout_bytes(const struct sampler_layout *layout);

void parse_goroutine(const struct sampler_layout *layout, const unsigned char *bytes, struct goroutine *g);
/* False: not readable. */
bool read_goroutine(int mem, const struct sampler_layout *layout, unsigned long long address, struct goroutine *g);
/* The program counter and return addresses of a goroutine that does not run. Returns how many. */
unsigned int walk_stack(int mem, const struct goroutine *g, unsigned long long *stack, unsigned int depth);

#endif
