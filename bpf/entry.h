/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the programs keep of a request and what they count. The loader reads both from outside. */
#ifndef HTTPTRACE_ENTRY_H
#define HTTPTRACE_ENTRY_H

#include "record.h"

#define DATA_MAX 1024	/* a power of two: offsets are masked with it */
#define FIELD_MAX 511
#define SCRATCH_MAX (sizeof(struct rec_field) + FIELD_MAX + 1)

/* One for each processor. */
struct cpu_stats {
	unsigned long long hits[ROLE_MAX];
	unsigned long long stepped_hits;
	unsigned long long lost[LOSS_MAX];
	unsigned long long finished;
	unsigned long long assists;
	unsigned long long assist_ns;
	unsigned long long waits;
	unsigned long long wait_ns;
	unsigned long long delays;
	unsigned long long delay_ns;
	unsigned long long hist[HIST_CLASSES][HIST_BUCKETS];
};

enum skip { SKIP_NONE, SKIP_SAMPLED, SKIP_OVERLOAD };

/* One request in flight. Key: a goroutine for HTTP/1, a stream for HTTP/2. */
struct request_key {
	unsigned long long id;		/* address of the g, or of the stream */
	unsigned int tgid;
	unsigned int http2;
};

/* Kept while an entry is idle: what is the same for all requests of its goroutine's connection. */
struct kept_conn {
	unsigned long long http_conn;	/* *net/http.conn; 0: not looked for yet */
	unsigned long long goid;
	unsigned long long peer;	/* Request.RemoteAddr: where its bytes are; 0: none that tells connections apart */
	unsigned int peer_len;
	unsigned int peer_field;	/* bytes of its field, which is the first of `data`; 0: not there */
	int fd;				/* where the connection writes to */
	unsigned int tls;
};

struct request {
	struct kept_conn kept;

	unsigned long long g;
	unsigned long long response;	/* *net/http.response; *responseWriterState for HTTP/2 */
	unsigned long long request;	/* *net/http.Request */
	unsigned long long http2_conn;	/* *serverConn */
	unsigned long long handler_pc;	/* inside runHandler: tells a return from a panic */
	unsigned long long stream_closed;
	unsigned int skip;	/* enum skip: followed and counted, not sent */
	unsigned int variant;
	unsigned int closing;	/* the connection ends with this request: no entry is kept for a next one */
	unsigned int has_pattern; /* `request` is a *net/http.Request */
	unsigned long long waits[WAIT_MAX];
	unsigned long long state_since;	/* --deep; 0: its goroutine is not followed */
	unsigned long long state_stw;	/* stw_clock() then */
	unsigned long long marked[WAIT_MAX];	/* `waits` when it was seen to be over last, at: */
	unsigned long long marked_at;
	unsigned long long state;	/* enum wait */
	unsigned long long last_read;	/* --deep: of the request's bytes before its handler ran */
	unsigned long long client_gone;
	unsigned long long context;
	unsigned long long values_at;	/* where the words in the second part of the scratch space are from (headers.h) */
	unsigned int previewed;	/* a record was sent ahead */
	unsigned int pattern_read;
	unsigned int served;	/* HTTP/2: net/http's own request is known */
	unsigned int read_timeout;
	struct rec_request rec;
	char data[DATA_MAX + SCRATCH_MAX];	/* fields; the tail is scratch space */
};

/* Variables of the programs that the loader maps: all of .bss. */
struct shared_state {
	unsigned int request_entries;	/* entries of `requests` */
	unsigned int pad;
	unsigned long long finish_wanted;	/* bit by slot of `configs`: see want_finish() */
	unsigned long long sent_until;	/* see has_budget() */
};

#endif
