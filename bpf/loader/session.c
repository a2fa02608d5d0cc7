/* SPDX-License-Identifier: Apache-2.0 */
#include "session_state.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "clock.h"
#include "out.h"
#include "runtime_locks.h"
#include "uprobes.h"

/*
 * The programs, put into this executable by the linker (bpf/loader/object.S):
 * for uprobe_multi, where they may sleep, and for single uprobes, where not.
 */
extern const char sleepable_start[], sleepable_end[], single_start[], single_end[];

/* An initial PID namespace's inode number: include/linux/proc_ns.h. */
#define PROC_PID_INIT_INO 0xEFFFFFFCU

#define SETTLE_US 5000

/*
 * Requests a second that are sent at most, for each processor of the machine: the agent takes about 12 us for one,
 * which makes it an eighth of the machine at most.
 */
#define REQUESTS_PER_PROCESSOR 10500U

static int on_ring(void *ctx, void *data, size_t size)
{
	(void)ctx;
	out_record(data, size);
	return 0;
}

static void on_perf(void *ctx, int cpu, void *data, unsigned int size)
{
	struct rec_hdr *hdr = data;

	(void)ctx;
	(void)cpu;
	/* perf rounds sizes up: the record knows its own. */
	if (size >= sizeof(*hdr) && hdr->len <= size)
		out_record(data, hdr->len);
}

static void on_perf_lost(void *ctx, int cpu, unsigned long long count)
{
	(void)cpu;
	((struct session *)ctx)->perf_lost += count;
}

static unsigned int stats_slots(void)
{
	unsigned int n = 1;

	while (n < (unsigned int)libbpf_num_possible_cpus() && n < 256)
		n *= 2;
	return n;
}

static int set_rodata(struct session *s, const struct session_options *options)
{
	struct rodata {
		unsigned int use_ring, follow_exec, deep, cpu_mask;
		unsigned long long pidns_dev, pidns_ino, request_ns;
	} *ro;
	struct bpf_map *map = bpf_object__find_map_by_name(s->object, ".rodata");
	struct stat ns;
	size_t size;

	ro = map ? (void *)bpf_map__initial_value(map, &size) : NULL;
	if (!ro || size < sizeof(*ro))
		return -EINVAL;
	ro->use_ring = !options->perf_buffer;
	ro->follow_exec = options->follow;
	ro->deep = options->deep;
	ro->cpu_mask = s->cpus - 1;
	ro->request_ns = 1000000000ULL / (options->max_rate ?: REQUESTS_PER_PROCESSOR * get_nprocs());
	if (stat("/proc/self/ns/pid", &ns) == 0 && ns.st_ino != PROC_PID_INIT_INO) {
		ro->pidns_dev = ns.st_dev;
		ro->pidns_ino = ns.st_ino;
	}
	return 0;
}

static int set_maps(struct session *s, const struct session_options *options)
{
	struct bpf_map *map;
	int err = 0;

	if (options->perf_buffer) {
		map = bpf_object__find_map_by_name(s->object, "events");
		err = bpf_map__set_type(map, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
		err = err ?: bpf_map__set_key_size(map, 4);
		err = err ?: bpf_map__set_value_size(map, 4);
		err = err ?: bpf_map__set_max_entries(map, 0);
	}
	if (!err && options->max_requests) {
		map = bpf_object__find_map_by_name(s->object, "requests");
		err = bpf_map__set_max_entries(map, options->max_requests);
	}
	if (!err && !options->deep) {	/* nobody fills it */
		map = bpf_object__find_map_by_name(s->object, "runnable");
		err = bpf_map__set_max_entries(map, 1);
	}
	if (!err) {
		map = bpf_object__find_map_by_name(s->object, "stats");
		err = bpf_map__set_max_entries(map, s->cpus);
	}
	return err;
}

/* What the kernel charges for the maps: `memlock` of /proc/self/fdinfo (kernel/bpf/syscall.c). */
static unsigned long long map_memory(struct session *s)
{
	unsigned long long total = 0, bytes;
	struct bpf_map *map;

	bpf_object__for_each_map(map, s->object) {
		char path[64], line[128];
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", bpf_map__fd(map));
		f = fopen(path, "r");
		while (f && fgets(line, sizeof(line), f))
			if (sscanf(line, "memlock: %llu", &bytes) == 1)
				total += bytes;
		if (f)
			fclose(f);
	}
	return total;
}

static int open_output(struct session *s, bool perf_buffer)
{
	int fd = bpf_object__find_map_fd_by_name(s->object, "events");

	if (perf_buffer)
		s->perf = perf_buffer__new(fd, 64, on_perf, on_perf_lost, s, NULL);
	else
		s->ring = ring_buffer__new(fd, on_ring, s, NULL);
	return s->perf || s->ring ? 0 : -errno;
}

static int attach_kernel(struct session *s)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, s->object) {
		struct bpf_link *link;

		if (strncmp(bpf_program__section_name(prog), "tp_btf/", 7) != 0)
			continue;
		link = bpf_program__attach(prog);
		if (!link) {
			int err = -errno;

			out_text(REC_LOG, "cannot attach %s: %s", bpf_program__section_name(prog), strerror(-err));
			return err;
		}
		s->kernel_links[s->kernel_link_count++] = link;
	}
	return 0;
}

