/* SPDX-License-Identifier: Apache-2.0 */
/* The clock of all records. */
#ifndef HTTPTRACE_LOADER_CLOCK_H
#define HTTPTRACE_LOADER_CLOCK_H

#include <time.h>

static inline unsigned long long monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

#endif
