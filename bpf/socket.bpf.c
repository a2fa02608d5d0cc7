/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What system calls tell of a connection: when it was established and accepted,
 * when bytes came and went; and of the runtime's locks. These run for every
 * system call of the node, so the number is looked at first and all else only
 * for a target.
 */
#include "probe.h"
#include "futex.h"
#include <bpf/bpf_tracing.h>

/* struct file of a descriptor of the current process. */
static __always_inline struct file *file_of(s32 fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(fdt, fd);
	struct file *file = 0;

	if (fd < 0 || (u32)fd >= BPF_CORE_READ(fdt, max_fds))
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file;
}

static __always_inline int is_socket(struct file *file)
{
	return (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) == S_IFSOCK;
}

/* "HTTP/1.x NNN": the status of plain bytes, for hijacked connections. */
static __always_inline u16 status_on_wire(u64 buf)
{
	char head[12] = {};

	if (bpf_probe_read_user(head, sizeof(head), (const void *)buf))
		return 0;
	if (*(u32 *)head != 0x50545448 || head[4] != '/' || head[5] != '1' || head[8] != ' ')
		return 0;
	for (int i = 9; i < 12; i++)
		if (head[i] < '0' || head[i] > '9')
			return 0;
	return (head[9] - '0') * 100 + (head[10] - '0') * 10 + (head[11] - '0');
}

static __always_inline void before_write(struct conn *c, long nr, struct pt_regs *regs)
{
	u16 status = 0;

	if (!(c->flags & CONN_IN_REQUEST) || c->first_write)
		return;
	/* Interim responses come before the handler returns. */
	if (nr == NR_WRITE && !(c->flags & (CONN_TLS | CONN_STATUS_KNOWN))) {
		status = status_on_wire(SYS_ARG1(regs));
		if (status >= 100 && status < 200 && status != 101)
			return;	/* interim: the response is still to come */
	}
	c->wire_status = status;
	c->first_write = bpf_ktime_get_ns();
}

/* The goroutine of the current thread, by its thread-local storage; 0: not known. */
static __always_inline u64 goroutine_by_tls(const struct target_config *cfg)
{
#if defined(__TARGET_ARCH_x86)
	struct task_struct *task = (void *)bpf_get_current_task();
	u64 base = BPF_CORE_READ(task, thread.fsbase);
	u64 g = 0;

	if (base && cfg->tls_g)
		bpf_probe_read_user(&g, sizeof(g), (const void *)(base + cfg->tls_g));
	return g;
#else
	return 0;	/* Go on arm64 keeps g in a register that a system call does not show reliably */
#endif
}

/*
 * A read after the handler returned means that the response is out: conn.serve
 * writes all of it before it reads again, except that it drains a body that the
 * handler left before it writes the header. The goroutine that reads one byte
 * ahead is not conn.serve; without TLS it is known by its one-byte buffer.
 */
static __always_inline int is_read_ahead(const struct target_config *cfg, const struct conn *c, struct pt_regs *regs)
{
	u64 g;

	if (!(c->flags & CONN_TLS))
		return SYS_ARG2(regs) == 1;
	g = goroutine_by_tls(cfg);
	return g && g != c->g;
}

static __always_inline void close_conn(void *ctx, struct target_config *cfg, u32 tgid, s32 fd, struct conn *c)
{
	if (c->flags & CONN_PENDING) {
		http1_complete(ctx, cfg, tgid, c);
	} else if (c->flags & CONN_IN_REQUEST) {
		http1_goes_on(cfg, tgid, c);
	}
	http2_flushed(ctx, cfg, tgid, c);
	drop_conn(cfg, fd);
}

/* --deep: every system call of a request's goroutine. Those of the runtime itself run on g0. */
static __always_inline void note_syscall(const struct target_config *cfg, u32 tgid, u32 from, u32 to)
{
	u64 g = goroutine_by_tls(cfg);
	struct request *q = g ? request_of_goroutine(tgid, g) : 0;

	if (q && q->state == from)
		change_state(q, cfg, to);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_sys_enter, struct pt_regs *regs, long nr)
{
	struct target_config *cfg;
	struct conn *c;
	u32 tgid;
	s32 fd;

	if (deep) {
		cfg = current_target(&tgid);
		if (cfg)
			note_syscall(cfg, tgid, WAIT_CPU, WAIT_SYSCALL);
	}
	if (nr == NR_FUTEX) {
		before_futex(regs);
		return 0;
	}
	if (nr != NR_READ && nr != NR_WRITE && nr != NR_CLOSE && nr != NR_WRITEV && nr != NR_SENDFILE &&
	    nr != NR_SPLICE && nr != NR_SHUTDOWN)
		return 0;
	cfg = current_target(&tgid);
	if (!cfg)
		return 0;
	fd = nr == NR_SPLICE ? SYS_ARG2(regs) : SYS_ARG0(regs);
	c = find_conn(cfg, fd);
	if (!c)
		return 0;
	/* The byte that is read ahead is asked for while the handler runs: nothing new to see. */
	if ((c->flags & (CONN_IN_REQUEST | CONN_PENDING)) == CONN_IN_REQUEST && !(nr == NR_READ && SYS_ARG2(regs) == 1))
		http1_look_for_end(cfg, tgid, c);
	switch (nr) {
	case NR_READ:
		if (c->flags & CONN_PENDING && c->first_write && !is_read_ahead(cfg, c, regs))
			http1_complete(ctx, cfg, tgid, c);
		break;
	case NR_CLOSE:
		close_conn(ctx, cfg, tgid, fd, c);
		break;
	case NR_SHUTDOWN:
		if (c->flags & CONN_PENDING)
			http1_complete(ctx, cfg, tgid, c);
		break;
	default:
		before_write(c, nr, regs);
	}
	return 0;
}

