/* SPDX-License-Identifier: Apache-2.0 */
#include "spare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../record.h"
#include "out.h"

/* More than this process ever has open. */
#define FDS_MAX 1024

struct spare {
	pid_t child;
	int socket;
	bool attached;
	bool failed;	/* once: it is not tried again */
};

/* What the child is told. */
enum word { ATTACH = 'a', DETACH = 'd' };

/*
 * The child. ATTACH has an answer, 0 or an errno; DETACH takes a grace period of the kernel and has none. The end of
 * messages means detach; it comes when the parent dies, too. (A signal at its death would not: it has no right any
 * more to send us one.)
 */
static void serve(int fd, struct bpf_object *object, bool multi, pid_t pid, const char *path,
		  const struct uprobe_site *wanted, size_t count)
{
	struct uprobe_site sites[count];
	struct uprobes *uprobes = NULL;
	char word;

	prctl(PR_SET_NAME, "httptrace-spare");
	memcpy(sites, wanted, sizeof(sites));
	while (read(fd, &word, 1) == 1) {
		int answer = 0;

		if (word == DETACH) {
			uprobes_detach(uprobes);
			uprobes = NULL;
			continue;
		}
		uprobes = uprobes_attach(object, multi, pid, path, sites, count);
		if (!uprobes)
			answer = errno;
		if (write(fd, &answer, sizeof(answer)) != sizeof(answer))
			break;
	}
	uprobes_detach(uprobes);
}

/* Copies of our pipes and of links to other probes would keep those open when they are closed here. */
static void close_others(int socket, struct bpf_object *object, bool multi, const struct uprobe_site *sites,
			 size_t count)
{
	for (int fd = 0; fd < FDS_MAX; fd++) {
		bool keep = fd == socket;

		for (size_t i = 0; i < count && !keep; i++)
			keep = fd == uprobes_program(object, multi, sites[i].program);
		if (!keep)
			close(fd);
	}
}

struct spare *spare_prepare(struct bpf_object *object, bool multi, pid_t pid, const char *path,
			    const struct uprobe_site *sites, size_t count)
{
	struct spare *spare = calloc(1, sizeof(*spare));
	int ends[2];

	if (!spare)
		return NULL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
		free(spare);
		return NULL;
	}
	spare->child = fork();
	if (spare->child == 0) {
		close_others(ends[1], object, multi, sites, count);
		serve(ends[1], object, multi, pid, path, sites, count);
		_exit(0);
	}
	close(ends[1]);
	spare->socket = ends[0];
	if (spare->child < 0) {
		spare_close(spare);
		return NULL;
	}
	return spare;
}

static bool tell(const struct spare *spare, char word)
{
	return write(spare->socket, &word, 1) == 1;
}

void spare_attach(struct spare *spare)
{
	int answer = EPIPE;

	if (spare->attached || spare->failed)
		return;
	spare->attached = tell(spare, ATTACH) && read(spare->socket, &answer, sizeof(answer)) == sizeof(answer) && !answer;
	spare->failed = !spare->attached;
	if (spare->failed)
		out_text(REC_LOG, "the probe on the end of handlers cannot be attached: %s", strerror(answer));
}

void spare_detach(struct spare *spare)
{
	if (spare->attached)
		tell(spare, DETACH);
	spare->attached = false;
}

void spare_close(struct spare *spare)
{
	if (!spare)
		return;
	/* Not only closed: children that were made after this one have a copy. */
	shutdown(spare->socket, SHUT_RDWR);
	close(spare->socket);
	if (spare->child > 0)
		waitpid(spare->child, NULL, 0);
	free(spare);
}
