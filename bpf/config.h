/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the programs need to know of a target. The loader fills one struct
 * target_config a process from the plan's `field NAME VALUE` lines; the names
 * are those of the members (agent/probe/plan.ts lists what each one means).
 */
#ifndef HTTPTRACE_CONFIG_H
#define HTTPTRACE_CONFIG_H

/* An offset that the binary does not have. */
#define NO_OFFSET 0xffff

/* Values longer than this are cut. Powers of two minus one: they are masks. */
#define HDR_WANTED 12
#define HDR_NAME_MAX 32
#define HDR_GROUPS 12	/* groups or buckets of the header map that are scanned */

#define PAUSE_TEXT 32
#define REASONS 64	/* a power of two */

#define SYNC_RANGES 8

struct text_range {
	unsigned long long start;
	unsigned long long size;
};

enum map_kind { MAP_UNKNOWN, MAP_CLASSIC, MAP_SWISS };

/* Where a struct that describes a request keeps its parts. */
struct request_layout {
	unsigned short method;
	unsigned short proto_major;
	unsigned short proto_minor;
	unsigned short header;
	unsigned short content_length;
	unsigned short host;
	unsigned short remote_addr;
	unsigned short uri;
	unsigned short tls;
};

/*
 * One implementation of HTTP/2 inside the binary. [0] is the standard
 * library's, [1] golang.org/x/net/http2: a binary can hold both, with
 * different layouts.
 */
struct http2_layout {
	unsigned short conn_rwc;	/* serverConn.conn (net.Conn) */
	unsigned short conn_bw;		/* serverConn.bw (*bufferedWriter) */
	unsigned short bw_bw;		/* bufferedWriter.bw (*bufio.Writer) */
	unsigned short rw_rws;		/* responseWriter.rws */
	unsigned short rws_stream;	/* responseWriterState.stream */
	unsigned short rws_written;	/* responseWriterState.wroteBytes */
	unsigned short rws_status;	/* responseWriterState.status */
	unsigned short stream_id;	/* stream.id */
	unsigned short stream_body;	/* stream.bodyBytes */
	unsigned short frame_id;	/* HeadersFrame: FrameHeader.StreamID */
	unsigned short frame_headers;	/* MetaHeadersFrame.HeadersFrame */
	unsigned short close_partial;	/* 1: closeStream is inlined in places, so some of its calls pass unseen */
	/*
	 * runHandler's request, where that is no *net/http.Request: ServerRequest
	 * of net/http/internal/http2 (1.27). Absent elsewhere.
	 */
	struct request_layout request;
	/* Who calls closeStream when the client has reset a stream, or is gone: processResetStream, closeAllStreamsOnConnClose. */
	unsigned long long process_reset;
	unsigned long long process_reset_end;
	unsigned long long close_all;
	unsigned long long close_all_end;
};

struct wanted_header {
	char name[HDR_NAME_MAX];	/* canonical form, e.g. "Traceparent", padded with zeros */
	unsigned char len;		/* 0: none */
	unsigned long long literal;	/* learnt: where the program itself has this name, read-only */
} __attribute__((aligned(8)));

