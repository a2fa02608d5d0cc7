/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The requests whose handler runs, for the sampler: a walk through the map that
 * the loader starts and reads. The target's threads never come here. An entry is
 * 1.8 KB, most of it strings: this hands out 32 bytes of each that counts.
 */
#include "state.h"
#include "flight.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	void *value;
};

#pragma clang attribute pop

SEC("iter/bpf_map_elem") int in_flight(struct bpf_iter__bpf_map_elem *ctx)
{
	const struct request *q = ctx->value;
	struct flight flight = {};

	if (!q || !q->rec.handler_start || q->rec.handler_end || q->skip)
		return 0;
	flight.g = q->g;
	flight.goid = q->rec.goid;
	flight.handler_start = q->rec.handler_start;
	flight.tgid = q->rec.tgid;
	bpf_seq_write(ctx->meta->seq, &flight, sizeof(flight));
	return 0;
}
