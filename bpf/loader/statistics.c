/* SPDX-License-Identifier: Apache-2.0 */
/* Counters, and what the programs and a probe cost. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "out.h"
#include "runtime_locks.h"
#include "session_state.h"

/* Time of the programs since they were loaded; runs of those on uprobes. */
static struct program_time read_program_time(struct session *s)
{
	struct program_time time = { .at = monotonic_ns() };
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, s->object) {
		const char *section = bpf_program__section_name(prog);
		struct bpf_prog_info info = {};
		unsigned int len = sizeof(info);

		if (!strcmp(bpf_program__name(prog), "calibrate") ||
		    bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
			continue;
		if (!strncmp(section, "uprobe", 6)) {
			time.uprobe_ns += info.run_time_ns;
			time.uprobe_runs += info.run_cnt;
		} else if (!strncmp(section, "tp_btf/sys_", 11)) {
			time.syscall_ns += info.run_time_ns;
		}
	}
	return time;
}

void session_measure_start(struct session *s)
{
	if (s->stats_switch >= 0)
		return;
	s->measured = read_program_time(s);
	s->stats_switch = bpf_enable_stats(BPF_STATS_RUN_TIME);
}

bool session_measure_end(struct session *s)
{
	const struct program_time before = s->measured;
	struct program_time now;

	if (s->stats_switch < 0)
		return false;
	close(s->stats_switch);
	s->stats_switch = -1;
	now = read_program_time(s);
	s->syscall_ns = (now.syscall_ns - before.syscall_ns) * 1e9 / (now.at - before.at);
	if (now.uprobe_runs == before.uprobe_runs)
		return false;
	s->mean_prog_ns = (now.uprobe_ns - before.uprobe_ns) / (now.uprobe_runs - before.uprobe_runs);
	return true;
}

/* Back from high to low only after this many looks: probes should not come and go with every burst. */
#define LOW_LOOKS 5

static void look_at_rate(struct request_rate *rate, unsigned long long finished, unsigned long long now)
{
	double seconds = (now - rate->at) / 1e9;
	bool is_low = finished - rate->finished <= rate->limit * seconds;

	rate->low_for = is_low ? rate->low_for + 1 : 0;
	if (!is_low)
		rate->is_low = false;
	else if (rate->low_for >= LOW_LOOKS)
		rate->is_low = rate->limit > 0;
	rate->finished = finished;
	rate->at = now;
}

void session_stats(struct session *s)
{
	struct rec_stats rec = { .hdr = { .len = sizeof(rec), .type = REC_STATS, .version = REC_VERSION } };
	unsigned long long hits = 0;

	for (int i = 0; i < TARGETS_MAX; i++)
		target_send_runtime_locks(s, &s->targets[i]);
	rec.time = monotonic_ns();
	for (unsigned int cpu = 0; cpu < s->cpus; cpu++) {
		const struct cpu_stats *c = &s->stats[cpu];

		for (int i = 0; i < ROLE_MAX; i++) {
			rec.hits[i] += c->hits[i];
			hits += c->hits[i];
		}
		rec.stepped_hits += c->stepped_hits;
		for (int i = 0; i < LOSS_MAX; i++)
			rec.lost[i] += c->lost[i];
		rec.finished += c->finished;
		rec.assists += c->assists;
		rec.assist_ns += c->assist_ns;
		rec.waits += c->waits;
		rec.wait_ns += c->wait_ns;
		rec.delays += c->delays;
		rec.delay_ns += c->delay_ns;
		for (int i = 0; i < HIST_CLASSES; i++)
			for (int j = 0; j < HIST_BUCKETS; j++)
				rec.hist[i][j] += c->hist[i][j];
	}
	look_at_rate(&s->rate, rec.finished, rec.time);
	rec.lost[LOSS_OUTPUT_FULL] += s->perf_lost;
	rec.lost[LOSS_NOT_SAMPLED] += s->skipped_unseen;
	rec.finished += s->ended_unseen;
	rec.prog_ns = hits * s->mean_prog_ns;
	rec.syscall_ns = s->syscall_ns;
	rec.unit_ns = s->cost.push_ns;
	rec.stepped_ns = s->cost.stepped_ns;
	rec.map_bytes = s->map_bytes;
	out_record(&rec, sizeof(rec));
	out_flush();
}

const struct probe_cost *session_cost(const struct session *s)
{
	return &s->cost;
}

static void *run_calibration(void *arg)
{
	struct session *s = arg;

	calibrate(s->object, s->multi, &s->cost);
	return NULL;
}

void session_calibrate(struct session *s)
{
	if (!s->calibrated)
		s->calibrated = pthread_create(&s->calibrating, NULL, run_calibration, s) == 0;
}

void session_calibrated(struct session *s)
{
	if (s->calibrated && s->calibrating)
		pthread_join(s->calibrating, NULL);
	s->calibrating = 0;
}
