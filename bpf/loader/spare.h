/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes that come and go when this process has given up the privileges to attach them: a child keeps those, and
 * does nothing but wait for the word, attach and detach.
 */
#ifndef HTTPTRACE_SPARE_H
#define HTTPTRACE_SPARE_H

#include "uprobes.h"

struct spare;

/* NULL with errno. The sites are copied. */
struct spare *spare_prepare(struct bpf_object *object, bool multi, pid_t pid, const char *path,
			    const struct uprobe_site *sites, size_t count);
/* Attach them where they are not; a failure goes out as REC_LOG. */
void spare_attach(struct spare *spare);
/* Detach them where they are; they are gone a moment later. */
void spare_detach(struct spare *spare);
/* Detach them for good. When this returns they are gone. */
void spare_close(struct spare *spare);

#endif
