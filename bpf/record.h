/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The wire format: what leaves the kernel, and what leaves the loader on its
 * standard output. Mirrored by agent/record/layout.ts; a test holds the two
 * against each other.
 *
 * Every record begins with struct rec_hdr. All integers are in the byte order
 * of the machine. Times are nanoseconds of CLOCK_MONOTONIC
 * (bpf_ktime_get_ns); zero means "not observed".
 */
#ifndef HTTPTRACE_RECORD_H
#define HTTPTRACE_RECORD_H

#define REC_VERSION 1

enum rec_type {
	/* from the kernel */
	REC_REQUEST = 1,	/* struct rec_request, then its fields */
	REC_PANIC = 2,		/* struct rec_panic, then its fields */
	REC_EXEC = 3,		/* struct rec_process: a process ran execve */
	REC_EXIT = 4,		/* struct rec_process: a watched process ended */
	REC_PAUSE = 5,		/* struct rec_pause: the world was stopped */
	REC_WAIT = 6,		/* struct rec_wait, then its fields: a goroutine waited for a semaphore */
	REC_DEADLINE = 8,	/* struct rec_deadline: the deadline of a context passed */
	REC_RELEASE = 7,	/* struct rec_release, then its fields: one that others wait for was released */
	/* from the loader's sampler (bpf/loader/sample.c) */
	REC_SAMPLES = 20,	/* struct rec_samples, then its entries */
	REC_GOROUTINES = 21,	/* struct rec_goroutines, then its entries */
	/* from the loader */
	REC_HELLO = 64,		/* fields: what this kernel can do */
	REC_REPLY = 65,		/* struct rec_reply, then text: answer to a command */
	REC_STATS = 66,		/* struct rec_stats: counters, once a second */
	REC_LOG = 67,		/* text for the person, e.g. from libbpf */
	REC_RUNTIME_LOCKS = 68,	/* struct rec_runtime_locks: of a target, before each REC_STATS */
};

struct rec_hdr {
	unsigned int len;	/* of the whole record, a multiple of 8 */
	unsigned short type;	/* enum rec_type */
	unsigned char version;	/* REC_VERSION */
	unsigned char pad;
};

/*
 * Variable-length values follow the fixed part one after the other, without
 * padding between them: this head, then `len` bytes.
 */
struct rec_field {
	unsigned char tag;	/* enum rec_tag */
	unsigned char split;	/* TAG_REQUEST_LINE: length of the method */
	unsigned short len;	/* bytes that follow */
	unsigned int full_len;	/* bytes the target holds; more than len: it was cut */
};

enum rec_tag {
	TAG_METHOD = 1,
	TAG_URI = 2,		/* RequestURI as sent: path and query, or absolute form */
	TAG_HOST = 3,
	TAG_PEER = 4,		/* Request.RemoteAddr */
	TAG_PATTERN = 5,	/* Request.Pattern, or pat.str in Go 1.22 */
	TAG_PANIC_TEXT = 6,	/* the string at the panic value, if there is one */
	TAG_PANIC_DATA = 7,	/* the first bytes of the panic value */
	TAG_STACK = 8,		/* u64 return addresses, innermost first */
	TAG_LOADER_TEXT = 9,
	TAG_WAITS = 10,		/* u64 by enum wait: what the request waited for, ns */
	TAG_CLIENT_GONE = 11,	/* u64: when the server noticed that the client was gone */
	TAG_PAUSE_OPEN = 12,	/* u64: since when the world stood still while the request ended */
	TAG_CONTEXT = 13,	/* u64: the request's context, where deadlines have passed */
	TAG_READ_TIMEOUT = 14,	/* u64: when the server had waited for more of the request for too long */
	TAG_REQUEST_LINE = 15,	/* instead of TAG_METHOD and TAG_URI: both, with a space between them */
	/* 16 + n: the n-th header of the plan's list (HDR_WANTED at most) */
	TAG_HEADER = 16,
};

