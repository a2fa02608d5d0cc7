/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_locks.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "out.h"
#include "session.h"

#define BYTES (TARGETS_MAX * sizeof(struct runtime_lock_waits))

int runtime_locks_open(struct bpf_object *object, struct runtime_lock_waits **waits)
{
	int fd = bpf_object__find_map_fd_by_name(object, "runtime_locks");
	void *at = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	*waits = at;
	return 0;
}

void runtime_locks_close(struct runtime_lock_waits *waits)
{
	if (waits)
		munmap(waits, BYTES);
}

void runtime_locks_clear(struct runtime_lock_waits *waits, unsigned int slot)
{
	memset(&waits[slot], 0, sizeof(waits[slot]));
}

void runtime_locks_send(const struct runtime_lock_waits *waits, unsigned int slot, unsigned int tgid)
{
	struct rec_runtime_locks rec = {
		.hdr = { .len = sizeof(rec), .type = REC_RUNTIME_LOCKS, .version = REC_VERSION },
		.tgid = tgid,
		.waits = waits[slot],
	};

	out_record(&rec, sizeof(rec));
}
