/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Where Go's register ABI and the kernel's system call ABI put things.
 * Go: src/cmd/compile/abi-internal.md. System calls: syscall(2).
 */
#ifndef HTTPTRACE_ARCH_H
#define HTTPTRACE_ARCH_H

#include "kernel.h"

#if defined(__TARGET_ARCH_x86)

#define GO_ARG0(ctx) ((ctx)->ax)
#define GO_ARG1(ctx) ((ctx)->bx)
#define GO_ARG2(ctx) ((ctx)->cx)
#define GO_ARG3(ctx) ((ctx)->di)
#define GO_CLOSURE(ctx) ((ctx)->dx)
#define GO_G(ctx) ((ctx)->r14)
#define REG_PC(ctx) ((ctx)->ip)
#define REG_SP(ctx) ((ctx)->sp)
#define REG_FP(ctx) ((ctx)->bp)

#define X86_CF 0x1
#define X86_ZF 0x40
/*
 * A probe on the stack check's `jbe`: taken means that the stack grows and the
 * function starts again, so this hit is not the one that counts.
 */
#define STACK_CHECK_TAKEN(ctx) (((ctx)->flags & (X86_CF | X86_ZF)) != 0)

#define SYS_ARG0(regs) ((regs)->di)
#define SYS_ARG1(regs) ((regs)->si)
#define SYS_ARG2(regs) ((regs)->dx)
#define SYS_NR(regs) ((regs)->orig_ax)

/* arch/x86/entry/syscalls/syscall_64.tbl */
enum {
	NR_READ = 0,
	NR_WRITE = 1,
	NR_CLOSE = 3,
	NR_READV = 19,
	NR_WRITEV = 20,
	NR_SENDFILE = 40,
	NR_ACCEPT = 43,
	NR_SHUTDOWN = 48,
	NR_FUTEX = 202,
	NR_SPLICE = 275,
	NR_ACCEPT4 = 288,
};

#elif defined(__TARGET_ARCH_arm64)

#define GO_ARG0(ctx) ((ctx)->regs[0])
#define GO_ARG1(ctx) ((ctx)->regs[1])
#define GO_ARG2(ctx) ((ctx)->regs[2])
#define GO_ARG3(ctx) ((ctx)->regs[3])
#define GO_CLOSURE(ctx) ((ctx)->regs[26])
#define GO_G(ctx) ((ctx)->regs[28])
#define REG_PC(ctx) ((ctx)->pc)
#define REG_SP(ctx) ((ctx)->sp)
#define REG_FP(ctx) ((ctx)->regs[29])

#define PSTATE_C (1UL << 29)
#define PSTATE_Z (1UL << 30)
/* `b.ls`: lower or same, C clear or Z set (Arm ARM, C1.2.4). */
#define STACK_CHECK_TAKEN(ctx) (!((ctx)->pstate & PSTATE_C) || ((ctx)->pstate & PSTATE_Z))

/* x0 holds the result on the way out; orig_x0 keeps the argument. */
#define SYS_ARG0(regs) ((regs)->orig_x0)
#define SYS_ARG1(regs) ((regs)->regs[1])
#define SYS_ARG2(regs) ((regs)->regs[2])
#define SYS_NR(regs) ((regs)->regs[8])

/* include/uapi/asm-generic/unistd.h */
enum {
	NR_READ = 63,
	NR_WRITE = 64,
	NR_CLOSE = 57,
	NR_READV = 65,
	NR_WRITEV = 66,
	NR_SENDFILE = 71,
	NR_ACCEPT = 202,
	NR_SHUTDOWN = 210,
	NR_SPLICE = 76,
	NR_FUTEX = 98,
	NR_ACCEPT4 = 242,
};

#endif

#endif
