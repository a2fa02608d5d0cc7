/* SPDX-License-Identifier: Apache-2.0 */
/* All goroutines of a process: the runtime's list, which only grows; a g in it is used again and again. */
#ifndef HTTPTRACE_LOADER_ALLGS_H
#define HTTPTRACE_LOADER_ALLGS_H

#include "goroutine.h"

#define GOROUTINES_MAX 65536

struct listed {
	unsigned long long address;
	unsigned long long goid;
	unsigned long long parent;
	unsigned long long gopc;
	unsigned long long absent;	/* the last complete look that did not find it; 0: never */
	int owner;			/* for the reader of the list */
	unsigned short status;
};

struct goroutine_list {
	unsigned int count;		/* entries of the next two */
	unsigned int listed;		/* of the runtime's list; more than count: the rest is not looked at */
	unsigned int looked_at;		/* in the last look */
	struct listed *all;		/* in the runtime's order */
	unsigned int *by_address;	/* indexes of `all` */
	unsigned int capacity;
	unsigned long long complete;	/* when the last look began that saw all of them; 0: none did */
};

/* Look at all of them, for at most budget_ns. False: the list is not readable, or is none. */
bool look_at_all(struct goroutine_list *list, int mem, const struct sampler_layout *layout, unsigned long long budget_ns);
void free_list(struct goroutine_list *list);

#endif