static int map_shared(struct session *s)
{
	/* Only a skeleton would have mapped it: bpf_map__initial_value is the value before loading. */
	void *at = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED,
			bpf_object__find_map_fd_by_name(s->object, ".bss"), 0);

	if (at == MAP_FAILED)
		return -errno;
	s->shared = at;
	return 0;
}

/* Listing the requests in flight takes a kernel that can hand a map's entries to a program (5.8). */
static void prepare_sampler(struct session *s, unsigned int hz)
{
	bool can = hz && libbpf_find_vmlinux_btf_id("bpf_map_elem", BPF_TRACE_ITER) > 0;

	bpf_program__set_autoload(bpf_object__find_program_by_name(s->object, "in_flight"), can);
}

static void open_sampler(struct session *s, unsigned int hz)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(s->object, "in_flight");

	if (bpf_program__fd(prog) >= 0)
		s->sampler = sampler_open(prog, s->requests_fd, &s->shared->request_entries, hz);
	if (hz && !s->sampler)
		out_text(REC_LOG, "this kernel cannot list the requests in flight: goroutines are not sampled");
}

int session_open(struct session **out, const struct session_options *options)
{
	struct session *s = calloc(1, sizeof(*s));
	bool sleepable;
	int err, fd;

	if (!s)
		return -ENOMEM;
	s->stats_switch = -1;
	s->cpus = stats_slots();
	s->rate = (struct request_rate){ .limit = options->exact_rate, .is_low = options->exact_rate > 0 };
	s->multi = !options->single_uprobes && has_uprobe_multi();
	/* A program that may sleep cannot use a perf buffer. */
	sleepable = s->multi && !options->perf_buffer;
	s->object = sleepable ? bpf_object__open_mem(sleepable_start, sleepable_end - sleepable_start, NULL) :
			       bpf_object__open_mem(single_start, single_end - single_start, NULL);
	if (!s->object) {
		err = -errno;
		goto fail;
	}
	err = set_rodata(s, options);
	err = err ?: set_maps(s, options);
	err = err ?: uprobes_prepare(s->object, s->multi, sleepable);
	prepare_sampler(s, options->sample_hz);
	err = err ?: bpf_object__load(s->object);
	if (err)
		goto fail;
	s->configs_fd = bpf_object__find_map_fd_by_name(s->object, "configs");
	s->slots_fd = bpf_object__find_map_fd_by_name(s->object, "slots");
	s->slots_used_fd = bpf_object__find_map_fd_by_name(s->object, "slots_used");
	s->requests_fd = bpf_object__find_map_fd_by_name(s->object, "requests");
	fd = bpf_object__find_map_fd_by_name(s->object, "stats");
	s->stats_bytes = s->cpus * ((sizeof(struct cpu_stats) + 7) & ~7UL);
	s->stats = mmap(NULL, s->stats_bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (s->stats == MAP_FAILED) {
		err = -errno;
		goto fail;
	}
	err = map_shared(s);
	err = err ?: runtime_locks_open(s->object, &s->runtime_locks);
	err = err ?: open_output(s, options->perf_buffer);
	if (err)
		goto fail;
	s->map_bytes = map_memory(s);
	open_sampler(s, options->sample_hz);
	err = options->bare ? 0 : attach_kernel(s);
	if (err)
		goto fail;
	*out = s;
	return 0;
fail:
	session_close(s);
	return err;
}

int session_drain(struct session *s)
{
	int n = s->ring ? ring_buffer__consume(s->ring) : perf_buffer__consume(s->perf);

	out_flush();
	return n;
}

struct sampler *session_sampler(struct session *s)
{
	return s->sampler;
}

int session_poll_fd(struct session *s)
{
	return s->ring ? ring_buffer__epoll_fd(s->ring) : perf_buffer__epoll_fd(s->perf);
}

bool session_uses_multi(const struct session *s)
{
	return s->multi;
}

bool session_uses_ring(const struct session *s)
{
	return s->ring != NULL;
}

void session_close(struct session *s)
{
	if (!s)
		return;
	session_calibrated(s);
	/* A handler that has just returned is about to write its last byte. */
	usleep(SETTLE_US);
	for (int i = 0; i < TARGETS_MAX; i++)
		if (s->targets[i].pid)
			target_arm(s, &s->targets[i], false);
	if (s->ring || s->perf) {
		session_drain(s);
		requests_send_unfinished(s);
		session_stats(s);
	}
	for (int i = 0; i < TARGETS_MAX; i++)
		if (s->targets[i].pid)
			session_detach(s, s->targets[i].pid);
	for (unsigned int i = 0; i < s->kernel_link_count; i++)
		bpf_link__destroy(s->kernel_links[i]);
	sampler_close(s->sampler);
	if (s->shared)
		munmap(s->shared, getpagesize());
	ring_buffer__free(s->ring);
	perf_buffer__free(s->perf);
	if (s->stats && s->stats != MAP_FAILED)
		munmap(s->stats, s->stats_bytes);
	runtime_locks_close(s->runtime_locks);
	bpf_object__close(s->object);
	free(s);
}
