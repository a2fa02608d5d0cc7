/* SPDX-License-Identifier: Apache-2.0 */
#include "uprobes.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../programs.h"

#define SITES_MAX 64
#define COMMON_PROGRAM "all_probes"

/* Newer than the headers that we build with: include/uapi/linux/bpf.h of Linux 6.6. */
#define ATTACH_UPROBE_MULTI 48
struct link_create_uprobe_multi {
	unsigned int prog_fd, target_fd, attach_type, flags;
	unsigned long long path, offsets, ref_ctr_offsets, cookies;
	unsigned int cnt, multi_flags, pid, pad;
};

struct uprobes {
	int multi_fd;	/* -1: one link each */
	struct bpf_link *links[SITES_MAX];
	size_t count;
};

static int link_multi(int prog_fd, pid_t pid, const char *path, const unsigned long *offsets,
		      const unsigned long long *cookies, unsigned int count)
{
	struct link_create_uprobe_multi attr = {
		.prog_fd = prog_fd,
		.attach_type = ATTACH_UPROBE_MULTI,
		.path = (unsigned long)path,
		.offsets = (unsigned long)offsets,
		.cookies = (unsigned long)cookies,
		.cnt = count,
		.pid = pid,
	};

	return syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
}

bool has_uprobe_multi(void)
{
	/* A program that returns at once; only one of the right attach type gets as far as looking at the path. */
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = ATTACH_UPROBE_MULTI);
	unsigned long offset = 0;
	int prog, link, err;

	prog = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "multi_trial", "Dual BSD/GPL", insns, 2, &opts);
	if (prog < 0)
		return false;
	link = link_multi(prog, 0, "/", &offset, NULL, 1);
	err = errno;
	if (link >= 0)
		close(link);
	close(prog);
	/* "/" is no regular file: EBADF from a kernel that knows the attach type. */
	return link < 0 && err == EBADF;
}

int uprobes_prepare(struct bpf_object *object, bool multi, bool sleepable)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, object) {
		bool common = !strcmp(bpf_program__name(prog), COMMON_PROGRAM);
		int err = 0;

		if (strcmp(bpf_program__section_name(prog), "uprobe") != 0)
			continue;
		if (common != multi)
			err = bpf_program__set_autoload(prog, false);
		else if (multi)
			err = bpf_program__set_expected_attach_type(prog, ATTACH_UPROBE_MULTI);
		if (!err && multi && sleepable)
			err = bpf_program__set_flags(prog, BPF_F_SLEEPABLE);
		if (err)
			return err;
	}
	return 0;
}

static int program_id(const char *name)
{
#define NAME(name) #name,
	static const char *const names[] = { PROGRAMS(NAME) };

	for (int i = 0; i < PROGRAM_COUNT; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

int uprobes_program(struct bpf_object *object, bool multi, const char *program)
{
	const struct bpf_program *prog = bpf_object__find_program_by_name(object, multi ? COMMON_PROGRAM : program);

	return prog ? bpf_program__fd(prog) : -ENOENT;
}

static int attach_multi(struct uprobes *u, struct bpf_object *object, pid_t pid, const char *path,
			struct uprobe_site *sites, size_t count)
{
	int prog_fd = uprobes_program(object, true, NULL);
	unsigned long offsets[SITES_MAX];
	unsigned long long cookies[SITES_MAX];

	for (size_t i = 0; i < count; i++) {
		int id = program_id(sites[i].program);

		if (id < 0)
			return -ENOENT;
		offsets[i] = sites[i].offset;
		cookies[i] = id;
	}
	u->multi_fd = link_multi(prog_fd, pid, path, offsets, cookies, count);
	return u->multi_fd < 0 ? -errno : 0;
}

/* One site that the kernel refuses does not keep the others out. */
static int attach_each(struct uprobes *u, struct bpf_object *object, pid_t pid, const char *path,
		       struct uprobe_site *sites, size_t count)
{
	int err = -ENOENT;

	for (size_t i = 0; i < count; i++) {
		struct bpf_program *prog = bpf_object__find_program_by_name(object, sites[i].program);
		struct bpf_link *link;

		link = prog ? bpf_program__attach_uprobe(prog, false, pid, path, sites[i].offset) : NULL;
		if (link)
			u->links[u->count++] = link;
		else
			sites[i].error = err = prog ? -errno : -ENOENT;
	}
	return u->count ? 0 : err;
}

struct uprobes *uprobes_attach(struct bpf_object *object, bool multi, pid_t pid, const char *path,
			       struct uprobe_site *sites, size_t count)
{
	struct uprobes *u = calloc(1, sizeof(*u));
	int err;

	if (!u)
		return NULL;
	u->multi_fd = -1;
	if (count == 0 || count > SITES_MAX)
		err = -EINVAL;
	else if (multi)
		err = attach_multi(u, object, pid, path, sites, count);
	else
		err = attach_each(u, object, pid, path, sites, count);
	if (err) {
		for (size_t i = 0; i < count; i++)
			sites[i].error = err;
		uprobes_detach(u);
		errno = -err;
		return NULL;
	}
	return u;
}

static void *destroy_link(void *link)
{
	bpf_link__destroy(link);
	return NULL;
}

/*
 * The kernel waits for a grace period for each single probe that it removes.
 * Side by side, at least some of the waits are for the same one.
 */
void uprobes_detach(struct uprobes *u)
{
	pthread_t threads[SITES_MAX];
	bool started[SITES_MAX];

	if (!u)
		return;
	if (u->multi_fd >= 0)
		close(u->multi_fd);
	for (size_t i = 0; i < u->count; i++) {
		started[i] = pthread_create(&threads[i], NULL, destroy_link, u->links[i]) == 0;
		if (!started[i])
			bpf_link__destroy(u->links[i]);
	}
	for (size_t i = 0; i < u->count; i++)
		if (started[i])
			pthread_join(threads[i], NULL);
	free(u);
}
