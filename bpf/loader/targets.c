/* SPDX-License-Identifier: Apache-2.0 */
/* Targets: what the programs know of each, and the probes in it. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime_locks.h"
#include "session_state.h"
#include "spare.h"
#include "uprobes.h"

static struct attached_target *find_target(struct session *s, int pid)
{
	for (int i = 0; i < TARGETS_MAX; i++)
		if (s->targets[i].pid == pid)
			return &s->targets[i];
	return NULL;
}

static unsigned int slot_of(const struct session *s, const struct attached_target *t)
{
	return t - s->targets;
}

static int count_slots(struct session *s)
{
	unsigned int zero = 0, used = 0;

	for (int i = 1; i < TARGETS_MAX; i++)
		used += s->targets[i].pid != 0;
	return bpf_map_update_elem(s->slots_used_fd, &zero, &used, BPF_ANY) ? -errno : 0;
}

int target_arm(struct session *s, const struct attached_target *t, bool armed)
{
	unsigned int slot = slot_of(s, t);
	struct target_config config;

	if (bpf_map_lookup_elem(s->configs_fd, &slot, &config))
		return -errno;
	config.armed = armed;
	return bpf_map_update_elem(s->configs_fd, &slot, &config, BPF_ANY) ? -errno : 0;
}

/* Make a process known to the programs, not armed yet. */
static int add_config(struct session *s, struct attached_target *t, const struct target_request *request)
{
	unsigned int slot = slot_of(s, t), key = request->pid;
	struct target_config config = request->config;

	config.tgid = request->pid;
	config.slot = slot;
	config.armed = 0;
	config.epoch = ++s->epochs;
	t->pid = request->pid;
	t->has_runtime_locks = config.runtime_futex != 0;
	runtime_locks_clear(s->runtime_locks, slot);
	if (bpf_map_update_elem(s->configs_fd, &slot, &config, BPF_ANY))
		return -errno;
	if (slot == 0)
		return 0;
	if (bpf_map_update_elem(s->slots_fd, &key, &slot, BPF_ANY))
		return -errno;
	return count_slots(s);
}

static void remove_config(struct session *s, struct attached_target *t)
{
	unsigned int slot = slot_of(s, t), key = t->pid;
	struct target_config blank = {};

	bpf_map_update_elem(s->configs_fd, &slot, &blank, BPF_ANY);
	bpf_map_delete_elem(s->slots_fd, &key);
	__atomic_and_fetch(&s->shared->finish_wanted, ~(1ULL << slot), __ATOMIC_RELAXED);
	memset(t, 0, sizeof(*t));
	count_slots(s);
}

/* Sites of the probes that are spare, or of those that are not. */
static unsigned int sites_of(const struct target_request *request, bool spare, struct uprobe_site *sites)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < request->probe_count; i++) {
		const struct probe_request *p = &request->probes[i];

		if (p->spare == spare)
			sites[count++] = (struct uprobe_site){ .program = p->program, .offset = p->offset };
	}
	return count;
}

int session_attach(struct session *s, const struct target_request *request, char *report, unsigned int size)
{
	struct attached_target *t = find_target(s, request->pid);
	struct uprobe_site sites[PROBES_MAX] = {}, spares[PROBES_MAX] = {};
	unsigned int used = 0, count, spare_count;
	int err;

	report[0] = 0;
	if (t)
		return -EEXIST;
	t = find_target(s, 0);
	if (!t)
		return -ENOSPC;
	err = add_config(s, t, request);
	if (err) {
		remove_config(s, t);
		return err;
	}
	count = sites_of(request, false, sites);
	spare_count = sites_of(request, true, spares);
	t->uprobes = uprobes_attach(s->object, s->multi, request->pid, request->path, sites, count);
	err = t->uprobes ? 0 : -errno;
	for (unsigned int i = 0; i < count && used < size; i++)
		if (sites[i].error)
			used += snprintf(report + used, size - used, "%s %d\n", sites[i].program, sites[i].error);
	if (err) {
		remove_config(s, t);
		return err;
	}
	if (spare_count)
		t->spare = spare_prepare(s->object, s->multi, request->pid, request->path, spares, spare_count);
	sampler_add(s->sampler, request->pid, &request->sampler);
	return target_arm(s, t, true);
}

void session_settle_spares(struct session *s)
{
	unsigned long long wanted = __atomic_load_n(&s->shared->finish_wanted, __ATOMIC_RELAXED);

	for (int i = 0; i < TARGETS_MAX; i++) {
		struct spare *spare = s->targets[i].spare;

		if (!spare)
			continue;
		if (wanted >> i & 1 || s->rate.is_low)
			spare_attach(spare);
		else
			spare_detach(spare);
	}
}

void target_send_runtime_locks(struct session *s, const struct attached_target *t)
{
	if (t->pid && t->has_runtime_locks)
		runtime_locks_send(s->runtime_locks, slot_of(s, t), t->pid);
}

int session_detach(struct session *s, int pid)
{
	struct attached_target *t = pid > 0 ? find_target(s, pid) : NULL;

	if (!t)
		return -ENOENT;
	sampler_remove(s->sampler, pid);
	target_arm(s, t, false);
	target_send_runtime_locks(s, t);
	uprobes_detach(t->uprobes);
	spare_close(t->spare);
	remove_config(s, t);
	requests_forget(s, pid);
	return 0;
}

int session_sample(struct session *s, int pid, unsigned int threshold, unsigned int weight)
{
	struct attached_target *t = pid > 0 ? find_target(s, pid) : NULL;
	struct target_config config;
	unsigned int slot;

	if (!t)
		return -ENOENT;
	slot = slot_of(s, t);
	if (bpf_map_lookup_elem(s->configs_fd, &slot, &config))
		return -errno;
	config.sample_threshold = threshold;
	config.weight = weight;
	return bpf_map_update_elem(s->configs_fd, &slot, &config, BPF_ANY) ? -errno : 0;
}
