/* SPDX-License-Identifier: Apache-2.0 */
/* The programs' map of requests, from outside. */
#include <bpf/bpf.h>
#include <stdlib.h>

#include "clock.h"
#include "out.h"
#include "session_state.h"

void requests_forget(struct session *s, unsigned int tgid)
{
	struct request_key keys[128], key;
	unsigned int n;

	do {
		void *from = NULL;

		n = 0;
		while (n < 128 && bpf_map_get_next_key(s->requests_fd, from, &key) == 0) {
			struct request_key *at = &keys[n];

			*at = key;
			from = &key;
			if (key.tgid == tgid)
				n++;
		}
		for (unsigned int i = 0; i < n; i++)
			if (bpf_map_delete_elem(s->requests_fd, &keys[i]) == 0)
				__atomic_sub_fetch(&s->shared->request_entries, 1, __ATOMIC_RELAXED);
	} while (n == 128);
}

void requests_send_unfinished(struct session *s)
{
	unsigned long long now = monotonic_ns();
	struct request *q = malloc(sizeof(*q));
	struct request_key key, next;
	void *from = NULL;

	while (q && bpf_map_get_next_key(s->requests_fd, from, &next) == 0) {
		size_t len;

		key = next;
		from = &key;
		if (bpf_map_lookup_elem(s->requests_fd, &key, q) || !q->rec.handler_start)
			continue;
		if (q->rec.handler_end)
			s->ended_unseen++;
		if (q->skip) {
			s->skipped_unseen += q->rec.handler_end != 0;
			continue;
		}
		q->rec.end = q->rec.handler_end > q->rec.last_write ? q->rec.handler_end : q->rec.last_write;
		if (!q->rec.handler_end) {
			q->rec.flags |= REQ_UNFINISHED;
			q->rec.end = now;
		}
		len = (sizeof(q->rec) + q->rec.data_len + 7) & ~7UL;
		if (len > sizeof(q->rec) + sizeof(q->data))
			continue;
		q->rec.hdr = (struct rec_hdr){ .len = len, .type = REC_REQUEST, .version = REC_VERSION };
		out_record(&q->rec, len);
	}
	free(q);
}
