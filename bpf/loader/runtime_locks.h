/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs count of threads that sleep for locks of the Go runtime (bpf/futex.h). */
#ifndef HTTPTRACE_RUNTIME_LOCKS_H
#define HTTPTRACE_RUNTIME_LOCKS_H

#include "../record.h"

struct bpf_object;

/* By slot of the target. 0 or a negative errno. */
int runtime_locks_open(struct bpf_object *object, struct runtime_lock_waits **waits);
void runtime_locks_close(struct runtime_lock_waits *waits);
/* Another target takes the slot. */
void runtime_locks_clear(struct runtime_lock_waits *waits, unsigned int slot);
void runtime_locks_send(const struct runtime_lock_waits *waits, unsigned int slot, unsigned int tgid);

#endif
