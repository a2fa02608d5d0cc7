/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "sample.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../config.h"
#include "../flight.h"
#include "../record.h"
#include "allgs.h"
#include "clock.h"
#include "goid_set.h"
#include "out.h"

#define TARGETS_MAX 64
#define FLIGHTS_MAX 8192
/* Goroutines read in one round; of more, as many are chosen by chance, and each stands for more time. */
#define SAMPLES_MAX 512
#define NS_PER_SECOND 1000000000ULL
/* A round that comes later than this was held up: its samples do not stand for all of that time. */
#define ELAPSED_MAX (NS_PER_SECOND / 2)
/* Of the loader's time, at most one part in so many goes into looking for children. */
#define LOOK_SHARE 64
#define LOOK_BUDGET_NS 10000000ULL
/* Generations of goroutines that are followed from a request. */
#define GENERATIONS 3
#define RECORD_BYTES 65536
/* Many g stand side by side: they are read together, with what lies between them. */
#define CHUNK_BYTES 65536
#define GAP_MAX 2048
#define REMEMBERED 4096

struct watched {
	int pid;	/* 0: free */
	int mem;
	struct sampler_layout layout;
	struct goroutine_list list;
	unsigned long long look_at;	/* when children are looked for next */
	unsigned long long looked_at;	/* when they were last */
	unsigned long long report_at;
	bool busy;	/* requests were in flight at the last round */
	bool no_list;
};

/* A goroutine that is to be read. */
struct wanted {
	unsigned long long address;
	unsigned long long goid;
	struct rec_sample head;
};

/* Whose stack was sent last, in what state: while it is in that, the stack is not read again. */
struct remembered {
	unsigned long long goid, handler_start, pc, bp;
	unsigned short status;
	unsigned char reason, seq;
};

struct sampler {
	const unsigned int *entries;	/* of the map of requests; NULL: not known */
	struct bpf_link *link;
	unsigned long long period, due, last;
	unsigned long long random;
	struct watched targets[TARGETS_MAX];
	struct flight flights[FLIGHTS_MAX];
	unsigned int flight_count;
	const struct flight *mine[FLIGHTS_MAX];	/* those of the target at hand */
	unsigned int mine_count;
	struct goid_set of_flight;	/* goroutine to index in `mine` */
	struct wanted wanted[SAMPLES_MAX];
	struct remembered remembered[REMEMBERED];
	unsigned int children[GOROUTINES_MAX];
	struct rec_goroutine_site sites[GOROUTINES_MAX];
	bool failed;
};

/* xorshift64 */
static unsigned long long chance(struct sampler *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return s->random;
}

struct sampler *sampler_open(struct bpf_program *in_flight, int requests_fd, const unsigned int *entries, unsigned int hz)
{
	union bpf_iter_link_info info = { .map.map_fd = requests_fd };
	LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &info, .link_info_len = sizeof(info));
	struct sampler *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->entries = entries;
	s->period = NS_PER_SECOND / hz;
	s->last = monotonic_ns();
	s->due = s->last + s->period;
	s->random = s->last | 1;
	s->link = bpf_program__attach_iter(in_flight, &opts);
	if (!s->link) {
		free(s);
		return NULL;
	}
	return s;
}

static struct watched *find_watched(struct sampler *s, int pid)
{
	for (int i = 0; i < TARGETS_MAX; i++)
		if (s->targets[i].pid == pid)
			return &s->targets[i];
	return NULL;
}

void sampler_add(struct sampler *s, int pid, const struct sampler_layout *layout)
{
	struct watched *t = s && layout_bytes(layout) ? find_watched(s, 0) : NULL;
	char path[32];

	if (!t)
		return;
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	t->mem = open(path, O_RDONLY | O_CLOEXEC);
	if (t->mem < 0) {
		out_text(REC_LOG, "the memory of process %d cannot be read (%s): its goroutines are not sampled", pid,
			 strerror(errno));
		return;
	}
	t->pid = pid;
	t->layout = *layout;
	t->no_list = !layout->allglen || !layout->allgptr;
	t->report_at = monotonic_ns();
}

void sampler_remove(struct sampler *s, int pid)
{
	struct watched *t = s && pid > 0 ? find_watched(s, pid) : NULL;

	if (!t)
		return;
	close(t->mem);
	free_list(&t->list);
	memset(t, 0, sizeof(*t));
}

unsigned long long sampler_due(const struct sampler *s)
{
	return s && !s->failed ? s->due : ~0ULL;
}