enum req_flags {
	REQ_HTTP2 = 1 << 0,
	REQ_TLS = 1 << 1,
	REQ_HIJACKED = 1 << 2,
	REQ_ABORTED = 1 << 3,		/* ended by panic or Goexit, not by return */
	REQ_FIRST = 1 << 4,		/* first request seen on its connection */
	REQ_NO_SOCKET = 1 << 5,		/* the connection's file descriptor is unknown */
	REQ_FINISH_NO_HEADER = 1 << 6,	/* nothing called WriteHeader before the handler returned */
	REQ_HEADERS_CUT = 1 << 7,	/* the header map was larger than what is scanned */
	REQ_UNFINISHED = 1 << 8,	/* still running when the probes were detached */
	REQ_PANICKED = 1 << 9,		/* runtime.gopanic ran on its goroutine */
	REQ_PREVIEW = 1 << 10,		/* sent ahead: it runs, and others wait for a lock that it held */
	REQ_WAITS_CUT = 1 << 11,	/* some of its waits were not sent: the agent could not keep up */
	REQ_END_UNSEEN = 1 << 12,	/* its end is when it was last seen */
};

/*
 * Shares of a request's time that are added up in the kernel: all of them with
 * --deep, where a goroutine is in one of these states at any time; GC_ASSIST
 * alone otherwise.
 */
enum wait {
	WAIT_GC_ASSIST,
	WAIT_CPU,
	WAIT_SCHEDULER,
	WAIT_MUTEX,
	WAIT_CHANNEL,
	WAIT_NETWORK,
	WAIT_SYSCALL,
	WAIT_SLEEP,
	WAIT_GC_STW,
	WAIT_OTHER,
	WAIT_MAX,
};

struct rec_request {
	struct rec_hdr hdr;
	unsigned int tgid;
	int fd;				/* -1: unknown */
	unsigned long long goid;
	unsigned long long established;	/* connection, in the kernel */
	unsigned long long accepted;	/* accept4 returned */
	unsigned long long tls_start;
	unsigned long long tls_end;
	unsigned long long first_read;	/* first byte of the request */
	unsigned long long handler_start;
	unsigned long long write_header; /* first final WriteHeader */
	unsigned long long first_write;	/* first byte of the response handed over */
	unsigned long long last_write;
	unsigned long long handler_end;
	unsigned long long end;
	long long request_body;		/* bytes; -1: not known */
	long long response_body;	/* bytes; -1: not known */
	unsigned long long wire_in;	/* bytes on the socket for this request (HTTP/1) */
	unsigned long long wire_out;
	unsigned short status;		/* 0: not known */
	unsigned short wire_status;	/* from the bytes written, HTTP/1 in the clear */
	unsigned short informational;	/* WriteHeader calls with 1xx */
	unsigned short superfluous;	/* WriteHeader calls after the final one */
	unsigned short flags;		/* enum req_flags */
	unsigned char proto_major;
	unsigned char proto_minor;
	unsigned int stream_id;		/* HTTP/2 */
	unsigned int weight;		/* requests that this one stands for (sampling) */
	unsigned int data_len;		/* bytes of fields that follow */
};

#define PAUSE_NO_REASON 0xffffffffU
#ifndef PAUSE_TEXT
#define PAUSE_TEXT 32
#endif

struct rec_panic {
	struct rec_hdr hdr;
	unsigned int tgid;
	unsigned int data_len;
	unsigned long long goid;
	unsigned long long handler_start; /* with tgid and goid: the request; 0: none */
	unsigned long long time;
	unsigned long long type;	/* address of the value's type descriptor */
};

/* From the runtime's decision to stop the world to the moment when it runs again. */
struct rec_pause {
	struct rec_hdr hdr;
	unsigned int tgid;
	unsigned int reason;		/* runtime.stwReason; PAUSE_NO_REASON: see text */
	unsigned long long start;
	unsigned long long end;
	unsigned long long by_runtime;	/* ns of it that the runtime counts as its pause; 0: not known */
	char text[PAUSE_TEXT];		/* to Go 1.20: m.preemptoff, padded with zeros */
};

enum wait_kind {
	WAIT_KIND_SEMAPHORE = 1,	/* runtime.semacquire1: Mutex, RWMutex, WaitGroup */
	WAIT_KIND_COND = 2,		/* sync.Cond.Wait */
};

