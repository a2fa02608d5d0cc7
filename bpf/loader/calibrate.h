/* SPDX-License-Identifier: Apache-2.0 */
/* What a probe hit costs on this machine, measured on the loader itself. */
#ifndef HTTPTRACE_CALIBRATE_H
#define HTTPTRACE_CALIBRATE_H

#include <stdbool.h>

struct bpf_object;

struct probe_cost {
	unsigned long long push_ns;	/* on `push`: emulated by the kernel */
	unsigned long long stepped_ns;	/* on `mov`: single-stepped */
};

/* 0 or a negative errno; a cost that could not be measured is 0. */
int calibrate(struct bpf_object *object, bool multi, struct probe_cost *cost);

#endif
