/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * All programs as one object, so that they share their maps. A file a concern;
 * socket.bpf.c comes last because it completes what http1 and http2 began.
 */
#include "programs.h"
#include "http1.bpf.c"
#include "http2.bpf.c"
#include "tls.bpf.c"
#include "panic.bpf.c"
#include "world.bpf.c"
#include "assist.bpf.c"
#include "lock.bpf.c"
#include "client.bpf.c"
#include "sched.bpf.c"
#include "socket.bpf.c"
#include "process.bpf.c"
#include "flight.bpf.c"

/* An empty program: its hits measure what a probe costs here. */
UPROBE(calibrate)
{
	return 0;
}

/* All probes of a target through one link: the cookie says which one was hit. */
#define DISPATCH(name)         \
	case PROGRAM_##name:   \
		return run_##name(ctx);

SEC("uprobe") int all_probes(struct pt_regs *ctx)
{
	switch (bpf_get_attach_cookie(ctx)) {
		PROGRAMS(DISPATCH)
	}
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