static __always_inline void after_accept(const struct target_config *cfg, s32 fd)
{
	struct file *file = file_of(fd);
	struct socket *socket;
	struct conn *c;
	u64 sk, *since;

	drop_conn(cfg, fd);	/* its number was another connection's, whose end was not seen */
	c = make_conn(cfg, fd);
	if (!c)
		return;
	c->accepted = bpf_ktime_get_ns();
	if (!file)
		return;
	socket = BPF_CORE_READ(file, private_data);
	sk = (u64)BPF_CORE_READ(socket, sk);
	since = bpf_map_lookup_elem(&established, &sk);
	if (since) {
		c->established = *since;
		bpf_map_delete_elem(&established, &sk);
	}
}

static __always_inline void after_read(const struct target_config *cfg, s32 fd, u64 wanted, long got)
{
	struct conn *c = find_conn(cfg, fd);
	u64 now = bpf_ktime_get_ns();

	if (!c) {
		struct file *file = file_of(fd);

		c = make_conn(cfg, fd);
		if (!c)
			return;
		if (!file || !is_socket(file))
			c->flags |= CONN_NOT_SOCKET;
	}
	if (c->flags & CONN_NOT_SOCKET)
		return;
	c->last_read = now;
	c->bytes_in += got;
	if (!(c->flags & CONN_IN_REQUEST)) {
		if (!c->first_read)
			c->first_read = now;
	} else if (wanted == 1) {
		c->ahead = now;
	}
}

/* --deep: this write may have been the response's last. */
static __always_inline void written(const struct target_config *cfg, u32 tgid, const struct conn *c)
{
	struct request *q = request_on(tgid, c);

	if (q)
		mark_states(q, cfg, c->last_write);
}

/* include/uapi/asm-generic/errno.h */
enum { EPIPE = 32, ECONNRESET = 104, ETIMEDOUT = 110 };

/* net/http takes a write that fails for a client that is gone, too (checkConnErrorWriter). */
static __always_inline int is_broken(long ret)
{
	return ret == -EPIPE || ret == -ECONNRESET || ret == -ETIMEDOUT;
}

static __always_inline void http1_broken(u32 tgid, const struct conn *c)
{
	struct request *q = c->flags & CONN_IN_REQUEST ? request_on(tgid, c) : 0;

	if (q)
		note_client_gone(q);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long ret)
{
	struct target_config *cfg;
	long nr = SYS_NR(regs);
	struct conn *c;
	u32 tgid;

	if (deep) {
		cfg = current_target(&tgid);
		if (cfg)
			note_syscall(cfg, tgid, WAIT_SYSCALL, WAIT_CPU);
	}
	switch (nr) {
	case NR_FUTEX:
		after_futex(regs, ret);
		return 0;
	case NR_READ:
	case NR_ACCEPT4:
	case NR_ACCEPT:
		if (ret < 0 || (nr == NR_READ && ret == 0))
			return 0;
		break;
	case NR_WRITE:
	case NR_WRITEV:
	case NR_SENDFILE:
	case NR_SPLICE:
		break;
	default:
		return 0;
	}
	cfg = current_target(&tgid);
	if (!cfg)
		return 0;
	if (nr == NR_READ) {
		after_read(cfg, SYS_ARG0(regs), SYS_ARG2(regs), ret);
		return 0;
	}
	if (nr == NR_ACCEPT4 || nr == NR_ACCEPT) {
		after_accept(cfg, ret);
		return 0;
	}
	c = find_conn(cfg, nr == NR_SPLICE ? SYS_ARG2(regs) : SYS_ARG0(regs));
	if (!c)
		return 0;
	if (is_broken(ret))
		http1_broken(tgid, c);
	if (ret > 0) {
		c->last_write = bpf_ktime_get_ns();
		c->bytes_out += ret;
		if (deep && c->flags & CONN_PENDING)
			written(cfg, tgid, c);
	}
	http2_flushed(ctx, cfg, tgid, c);
	return 0;
}

/* A connection that a client opened is ready: it waits for accept from here on. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_sock_state, const struct sock *sk, int old_state, int new_state)
{
	u64 key = (u64)sk, now;

	if (old_state != TCP_SYN_RECV || new_state != TCP_ESTABLISHED)
		return 0;
	now = bpf_ktime_get_ns();
	bpf_map_update_elem(&established, &key, &now, BPF_ANY);
	return 0;
}
