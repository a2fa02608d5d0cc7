/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a session share: session.c, targets.c, requests.c, statistics.c. Nobody else includes it. */
#ifndef HTTPTRACE_SESSION_STATE_H
#define HTTPTRACE_SESSION_STATE_H

#include <pthread.h>
#include <stddef.h>

#include "../entry.h"
#include "session.h"

struct attached_target {
	int pid;
	bool has_runtime_locks;
	struct uprobes *uprobes;
	struct spare *spare;	/* NULL: there are none */
};

/* What the kernel has counted for the programs. */
struct program_time {
	unsigned long long at;
	unsigned long long uprobe_ns, uprobe_runs;
	unsigned long long syscall_ns;
};

/* Requests a second of all targets, as far as it decides which probes there are. */
struct request_rate {
	unsigned int limit;
	bool is_low;
	unsigned int low_for;	/* looks in a row at which it was */
	unsigned long long finished, at;	/* at the last look */
};

struct session {
	struct bpf_object *object;
	struct bpf_link *kernel_links[8];
	unsigned int kernel_link_count;
	struct ring_buffer *ring;
	struct perf_buffer *perf;
	int configs_fd, slots_fd, slots_used_fd, requests_fd;
	struct cpu_stats *stats;
	size_t stats_bytes;
	struct runtime_lock_waits *runtime_locks;	/* by slot */
	unsigned int cpus;
	struct attached_target targets[TARGETS_MAX];
	bool multi;
	pthread_t calibrating;
	bool calibrated;	/* or being so */
	struct probe_cost cost;
	unsigned long long map_bytes;
	unsigned long long perf_lost;
	/* Handlers that had returned when the probes were detached, and those of them that are not sent. */
	unsigned long long ended_unseen, skipped_unseen;
	unsigned long long mean_prog_ns, syscall_ns;
	struct program_time measured;	/* when measuring began */
	struct request_rate rate;
	int stats_switch;
	struct sampler *sampler;
	struct shared_state *shared;
	unsigned long long epochs;
};

/* Requests of a target that is gone: their end will never be seen, and the room is needed. */
void requests_forget(struct session *session, unsigned int tgid);
/* Requests whose end was not seen: sent as they are, marked unfinished. Those whose handler still runs end now. */
void requests_send_unfinished(struct session *session);
/* The programs take notice of a target, or not. 0 or a negative errno. */
int target_arm(struct session *session, const struct attached_target *target, bool armed);
/* What its threads waited for locks of the Go runtime, so far. */
void target_send_runtime_locks(struct session *session, const struct attached_target *target);

#endif