/* The kernel walks its map and hands out what is in flight. */
static bool list_flights(struct sampler *s)
{
	size_t used = 0;
	ssize_t n;
	int fd;

	s->flight_count = 0;
	if (s->entries && !__atomic_load_n(s->entries, __ATOMIC_RELAXED))
		return true;
	fd = bpf_iter_create(bpf_link__fd(s->link));
	if (fd < 0) {
		out_text(REC_LOG, "the requests in flight cannot be listed (%s): goroutines are not sampled", strerror(errno));
		s->failed = true;
		return false;
	}
	while (used < sizeof(s->flights)) {
		n = read(fd, (char *)s->flights + used, sizeof(s->flights) - used);
		if (n <= 0)
			break;
		used += n;
	}
	close(fd);
	s->flight_count = used / sizeof(s->flights[0]);
	return true;
}

/* A record of samples that is being written. */
static struct {
	unsigned char bytes[RECORD_BYTES];
	size_t used;
} record;

static struct rec_samples *samples(void)
{
	return (struct rec_samples *)record.bytes;
}

static void begin_samples(unsigned int tgid, unsigned long long time, unsigned long long period_ns)
{
	*samples() = (struct rec_samples){
		.hdr = { .type = REC_SAMPLES, .version = REC_VERSION },
		.tgid = tgid,
		.time = time,
		.period_ns = period_ns,
	};
	record.used = sizeof(struct rec_samples);
}

static void send_samples(void)
{
	if (samples()->count) {
		samples()->hdr.len = record.used;
		out_record(record.bytes, record.used);
	}
	samples()->count = 0;
	record.used = sizeof(struct rec_samples);
}

static struct remembered *memory_of(struct sampler *s, unsigned long long goid)
{
	return &s->remembered[(goid * 0x9e3779b97f4a7c15ULL) >> 52];
}

/* Whether its stack is what was sent of it last. Between running and a system call the count does not change. */
static bool is_as_before(struct sampler *s, const struct watched *t, const struct wanted *w, const struct goroutine *g)
{
	const struct remembered *m = memory_of(s, g->goid);

	return t->layout.g_seq != NO_OFFSET && g->status != G_SYSCALL && m->goid == g->goid &&
	       m->handler_start == w->head.handler_start && m->pc == g->pc && m->bp == g->bp &&
	       m->status == g->status && m->reason == g->reason && m->seq == g->seq;
}

static void remember(struct sampler *s, const struct wanted *w, const struct goroutine *g)
{
	*memory_of(s, g->goid) = (struct remembered){
		.goid = g->goid,
		.handler_start = w->head.handler_start,
		.pc = g->pc,
		.bp = g->bp,
		.status = g->status,
		.reason = g->reason,
		.seq = g->seq,
	};
}

/* Put one goroutine into the record. It is left out where another one uses the g by now. */
static void sample(struct sampler *s, const struct watched *t, struct wanted *w, struct goroutine *g)
{
	const size_t most = sizeof(w->head) + SAMPLE_DEPTH * sizeof(unsigned long long);
	bool same = g->pc && is_as_before(s, t, w, g);
	size_t addresses = 0;

	if (record.used + most > sizeof(record.bytes))
		send_samples();
	/* State and stack close together: it may go on at any moment. */
	if (g->pc && !same && !read_goroutine(t->mem, &t->layout, w->address, g))
		return;
	w->head.since = monotonic_ns() - samples()->time;
	if (g->goid != w->goid || g->status == G_DEAD)
		return;
	w->head.status = g->status;
	w->head.reason = g->reason;
	w->head.depth = SAMPLE_SAME_STACK;
	if (!same) {
		unsigned long long *stack = (unsigned long long *)(record.bytes + record.used + sizeof(w->head));

		w->head.depth = walk_stack(t->mem, g, stack, SAMPLE_DEPTH);
		addresses = w->head.depth * sizeof(*stack);
		remember(s, w, g);
	}
	memcpy(record.bytes + record.used, &w->head, sizeof(w->head));
	record.used += sizeof(w->head) + addresses;
	samples()->count++;
}

