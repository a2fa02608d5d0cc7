/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The kernel's types as far as the programs read them. Members are found by
 * name at load time (CO-RE), so only their names and types matter here; a
 * generated vmlinux.h of the build machine is not needed.
 */
#ifndef HTTPTRACE_KERNEL_H
#define HTTPTRACE_KERNEL_H

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef int pid_t;
#define offsetof(type, member) __builtin_offsetof(type, member)

/* include/uapi/linux/bpf.h */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERF_EVENT_ARRAY = 4,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_RINGBUF = 27,
};
enum { BPF_ANY = 0, BPF_NOEXIST = 1, BPF_EXIST = 2 };
enum { BPF_F_MMAPABLE = 1U << 10 };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2 };
enum { BPF_RB_AVAIL_DATA = 0, BPF_RB_RING_SIZE = 1 };
#define BPF_F_CURRENT_CPU 0xffffffffULL
struct bpf_pidns_info {
	__u32 pid;
	__u32 tgid;
};

/* The registers, laid out as the kernel hands them to a uprobe program. */
#if defined(__TARGET_ARCH_x86)
/* arch/x86/include/asm/ptrace.h */
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8;
	unsigned long ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};
#elif defined(__TARGET_ARCH_arm64)
/* arch/arm64/include/asm/ptrace.h */
struct pt_regs {
	unsigned long regs[31], sp, pc, pstate, orig_x0;
};
#else
#error "unknown architecture"
#endif

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live;
};

struct inode {
	unsigned short i_mode;
};

struct file {
	struct inode *f_inode;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

#if defined(__TARGET_ARCH_x86)
struct thread_struct {
	unsigned long fsbase;
};
#else
struct thread_struct___arm64 {
	struct {
		unsigned long tp_value;
	} uw;
};
#endif

struct task_struct {
	pid_t pid;
	pid_t tgid;
	struct signal_struct *signal;
	struct files_struct *files;
#if defined(__TARGET_ARCH_x86)
	struct thread_struct thread;
#endif
};

struct sock;

struct socket {
	struct sock *sk;
};

#pragma clang attribute pop

#define S_IFMT 0170000
#define S_IFSOCK 0140000

/* include/net/tcp_states.h */
enum { TCP_ESTABLISHED = 1, TCP_SYN_RECV = 3 };

#endif
