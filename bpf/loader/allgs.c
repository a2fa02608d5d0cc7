/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "allgs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

/* Many g stand side by side: they are read together, with what lies between them. */
#define CHUNK_BYTES 65536
#define GAP_MAX 4096
/* A list longer than this is none. */
#define LISTED_MAX (1ULL << 28)

static bool read_word(int mem, unsigned long long address, unsigned long long *value)
{
	return pread(mem, value, sizeof(*value), address) == sizeof(*value);
}

static bool grow(struct goroutine_list *list, unsigned int count)
{
	unsigned int capacity = list->capacity ? list->capacity : 256;
	struct listed *all;
	unsigned int *by_address;

	while (capacity < count)
		capacity *= 2;
	if (capacity == list->capacity)
		return true;
	all = realloc(list->all, capacity * sizeof(*all));
	if (!all)
		return false;
	list->all = all;
	by_address = realloc(list->by_address, capacity * sizeof(*by_address));
	if (!by_address)
		return false;
	list->by_address = by_address;
	list->capacity = capacity;
	return true;
}

static int compare_addresses(const void *a, const void *b, void *arg)
{
	const struct listed *all = arg;
	unsigned long long x = all[*(const unsigned int *)a].address, y = all[*(const unsigned int *)b].address;

	return x < y ? -1 : x > y;
}

/* The addresses that were added to the runtime's list since the last look. */
static bool add_new(struct goroutine_list *list, int mem, const struct sampler_layout *layout)
{
	unsigned long long length, first, *addresses;
	unsigned int count, added;

	/* In this order: the list only grows, and the pointer is set before the length. */
	if (!read_word(mem, layout->allglen, &length) || !read_word(mem, layout->allgptr, &first))
		return false;
	if (length > LISTED_MAX || length < list->count)
		return false;
	list->listed = length;
	count = length < GOROUTINES_MAX ? length : GOROUTINES_MAX;
	added = count - list->count;
	if (!added)
		return true;
	addresses = malloc(added * sizeof(*addresses));
	if (!addresses || !grow(list, count) ||
	    pread(mem, addresses, added * sizeof(*addresses), first + list->count * sizeof(*addresses)) !=
		    (ssize_t)(added * sizeof(*addresses))) {
		free(addresses);
		return false;
	}
	for (unsigned int i = 0; i < added; i++) {
		list->all[list->count + i] = (struct listed){ .address = addresses[i], .status = G_DEAD };
		list->by_address[list->count + i] = list->count + i;
	}
	free(addresses);
	list->count = count;
	qsort_r(list->by_address, count, sizeof(*list->by_address), compare_addresses, list->all);
	return true;
}

static void take(struct goroutine_list *list, struct listed *l, const struct goroutine *g)
{
	if (l->goid != g->goid) {
		l->goid = g->goid;
		l->absent = list->complete;
	}
	l->parent = g->parent;
	l->gopc = g->gopc;
	l->status = g->status;
}

/* How many of them, from `first` in the order of addresses, are read together. */
static unsigned int neighbours(const struct goroutine_list *list, unsigned int first, unsigned int bytes)
{
	unsigned long long start = list->all[list->by_address[first]].address, last = start;
	unsigned int n = 1;

	for (; first + n < list->count; n++) {
		unsigned long long next = list->all[list->by_address[first + n]].address;

		if (next - last > GAP_MAX || next + bytes - start > CHUNK_BYTES)
			break;
		last = next;
	}
	return n;
}

bool look_at_all(struct goroutine_list *list, int mem, const struct sampler_layout *layout, unsigned long long budget_ns)
{
	static unsigned char chunk[CHUNK_BYTES];
	unsigned long long began = monotonic_ns();
	unsigned int bytes = layout_bytes(layout), n;

	if (!add_new(list, mem, layout))
		return false;
	list->looked_at = 0;
	for (unsigned int i = 0; i < list->count; i += n) {
		unsigned long long start = list->all[list->by_address[i]].address;
		size_t len;

		if (monotonic_ns() - began > budget_ns)
			return true;
		n = neighbours(list, i, bytes);
		len = list->all[list->by_address[i + n - 1]].address + bytes - start;
		if (pread(mem, chunk, len, start) != (ssize_t)len)
			return false;
		for (unsigned int k = i; k < i + n; k++) {
			struct listed *l = &list->all[list->by_address[k]];
			struct goroutine g;

			parse_goroutine(layout, chunk + (l->address - start), &g);
			take(list, l, &g);
		}
		list->looked_at += n;
	}
	list->complete = began;
	return true;
}

void free_list(struct goroutine_list *list)
{
	free(list->all);
	free(list->by_address);
	memset(list, 0, sizeof(*list));
}