static int compare_wanted(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

/* How many of them, from `first` on, are read together. */
static unsigned int together(const struct wanted *wanted, unsigned int first, unsigned int count, unsigned int bytes)
{
	unsigned int n = 1;

	while (first + n < count && wanted[first + n].address - wanted[first + n - 1].address <= GAP_MAX &&
	       wanted[first + n].address + bytes - wanted[first].address <= CHUNK_BYTES)
		n++;
	return n;
}

static void sample_all(struct sampler *s, const struct watched *t, unsigned int count)
{
	static unsigned char chunk[CHUNK_BYTES];
	unsigned int bytes = layout_bytes(&t->layout), n;

	qsort(s->wanted, count, sizeof(s->wanted[0]), compare_wanted);
	for (unsigned int i = 0; i < count; i += n) {
		unsigned long long start = s->wanted[i].address;
		ssize_t len;

		n = together(s->wanted, i, count, bytes);
		len = s->wanted[i + n - 1].address + bytes - start;
		if (pread(t->mem, chunk, len, start) != len)
			continue;
		for (unsigned int k = i; k < i + n; k++) {
			struct goroutine g;

			parse_goroutine(&t->layout, chunk + (s->wanted[k].address - start), &g);
			sample(s, t, &s->wanted[k], &g);
		}
	}
	send_samples();
}

static void sample_requests(struct sampler *s, const struct watched *t, unsigned long long elapsed)
{
	unsigned int n = s->mine_count, chosen = n < SAMPLES_MAX ? n : SAMPLES_MAX;
	unsigned int first = n > chosen ? chance(s) % n : 0;

	if (!n)
		return;
	begin_samples(t->pid, monotonic_ns(), elapsed * n / chosen);
	for (unsigned int i = 0; i < chosen; i++) {
		const struct flight *f = s->mine[(first + (unsigned long long)i * n / chosen) % n];

		s->wanted[i] = (struct wanted){
			.address = f->g,
			.goid = f->goid,
			.head = { .goid = f->goid, .handler_start = f->handler_start },
		};
	}
	sample_all(s, t, chosen);
}

static bool is_background_read(const struct watched *t, const struct listed *l)
{
	return l->gopc > t->layout.background_read && l->gopc <= t->layout.background_read_end;
}

/* Goroutines that requests in flight started, and those that these started: `owner` says whose they are. */
static unsigned int find_children(struct sampler *s, struct watched *t)
{
	unsigned int found = 0, before;

	for (unsigned int i = 0; i < t->list.count; i++)
		t->list.all[i].owner = -1;
	for (int generation = 0; generation < GENERATIONS; generation++) {
		before = found;
		for (unsigned int i = 0; i < t->list.count; i++) {
			struct listed *l = &t->list.all[i];

			if (l->owner >= 0 || l->status == G_DEAD || l->status == G_DEADEXTRA || l->status == G_IDLE || !l->parent)
				continue;
			l->owner = goid_set_get(&s->of_flight, l->parent);
			if (l->owner >= 0 && is_background_read(t, l))
				l->owner = -1;
			if (l->owner >= 0)
				s->children[found++] = i;
		}
		if (found == before)
			break;
		for (unsigned int i = before; i < found; i++) {
			const struct listed *l = &t->list.all[s->children[i]];

			goid_set_add(&s->of_flight, l->goid, l->owner);
		}
	}
	return found;
}

static void sample_children(struct sampler *s, struct watched *t, unsigned long long elapsed)
{
	unsigned int n = find_children(s, t), chosen = n < SAMPLES_MAX ? n : SAMPLES_MAX;
	unsigned int first = n > chosen ? chance(s) % n : 0;

	if (!n)
		return;
	begin_samples(t->pid, monotonic_ns(), elapsed * n / chosen);
	for (unsigned int i = 0; i < chosen; i++) {
		const struct listed *l = &t->list.all[s->children[(first + (unsigned long long)i * n / chosen) % n]];
		const struct flight *f = s->mine[l->owner];

		s->wanted[i] = (struct wanted){
			.address = l->address,
			.goid = l->goid,
			.head = {
				.goid = f->goid,
				.handler_start = f->handler_start,
				.child = l->goid,
				.child_absent = l->absent,
				.gopc = l->gopc,
			},
		};
	}
	sample_all(s, t, chosen);
}

static bool look(struct watched *t)
{
	if (t->no_list)
		return false;
	t->no_list = !look_at_all(&t->list, t->mem, &t->layout, LOOK_BUDGET_NS);
	return !t->no_list;
}

static int compare_sites(const void *a, const void *b)
{
	const struct rec_goroutine_site *x = a, *y = b;

	if (x->gopc != y->gopc)
		return x->gopc < y->gopc ? -1 : 1;
	return x->parent < y->parent ? -1 : x->parent > y->parent;
}

/* Parents of one `go` statement that are told one by one, and entries in all. */
#define PARENTS_MAX 256
#define SITES_MAX 8192

/* Goroutines of the same place and parent become one entry, in place. */
static unsigned int merge_sites(struct rec_goroutine_site *sites, unsigned int count)
{
	unsigned int n = 0, parents = 0;

	for (unsigned int i = 0; i < count; i++) {
		bool same_place = n && sites[n - 1].gopc == sites[i].gopc;

		if (!same_place)
			parents = 0;
		if (same_place && sites[n - 1].parent == sites[i].parent && !(sites[n - 1].flags & GOROUTINE_PARENTS_CUT)) {
			sites[n - 1].count++;
		} else if (same_place && parents >= PARENTS_MAX) {
			sites[n - 1].count++;
			sites[n - 1].flags = GOROUTINE_PARENTS_CUT;
			sites[n - 1].parent = 0;
		} else {
			sites[n++] = sites[i];
			parents++;
		}
	}
	return n < SITES_MAX ? n : SITES_MAX;
}

static void send_goroutines(struct rec_goroutines *rec, const struct rec_goroutine_site *sites, unsigned int count)
{
	const unsigned int most = (RECORD_BYTES - sizeof(*rec)) / sizeof(*sites);

	do {
		rec->count = count < most ? count : most;
		rec->more = count > most;
		rec->hdr.len = sizeof(*rec) + rec->count * sizeof(*sites);
		memcpy(record.bytes, rec, sizeof(*rec));
		memcpy(record.bytes + sizeof(*rec), sites, rec->count * sizeof(*sites));
		out_record(record.bytes, rec->hdr.len);
		sites += rec->count;
		count -= rec->count;
	} while (count);
}

static void report(struct sampler *s, struct watched *t, unsigned long long now)
{
	struct rec_goroutines rec = {
		.hdr = { .type = REC_GOROUTINES, .version = REC_VERSION },
		.tgid = t->pid,
		.time = now,
		.listed = t->list.listed,
		.looked_at = t->list.looked_at,
	};
	unsigned int alive = 0;

	for (unsigned int i = 0; i < t->list.count; i++) {
		const struct listed *l = &t->list.all[i];

		rec.by_status[l->status < GOROUTINE_STATUSES ? l->status : GOROUTINE_STATUSES - 1]++;
		if (l->status == G_DEAD || l->status == G_DEADEXTRA || l->status == G_IDLE)
			continue;
		s->sites[alive++] = (struct rec_goroutine_site){
			.gopc = l->gopc,
			.parent = l->parent,
			.count = 1,
			.flags = l->parent && goid_set_get(&s->of_flight, l->parent) >= 0 ? GOROUTINE_OF_FLIGHT : 0,
		};
	}
	qsort(s->sites, alive, sizeof(s->sites[0]), compare_sites);
	send_goroutines(&rec, s->sites, merge_sites(s->sites, alive));
}

static void select_flights(struct sampler *s, const struct watched *t)
{
	s->mine_count = 0;
	goid_set_clear(&s->of_flight);
	for (unsigned int i = 0; i < s->flight_count; i++) {
		if (s->flights[i].tgid != (unsigned int)t->pid)
			continue;
		goid_set_add(&s->of_flight, s->flights[i].goid, s->mine_count);
		s->mine[s->mine_count++] = &s->flights[i];
	}
}

static void round_of(struct sampler *s, struct watched *t, unsigned long long now, unsigned long long elapsed)
{
	bool busy, was_busy = t->busy, due = now >= t->report_at;

	select_flights(s, t);
	busy = s->mine_count > 0;
	sample_requests(s, t, elapsed);
	/* A last look when none is left: what they leave behind is not taken for the next one's. */
	if (((busy || was_busy) && now >= t->look_at) || due) {
		unsigned long long began = monotonic_ns(), interval, since = began - t->looked_at;

		if (look(t)) {
			interval = (monotonic_ns() - began) * LOOK_SHARE;
			interval = interval > s->period ? interval : s->period;
			t->look_at = began + interval - s->period / 2;
			t->looked_at = began;
			if (t->layout.g_parent != NO_OFFSET)
				sample_children(s, t, since < 2 * interval ? since : interval);
			if (due)
				report(s, t, began);
		}
	}
	if (due)
		t->report_at = now + NS_PER_SECOND;
	t->busy = busy;
}

void sampler_run(struct sampler *s)
{
	unsigned long long now = monotonic_ns(), elapsed = now - s->last;

	/* Not evenly: what the program does evenly would be seen always or never. */
	s->due = now + s->period * 3 / 4 + chance(s) % (s->period / 2);
	s->last = now;
	if (!list_flights(s))
		return;
	for (int i = 0; i < TARGETS_MAX; i++)
		if (s->targets[i].pid)
			round_of(s, &s->targets[i], now, elapsed < ELAPSED_MAX ? elapsed : ELAPSED_MAX);
}

void sampler_close(struct sampler *s)
{
	if (!s)
		return;
	for (int i = 0; i < TARGETS_MAX; i++)
		if (s->targets[i].pid)
			sampler_remove(s, s->targets[i].pid);
	bpf_link__destroy(s->link);
	free(s);
}
