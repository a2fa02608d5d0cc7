/* SPDX-License-Identifier: Apache-2.0 */
/* The loaded programs, the targets they are attached to, and the way out. */
#ifndef HTTPTRACE_SESSION_H
#define HTTPTRACE_SESSION_H

#include <stdbool.h>

#include "../config.h"
#include "calibrate.h"
#include "sample.h"

#define PROBES_MAX 64
#define TARGETS_MAX 64
/* Requests a second up to which one more probe hit each is too little to count: half a percent of a processor. */
#define EXACT_RATE 5000

struct session_options {
	bool perf_buffer;	/* not the ring buffer, even where there is one */
	bool single_uprobes;	/* not uprobe_multi, even where there is one */
	bool bare;		/* no tracepoints: for measuring what a probe alone costs */
	bool deep;	/* follow what the scheduler does */
	bool follow;		/* report processes that start */
	unsigned int max_requests; /* 0: the default */
	unsigned int max_rate;	/* requests a second that are sent at most; 0: the default */
	unsigned int exact_rate; /* up to so many requests a second the end of each handler has its probe */
	unsigned int sample_hz;	/* goroutines of requests in flight are read so often a second; 0: not */
};

struct probe_request {
	char program[40];
	unsigned long long offset;
	bool spare;	/* comes and goes, see session_settle_spares() */
};

struct target_request {
	int pid;
	char path[4096];
	struct target_config config;
	struct probe_request probes[PROBES_MAX];
	unsigned int probe_count;
	struct sampler_layout sampler;
};

struct session;

/* Load the programs. 0 or a negative errno; the reason goes out as REC_LOG. */
int session_open(struct session **out, const struct session_options *options);
/* Attach all probes of a target, then arm it. A probe that fails is reported and left out. */
int session_attach(struct session *session, const struct target_request *request, char *report, unsigned int size);
int session_detach(struct session *session, int pid);
/*
 * Attach or detach the spare probes: a target has them while there are few requests, and where its programs have
 * asked for them (bpf/request.h: want_finish).
 */
void session_settle_spares(struct session *session);
/* Change what is sent of a target while it runs. */
int session_sample(struct session *session, int pid, unsigned int threshold, unsigned int weight);
/* Move what the kernel has to standard output. */
int session_drain(struct session *session);
/* NULL: goroutines are not sampled. */
struct sampler *session_sampler(struct session *session);
int session_poll_fd(struct session *session);
void session_stats(struct session *session);
/* What the programs themselves take, between the two calls. The second says whether any ran on a uprobe. */
void session_measure_start(struct session *session);
bool session_measure_end(struct session *session);
/* Measure what a hit costs, in the background: it takes some grace periods of the kernel. */
void session_calibrate(struct session *session);
/* Wait until that is done. */
void session_calibrated(struct session *session);
bool session_uses_multi(const struct session *session);
const struct probe_cost *session_cost(const struct session *session);
bool session_uses_ring(const struct session *session);
/* Disarm, drain, send what is unfinished, detach. */
void session_close(struct session *session);

#endif
