/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the goroutines of requests in flight do, read from outside some hundred times
 * a second, and all goroutines of a target once a second. No probe fires for it.
 */
#ifndef HTTPTRACE_LOADER_SAMPLE_H
#define HTTPTRACE_LOADER_SAMPLE_H

#include "goroutine.h"

struct bpf_program;
struct sampler;

/* `entries`: how many the map of requests has, where that is known. NULL: there is nothing to list the requests in flight with, or no memory. */
struct sampler *sampler_open(struct bpf_program *in_flight, int requests_fd, const unsigned int *entries, unsigned int hz);
/* While the privileges for it are there. A target whose memory cannot be opened is not sampled. */
void sampler_add(struct sampler *sampler, int pid, const struct sampler_layout *layout);
void sampler_remove(struct sampler *sampler, int pid);
/* When it wants to run next, CLOCK_MONOTONIC ns. */
unsigned long long sampler_due(const struct sampler *sampler);
void sampler_run(struct sampler *sampler);
void sampler_close(struct sampler *sampler);

#endif