struct rec_wait {
	struct rec_hdr hdr;
	unsigned int tgid;
	unsigned int kind;		/* enum wait_kind */
	unsigned long long goid;
	unsigned long long parent_goid;	/* of the goroutine that started this one; 0: not known, or a request's own waited */
	unsigned long long handler_start; /* with tgid and goid: the request; 0: none */
	unsigned long long addr;	/* of the semaphore, or of the sync.notifyList */
	unsigned long long start;
	unsigned long long end;		/* the goroutine runs again */
	unsigned int data_len;
	unsigned int again;		/* not 0: woken before, but another one was faster; goes on with its last wait */
};

struct rec_release {
	struct rec_hdr hdr;
	unsigned int tgid;
	unsigned int data_len;
	unsigned long long goid;
	unsigned long long parent_goid;
	unsigned long long handler_start;
	unsigned long long addr;
	unsigned long long time;
	unsigned int lost_before;	/* not 0: releases before this one were left out */
	unsigned int pad;
};

#define DEADLINE_PARENTS 8

struct rec_deadline {
	struct rec_hdr hdr;
	unsigned int tgid;
	unsigned int pad;
	unsigned long long time;
	unsigned long long parents[DEADLINE_PARENTS];	/* addresses of the contexts that it was derived from, nearest first */
};

struct rec_process {
	struct rec_hdr hdr;
	unsigned int tgid;
	unsigned int pad;
	unsigned long long time;
};

struct rec_reply {
	struct rec_hdr hdr;
	unsigned int seq;		/* of the command */
	int error;			/* 0 or a negative errno */
};

/* Goroutines of requests in flight, read from outside at one moment. */
struct rec_samples {
	struct rec_hdr hdr;
	unsigned int tgid;
	unsigned int count;		/* struct rec_sample, each followed by its stack */
	unsigned long long time;	/* when the reading began */
	unsigned long long period_ns;	/* what one of these samples stands for */
};

#define SAMPLE_DEPTH 20
/* Instead of a depth: the stack is that of the sample before of the same goroutine and request. */
#define SAMPLE_SAME_STACK 255

struct rec_sample {
	unsigned long long goid;	/* of the request */
	unsigned long long handler_start; /* with tgid and goid: the request */
	unsigned long long child;	/* goroutine that it started and that was read; 0: the request's own */
	unsigned long long child_absent; /* the last time that this child was looked for and not there; 0: never */
	unsigned long long gopc;	/* return address of the `go` statement of the child */
	unsigned int since;		/* ns from rec_samples.time until it was read */
	unsigned short status;		/* g.atomicstatus, without the scan bit */
	unsigned char reason;		/* g.waitreason, in status 4 (waiting) */
	unsigned char depth;		/* addresses that follow, innermost first; the first is a program counter */
};

/* All goroutines of a process, once a second. */
#define GOROUTINE_STATUSES 16

struct rec_goroutines {
	struct rec_hdr hdr;
	unsigned int tgid;
	unsigned int count;		/* struct rec_goroutine_site */
	unsigned long long time;
	unsigned int listed;		/* in the runtime's list, dead ones included */
	unsigned int looked_at;		/* of them; fewer: there was no time for more */
	unsigned int by_status[GOROUTINE_STATUSES];
	unsigned int more;		/* 1: another record goes on with this one */
	unsigned int pad;
};

enum goroutine_flags {
	GOROUTINE_OF_FLIGHT = 1 << 0,	/* the parent is serving a request now */
	GOROUTINE_PARENTS_CUT = 1 << 1,	/* of several parents, which are not told */
};

struct rec_goroutine_site {
	unsigned long long gopc;	/* return address of the `go` statement */
	unsigned long long parent;	/* goid of the goroutine that ran it; 0: not known */
	unsigned int count;		/* goroutines that are not dead */
	unsigned int flags;		/* enum goroutine_flags */
};

/*
 * Sleeps of threads for locks of the Go runtime itself: upper bounds of the buckets, ns, but of the last. They are those
 * that other waits are exported with (agent/export/metrics/instruments.ts).
 */
#define RUNTIME_LOCK_BUCKETS 18
#define RUNTIME_LOCK_BOUNDS                                                                                        \
	{                                                                                                          \
		10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, 25000000, 50000000, \
		100000000, 250000000, 500000000, 1000000000, 2500000000                                            \
	}

