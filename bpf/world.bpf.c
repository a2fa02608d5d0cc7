/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The world stops and starts again (runtime/proc.go). Both run on g0, under
 * worldsema: one pause at a time in a process.
 */
#include "probe.h"

/* Before Go 1.21 the thread's m says why preemption is off: "gcing" at mark termination, nothing at its beginning. */
static __always_inline void read_preemptoff(struct pt_regs *ctx, const struct target_config *cfg, char *text)
{
	struct go_string why = {};
	u64 m;

	if (cfg->m_preemptoff == NO_OFFSET || cfg->g_m == NO_OFFSET)
		return;
	m = read_u64(GO_G(ctx) + cfg->g_m);
	if (!m || read_user(&why, sizeof(why), m + cfg->m_preemptoff) || !why.len)
		return;
	if (why.len < PAUSE_TEXT)
		read_user(text, why.len & (PAUSE_TEXT - 1), why.ptr);
	else
		read_user(text, PAUSE_TEXT, why.ptr);
}

/* stopTheWorldWithSema(reason stwReason); no argument before Go 1.21 */
UPROBE(stw_begin)
{
	u32 tgid;
	struct target_config *cfg = probe_hit(ctx, ROLE_STW_BEGIN, &tgid);

	if (!cfg)
		return 0;
	cfg->stw_reason = cfg->stw_has_reason ? (GO_ARG0(ctx) & 0xff) : PAUSE_NO_REASON;
	cfg->stw_until = 0;
	cfg->stw_start = bpf_ktime_get_ns();
	if (cfg->stw_reason == PAUSE_NO_REASON) {
		__builtin_memset(cfg->stw_text, 0, sizeof(cfg->stw_text));
		read_preemptoff(ctx, cfg, cfg->stw_text);
	}
	return 0;
}

/*
 * The call in gcMarkTermination by which the runtime takes the time that a collection's pause ends at; the world runs
 * again a little later.
 */
UPROBE(stw_counted)
{
	u32 tgid;
	struct target_config *cfg = probe_hit(ctx, ROLE_STW_COUNTED, &tgid);

	if (cfg)
		cfg->stw_until = bpf_ktime_get_ns();
	return 0;
}

/* A call inside startTheWorldWithSema, after all others were let go: no arguments. */
UPROBE(stw_end)
{
	u32 tgid;
	struct target_config *cfg = probe_hit(ctx, ROLE_STW_END, &tgid);
	struct rec_pause pause = {};

	if (!cfg || !cfg->stw_start)
		return 0;
	pause.hdr.len = sizeof(pause);
	pause.hdr.type = REC_PAUSE;
	pause.hdr.version = REC_VERSION;
	pause.tgid = tgid;
	pause.reason = cfg->stw_reason;
	pause.start = cfg->stw_start;
	pause.end = bpf_ktime_get_ns();
	pause.by_runtime = (cfg->stw_until > pause.start ? cfg->stw_until : pause.end) - pause.start;
	cfg->stw_total += pause.end - pause.start;
	cfg->stw_start = 0;
	__builtin_memcpy(pause.text, cfg->stw_text, sizeof(pause.text));
	output(ctx, &pause, sizeof(pause));
	return 0;
}
