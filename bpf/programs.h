/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The uprobe programs by name. Where the kernel has uprobe_multi (6.6), all
 * probes of a target share one link and one program, which tells them apart by
 * this number; elsewhere each is attached by itself.
 */
#ifndef HTTPTRACE_PROGRAMS_H
#define HTTPTRACE_PROGRAMS_H

#define PROGRAMS(X)            \
	X(http1_serve)         \
	X(http1_write_header)  \
	X(http1_finish)        \
	X(http1_conn_done)     \
	X(http2_headers_0)     \
	X(http2_headers_1)     \
	X(http2_handler_0)     \
	X(http2_handler_1)     \
	X(http2_write_header_0) \
	X(http2_write_header_1) \
	X(http2_handler_done_0) \
	X(http2_handler_done_1) \
	X(http2_close_stream_0) \
	X(http2_close_stream_1) \
	X(tls_start)           \
	X(tls_done)            \
	X(go_panic)            \
	X(http1_read)          \
	X(http1_serve_inlined) \
	X(stw_begin) \
	X(stw_end) \
	X(stw_counted) \
	X(assist_begin) \
	X(assist_end) \
	X(sem_wait) \
	X(sem_woken) \
	X(sem_release) \
	X(mutex_unlock) \
	X(cond_wait) \
	X(cond_woken) \
	X(client_gone) \
	X(deadline) \
	X(http2_mux_0) \
	X(sched_park) \
	X(sched_ready) \
	X(sched_execute) \
	X(sched_yield) \
	X(sched_yield_to) \
	X(sched_preempt) \
	X(sched_syscall_slow) \
	X(sched_spawn) \
	X(sched_netpoll) \
	X(calibrate)

#define PROGRAM_ID(name) PROGRAM_##name,
enum program_id { PROGRAMS(PROGRAM_ID) PROGRAM_COUNT };

#endif
