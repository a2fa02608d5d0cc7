/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httptrace-loader: the part with BPF privileges. Commands come on standard
 * input, a line each; records go out on standard output (bpf/record.h).
 *
 *   SEQ target PID PATH         begin a target
 *   SEQ field NAME VALUE        a member of struct target_config, or of struct sampler_layout
 *   SEQ header INDEX NAME       a request header to capture
 *   SEQ probe PROGRAM OFFSET [spare]  a uprobe at a file offset; spare: it comes and goes
 *   SEQ attach                  attach all of it and arm it
 *   SEQ detach PID
 *   SEQ sample PID THRESHOLD WEIGHT
 *   SEQ seal [follow]           give up privileges
 *   SEQ quit                    detach, send what is left, end
 *
 * Only `attach`, `detach`, `sample`, `seal`, `quit` and lines that cannot be
 * understood are answered. The end of standard input means `quit`.
 */
#define _GNU_SOURCE
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "../record.h"
#include "clock.h"
#include "config.h"
#include "features.h"
#include "out.h"
#include "privileges.h"
#include "session.h"

#define LINE_MAX_BYTES 8192
#define LOG_TAIL 1900
#define TICK_MS 25
#define STATS_MS 1000
/* The programs' own time is measured for this long, this often. */
#define MEASURE_EVERY_MS 30000
#define MEASURE_RETRY_MS 3000
#define MEASURE_MS 300

struct loader {
	struct session *session;
	struct target_request request;
	char line[LINE_MAX_BYTES];
	size_t line_used;
	bool quit;
	unsigned int quit_seq;
	long long measure_at;	/* when the programs' own time is measured next, ms */
	long long measure_end;	/* 0: not measuring */
};

static int on_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	static char text[64 << 10];
	int n;

	if (level == LIBBPF_DEBUG)
		return 0;
	n = vsnprintf(text, sizeof(text), format, args);
	if (n >= (int)sizeof(text))
		n = sizeof(text) - 1;
	/* A verifier's log says at its end what is wrong. */
	out_text(REC_LOG, "%s", n > LOG_TAIL ? text + n - LOG_TAIL : text);
	return 0;
}

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static int begin_target(struct target_request *r, const char *args)
{
	int at = 0;

	memset(r, 0, sizeof(*r));
	config_init(&r->config);
	layout_init(&r->sampler);
	if (sscanf(args, "%d %n", &r->pid, &at) != 1 || r->pid <= 0 || !args[at] ||
	    strlen(args + at) >= sizeof(r->path))
		return -EINVAL;
	strcpy(r->path, args + at);
	return 0;
}

static int add_field(struct target_request *r, const char *args)
{
	char name[64];
	long long value;

	if (sscanf(args, "%63s %lld", name, &value) != 2)
		return -EINVAL;
	if (!strncmp(name, "sampler.", 8))
		return layout_set(&r->sampler, name + 8, value);
	return config_set(&r->config, name, value);
}

static int add_header(struct target_request *r, const char *args)
{
	char name[64];
	unsigned int index;

	if (sscanf(args, "%u %63s", &index, name) != 2)
		return -EINVAL;
	return config_header(&r->config, index, name);
}

static int add_probe(struct target_request *r, const char *args)
{
	struct probe_request *p = &r->probes[r->probe_count];
	char spare[8] = "";

	if (r->probe_count >= PROBES_MAX)
		return -ENOSPC;
	if (sscanf(args, "%39s %llu %7s", p->program, &p->offset, spare) < 2)
		return -EINVAL;
	p->spare = !strcmp(spare, "spare");
	r->probe_count++;
	return 0;
}

static void attach(struct loader *l, unsigned int seq)
{
	char report[1536];
	const char *missing;
	int err;

	if (l->request.pid <= 0) {
		out_reply(seq, -EINVAL, "no target");
		return;
	}
	err = config_check(&l->request.config, &missing);
	if (err) {
		out_reply(seq, err, "layout: %s is missing or too large", missing);
		return;
	}
	err = session_attach(l->session, &l->request, report, sizeof(report));
	out_reply(seq, err, "%s", report);
	session_calibrate(l->session);
	l->measure_at = 0;
}

static void command(struct loader *l, char *line)
{
	unsigned int seq = 0, threshold, weight;
	char verb[16] = "";
	int at = 0, pid = 0, err = 0;
	const char *args;

	if (sscanf(line, "%u %15s %n", &seq, verb, &at) < 2) {
		out_reply(seq, -EINVAL, "not a command");
		return;
	}
	args = line + at;
	if (!strcmp(verb, "target")) {
		err = begin_target(&l->request, args);
	} else if (!strcmp(verb, "field")) {
		err = add_field(&l->request, args);
	} else if (!strcmp(verb, "header")) {
		err = add_header(&l->request, args);
	} else if (!strcmp(verb, "probe")) {
		err = add_probe(&l->request, args);
	} else if (!strcmp(verb, "attach")) {
		attach(l, seq);
		return;
	} else if (!strcmp(verb, "detach")) {
		err = sscanf(args, "%d", &pid) == 1 ? session_detach(l->session, pid) : -EINVAL;
		out_reply(seq, err, "detach");
		return;
	} else if (!strcmp(verb, "sample")) {
		err = sscanf(args, "%d %u %u", &pid, &threshold, &weight) == 3 ?
			      session_sample(l->session, pid, threshold, weight) : -EINVAL;
		out_reply(seq, err, "sample");
		return;
	} else if (!strcmp(verb, "seal")) {
		session_calibrated(l->session);
		out_reply(seq, drop_privileges(!strcmp(args, "follow")), "seal");
		return;
	} else if (!strcmp(verb, "quit")) {
		l->quit = true;
		l->quit_seq = seq;
		return;
	} else {
		err = -ENOSYS;
	}
	if (err)
		out_reply(seq, err, "%s %.200s", verb, args);
}

