/* SPDX-License-Identifier: Apache-2.0 */
/* Goroutine ids of the requests in flight, each with a number. Emptied without being cleared. */
#ifndef HTTPTRACE_LOADER_GOID_SET_H
#define HTTPTRACE_LOADER_GOID_SET_H

#define GOID_SLOTS 16384

struct goid_set {
	struct {
		unsigned long long goid;
		unsigned int round;
		int value;
	} slots[GOID_SLOTS];
	unsigned int round, count;
};

static inline void goid_set_clear(struct goid_set *set)
{
	set->round++;
	set->count = 0;
}

static inline unsigned int goid_slot(const struct goid_set *set, unsigned long long goid)
{
	unsigned int at = (goid * 0x9e3779b97f4a7c15ULL) >> 50;

	while (set->slots[at].round == set->round && set->slots[at].goid != goid)
		at = (at + 1) % GOID_SLOTS;
	return at;
}

/* Full at a half: what comes then is not in it. */
static inline void goid_set_add(struct goid_set *set, unsigned long long goid, int value)
{
	unsigned int at = goid_slot(set, goid);

	if (set->slots[at].round == set->round || set->count >= GOID_SLOTS / 2)
		return;
	set->slots[at].goid = goid;
	set->slots[at].round = set->round;
	set->slots[at].value = value;
	set->count++;
}

/* Its number; -1: not in it. */
static inline int goid_set_get(const struct goid_set *set, unsigned long long goid)
{
	unsigned int at = goid_slot(set, goid);

	return set->slots[at].round == set->round ? set->slots[at].value : -1;
}

#endif
