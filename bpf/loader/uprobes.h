/* SPDX-License-Identifier: Apache-2.0 */
/* Attaching uprobes: all of a target through one link where the kernel has uprobe_multi, else one by one. */
#ifndef HTTPTRACE_UPROBES_H
#define HTTPTRACE_UPROBES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct bpf_object;

struct uprobe_site {
	const char *program;	/* a name of bpf/programs.h */
	unsigned long long offset; /* in the file */
	int error;		/* out: 0 or a negative errno */
};

struct uprobes;

/* Whether the kernel has uprobe_multi: tried with a call that it must refuse in its own way. */
bool has_uprobe_multi(void);
/* Choose which programs are loaded, and how. Before bpf_object__load. 0 or a negative errno. */
int uprobes_prepare(struct bpf_object *object, bool multi, bool sleepable);
/* File descriptor of the loaded program that serves a site; negative: none. */
int uprobes_program(struct bpf_object *object, bool multi, const char *program);
/* Attach to one process. NULL with errno when none could be attached. */
struct uprobes *uprobes_attach(struct bpf_object *object, bool multi, pid_t pid, const char *path,
			       struct uprobe_site *sites, size_t count);
void uprobes_detach(struct uprobes *uprobes);

#endif