struct runtime_lock_waits {
	unsigned long long total_ns;
	unsigned long long longest_ns;
	unsigned long long buckets[RUNTIME_LOCK_BUCKETS];	/* how many */
};

struct rec_runtime_locks {
	struct rec_hdr hdr;
	unsigned int tgid;
	unsigned int pad;
	struct runtime_lock_waits waits;	/* since the target was attached to */
};

/* Duration histogram: 4 buckets an octave, from 2^10 ns (1 us). */
#define HIST_MIN_SHIFT 10
#define HIST_BUCKETS 128
/* by status class: 0 unknown, 1..5 */
#define HIST_CLASSES 6

enum role {
	ROLE_HTTP1_SERVE,
	ROLE_HTTP1_WRITE_HEADER,
	ROLE_HTTP1_FINISH,
	ROLE_HTTP1_CONN_DONE,
	ROLE_HTTP2_HEADERS,
	ROLE_HTTP2_HANDLER,
	ROLE_HTTP2_WRITE_HEADER,
	ROLE_HTTP2_HANDLER_DONE,
	ROLE_HTTP2_CLOSE_STREAM,
	ROLE_TLS_START,
	ROLE_TLS_DONE,
	ROLE_PANIC,
	ROLE_HTTP1_READ,
	ROLE_HTTP1_SERVE_INLINED,
	ROLE_STW_BEGIN,
	ROLE_STW_END,
	ROLE_STW_COUNTED,
	ROLE_ASSIST_BEGIN,
	ROLE_ASSIST_END,
	ROLE_SEM_WAIT,
	ROLE_SEM_WOKEN,
	ROLE_SEM_RELEASE,
	ROLE_MUTEX_UNLOCK,
	ROLE_COND_WAIT,
	ROLE_COND_WOKEN,
	ROLE_CLIENT_GONE,
	ROLE_DEADLINE,
	ROLE_HTTP2_MUX,
	/* --deep */
	ROLE_PARK,
	ROLE_READY,
	ROLE_EXECUTE,
	ROLE_YIELD,
	ROLE_YIELD_TO,
	ROLE_PREEMPT,
	ROLE_SYSCALL_SLOW,
	ROLE_SPAWN,
	ROLE_NETPOLL,
	ROLE_MAX,
};

enum loss {
	LOSS_OUTPUT_FULL,	/* records that found no room in the ring */
	LOSS_REQUESTS_FULL,	/* requests not followed: too many in flight */
	LOSS_OVERLOAD,		/* requests not sent: the agent could not keep up */
	LOSS_NOT_SAMPLED,	/* requests not sent: --sample */
	LOSS_FILTERED,		/* requests not sent: a filter in the kernel */
	LOSS_READ,		/* reads of the target's memory that failed */
	LOSS_STALE,		/* requests that ended unseen */
	LOSS_WAITS,		/* waits for locks and their ends not sent: the agent could not keep up */
	LOSS_MAX,
};

struct rec_stats {
	struct rec_hdr hdr;
	unsigned long long time;
	unsigned long long hits[48];	/* by enum role */
	unsigned long long stepped_hits; /* of them, at sites that are single-stepped */
	unsigned long long lost[16];	/* by enum loss */
	unsigned long long finished;	/* requests that ended, all of them */
	unsigned long long prog_ns;	/* time spent in uprobe programs, scaled from a sample */
	unsigned long long syscall_ns;	/* in a second, of the programs on system calls, for all processes; from a sample */
	unsigned long long unit_ns;	/* one empty uprobe on a push, measured here */
	unsigned long long stepped_ns;	/* one on a stepped instruction, measured here */
	unsigned long long map_bytes;
	unsigned long long assists;	/* times that a goroutine was made to mark */
	unsigned long long assist_ns;
	unsigned long long waits;	/* waits for semaphores that ended */
	unsigned long long wait_ns;
	unsigned long long delays;	/* --deep: times that a goroutine was runnable and had to wait for a processor */
	unsigned long long delay_ns;
	unsigned long long hist[HIST_CLASSES][HIST_BUCKETS]; /* durations of all requests */
};

#endif
