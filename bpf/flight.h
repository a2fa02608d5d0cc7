/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The requests in flight, as bpf/flight.bpf.c lists them for the loader's sampler. */
#ifndef HTTPTRACE_FLIGHT_H
#define HTTPTRACE_FLIGHT_H

struct flight {
	unsigned long long g;		/* address of the handler's goroutine */
	unsigned long long goid;
	unsigned long long handler_start;
	unsigned int tgid;
	unsigned int pad;
};

#endif