static void read_commands(struct loader *l)
{
	ssize_t n = read(STDIN_FILENO, l->line + l->line_used, sizeof(l->line) - 1 - l->line_used);
	char *start = l->line, *end;

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		l->quit = true;
		return;
	}
	l->line_used += n;
	l->line[l->line_used] = 0;
	while ((end = memchr(start, '\n', l->line + l->line_used - start))) {
		*end = 0;
		command(l, start);
		start = end + 1;
	}
	l->line_used -= start - l->line;
	memmove(l->line, start, l->line_used);
	if (l->line_used == sizeof(l->line) - 1) {
		out_reply(0, -E2BIG, "line too long");
		l->quit = true;
	}
}

/* Measuring costs the target too: now and then, and again soon while there was nothing to measure. */
static void measure(struct loader *l, long long now)
{
	if (!l->measure_end && now >= l->measure_at) {
		session_measure_start(l->session);
		l->measure_end = now + MEASURE_MS;
	} else if (l->measure_end && now >= l->measure_end) {
		bool measured = session_measure_end(l->session);

		l->measure_end = 0;
		l->measure_at = now + (measured ? MEASURE_EVERY_MS : MEASURE_RETRY_MS);
	}
}

/* From now, a tick at most. */
static struct timespec until(unsigned long long due)
{
	unsigned long long now = monotonic_ns(), ns = due > now ? due - now : 0;

	if (ns > TICK_MS * 1000000ULL)
		ns = TICK_MS * 1000000ULL;
	return (struct timespec){ .tv_nsec = ns };
}

static void run(struct loader *l)
{
	struct pollfd fds[2] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = session_poll_fd(l->session), .events = POLLIN },
	};
	struct sampler *sampler = session_sampler(l->session);
	long long stats_at = now_ms() + STATS_MS, drain_at = 0;

	while (!l->quit) {
		struct timespec wait = until(sampler_due(sampler));
		long long now;

		if (ppoll(fds, 2, &wait, NULL) < 0 && errno != EINTR)
			break;
		if (monotonic_ns() >= sampler_due(sampler))
			sampler_run(sampler);
		now = now_ms();
		/* Not with every sample: each write wakes the agent. */
		if (now >= drain_at || fds[0].revents || fds[1].revents) {
			session_drain(l->session);
			session_settle_spares(l->session);
			drain_at = now + TICK_MS;
		}
		if (fds[0].revents)
			read_commands(l);
		if (now >= stats_at) {
			session_stats(l->session);
			stats_at = now + STATS_MS;
		}
		measure(l, now);
	}
}

static int usage(void)
{
	fprintf(stderr, "httptrace-loader is run by httptrace. By hand: httptrace-loader --probe | --version\n");
	return 2;
}

int main(int argc, char **argv)
{
	static struct loader loader;
	struct session_options options = { .exact_rate = EXACT_RATE };
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	int err;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--probe"))
			return print_features();
		if (!strcmp(argv[i], "--version")) {
			puts(HTTPTRACE_VERSION);
			return 0;
		}
		if (!strcmp(argv[i], "--perf"))
			options.perf_buffer = true;
		else if (!strcmp(argv[i], "--single-uprobes"))
			options.single_uprobes = true;
		else if (!strcmp(argv[i], "--bare"))
			options.bare = true;
		else if (!strcmp(argv[i], "--follow"))
			options.follow = true;
		else if (!strcmp(argv[i], "--deep"))
			options.deep = true;
		else if (!strncmp(argv[i], "--max-requests=", 15))
			options.max_requests = strtoul(argv[i] + 15, NULL, 10);
		else if (!strncmp(argv[i], "--max-rate=", 11))
			options.max_rate = strtoul(argv[i] + 11, NULL, 10);
		else if (!strncmp(argv[i], "--exact-rate=", 13))
			options.exact_rate = strtoul(argv[i] + 13, NULL, 10);
		else if (!strncmp(argv[i], "--sample-hz=", 12))
			options.sample_hz = strtoul(argv[i] + 12, NULL, 10);
		else
			return usage();
	}
	die_with_parent();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);	/* Ctrl-C reaches the whole group: the agent decides */
	signal(SIGTERM, SIG_IGN);
	libbpf_set_print(on_libbpf);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	setrlimit(RLIMIT_MEMLOCK, &unlimited);	/* needed before 5.11; may be refused */
	if (!options.perf_buffer && !has_ring_buffer())
		options.perf_buffer = true;
	err = session_open(&loader.session, &options);
	if (err) {
		out_text(REC_HELLO, "error=%d", err);
		return 4;
	}
	out_text(REC_HELLO, "version=%s transport=%s uprobes=%s", HTTPTRACE_VERSION,
		 session_uses_ring(loader.session) ? "ring" : "perf",
		 session_uses_multi(loader.session) ? "multi" : "single");
	run(&loader);
	session_close(loader.session);
	out_reply(loader.quit_seq, 0, "bye");
	return 0;
}