struct target_config {
	unsigned int tgid;			/* 0: the slot is free */
	unsigned int slot;			/* of this configuration */
	/* type descriptors as addresses in the running process; 0: not linked in */
	unsigned long long type_response;	/* *net/http.response */
	unsigned long long type_tcp_conn;	/* *net.TCPConn */
	unsigned long long type_unix_conn;	/* *net.UnixConn */
	unsigned long long type_tls_conn;	/* *crypto/tls.Conn */
	unsigned long long type_net_conn;	/* net.Conn, the interface */
	unsigned long long type_op_error;	/* *net.OpError */
	unsigned long long type_timeout;	/* *internal/poll.DeadlineExceededError */
	/* runtime.deferreturn: what calls deferred functions on a plain return, where they are not called inline */
	unsigned long long deferreturn;
	unsigned long long deferreturn_end;
	/* Memory that is mapped without write permission: what was read there once stays so. */
	unsigned long long rodata;
	unsigned long long rodata_end;
	/* sync.(*Mutex).unlockSlow */
	unsigned long long mutex_unlock;
	unsigned long long mutex_unlock_end;
	/* Code of package sync, and of the runtime where it enters it; the longest stretch first, then the others, then zeros */
	struct text_range sync_text[SYNC_RANGES];
	/* runtime.futex */
	unsigned long long runtime_futex;
	unsigned long long runtime_futex_end;
	/* runtime */
	unsigned short g_goid;
	unsigned short g_m;
	unsigned short m_curg;
	unsigned short m_preemptoff;	/* to Go 1.20: why the world is stopped */
	unsigned short g_parent_goid;
	unsigned short g_waitreason;
	short tls_g;			/* from the thread pointer to g, e.g. -8 */
	/* net, internal/poll, crypto/tls, bufio */
	unsigned short fd_sysfd;	/* netFD: pfd.Sysfd */
	unsigned short op_error_err;	/* net.OpError.Err */
	unsigned short tls_conn;	/* tls.Conn.conn (net.Conn) */
	unsigned short bufio_writer_n;	/* bufio.Writer.n */
	/* net/http */
	unsigned short response_conn;
	unsigned short response_req;
	unsigned short response_written;
	unsigned short response_status;
	unsigned short response_handler_done; /* response.handlerDone: the word in its atomic.Bool */
	unsigned short conn_rwc;	/* conn.rwc (net.Conn) */
	unsigned short conn_hijacked;	/* conn.hijackedv */
	unsigned short conn_reader_conn; /* connReader.conn */
	unsigned short conn_cur_req;	/* conn.curReq: the pointer in its atomic.Pointer (1.21+) */
	struct request_layout request;	/* net/http.Request */
	unsigned short request_ctx;	/* Request.ctx */
	unsigned short request_pattern;	/* Request.Pattern (1.23+) */
	unsigned short request_pat;	/* Request.pat (1.22) */
	unsigned short pattern_str;	/* pattern.str */
	/* map[string][]string: classic (to 1.23) */
	unsigned short hmap_b;
	unsigned short hmap_buckets;
	/* swiss (1.24+) */
	unsigned short map_used;
	unsigned short map_dir_ptr;
	unsigned short map_dir_len;
	unsigned short table_groups;	/* table.groups: groupsReference{data, lengthMask} */
	unsigned short map_kind;	/* enum map_kind */
	struct http2_layout http2[2];
	struct wanted_header headers[HDR_WANTED];
	/* by length of a name: 1 + the first wanted header of that length; 0: none */
	unsigned char header_by_len[HDR_NAME_MAX + 1];
	/* 1 + the next wanted header of the same length; 0: none */
	unsigned char header_next[HDR_WANTED];
	unsigned char reason_wait[REASONS]; /* runtime.waitReason to enum wait */
	unsigned long long jump_roles;	/* bit by role: the site is the stack check's branch */
	unsigned long long stepped_roles;	/* bit by role: the site is single-stepped */
	unsigned long long min_duration; /* ns; shorter requests are not sent */
	unsigned int sample_threshold;	/* of 2^32 - 1: send a request if a random number is not above */
	unsigned int weight;		/* requests that a sent one stands for: 1 / sampling ratio */
	unsigned int armed;
	unsigned long long epoch;	/* of this attachment; never the same again */
	unsigned int stw_has_reason;	/* stopTheWorldWithSema is told why (Go 1.21) */
	unsigned int deadlines;		/* some have passed */
	unsigned int releases_lost;	/* since the last one that was sent */
	unsigned int stw_reason;	/* of the pause that goes on */
	unsigned long long stw_start;	/* 0: the world runs */
	unsigned long long stw_until;	/* when it is over by the runtime's account; 0: when the world runs */
	char stw_text[PAUSE_TEXT];	/* m.preemptoff when it began */
	unsigned long long stw_total;	/* ns that it stood still, up to then */
	unsigned long long itab_response; /* learnt: itab of *net/http.response as a ResponseWriter */
};

#endif
