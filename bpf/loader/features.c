/* SPDX-License-Identifier: Apache-2.0 */
#include "features.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "session.h"
#include "uprobes.h"

bool has_ring_buffer(void)
{
	return libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL) == 1;
}

static bool report(const char *feature, bool ok, bool needed, const char *detail)
{
	printf("{\"feature\":\"%s\",\"ok\":%s,\"needed\":%s,\"detail\":\"%s\"}\n", feature, ok ? "true" : "false",
	       needed ? "true" : "false", detail);
	return ok || !needed;
}

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

int print_features(void)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct session_options options = {};
	struct session *session = NULL;
	struct btf *btf;
	char detail[160];
	bool all = true;
	int err;

	libbpf_set_print(quiet);
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	btf = btf__load_vmlinux_btf();
	all &= report("btf", btf != NULL, true, btf ? "" : "no kernel type information (CONFIG_DEBUG_INFO_BTF)");
	btf__free(btf);
	all &= report("ring_buffer", has_ring_buffer(), false, "else a perf buffer");
	all &= report("kprobe_programs", libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_KPROBE, NULL) == 1, true,
		      "program type of uprobes");
	options.perf_buffer = !has_ring_buffer();
	/* The output of the trial must not mix with ours: nothing is attached that could make any. */
	err = session_open(&session, &options);
	snprintf(detail, sizeof(detail), "%s", err ? strerror(-err) : "");
	all &= report("load", err == 0, true, detail);
	all &= report("uprobe_multi", has_uprobe_multi(), false, "else one link a probe: slower to detach");
	if (session) {
		session_calibrate(session);
		session_calibrated(session);
		const struct probe_cost *cost = session_cost(session);

		snprintf(detail, sizeof(detail), "%llu ns a hit, %llu ns single-stepped", cost->push_ns, cost->stepped_ns);
		all &= report("uprobe", cost->push_ns > 0, true, cost->push_ns ? detail : "a trial uprobe could not be attached");
	}
	return all ? 0 : 4;
}
