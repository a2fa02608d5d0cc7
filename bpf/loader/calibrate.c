/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "calibrate.h"

#include <link.h>
#include <errno.h>
#include <stddef.h>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>

#include "uprobes.h"

#define ROUNDS 200
#define TRIES 5

/* Two leaf functions whose first instruction is the one to be measured. */
#if defined(__x86_64__)
__asm__(".text\n"
	".type calibrate_push, @function\ncalibrate_push: push %rbp\npop %rbp\nret\n"
	".type calibrate_step, @function\ncalibrate_step: mov %rsp, %rax\nret\n");
#elif defined(__aarch64__)
__asm__(".text\n"
	".type calibrate_push, @function\ncalibrate_push: b 1f\n1: ret\n"
	".type calibrate_step, @function\ncalibrate_step: mov x0, x1\nret\n");
#endif
void calibrate_push(void);
void calibrate_step(void);

/* Offset of an address of this program in its own file (the first LOAD segment that holds it). */
static size_t own_offset(void (*function)(void))
{
	const ElfW(Phdr) *ph = (const ElfW(Phdr) *)getauxval(AT_PHDR);
	size_t n = getauxval(AT_PHNUM), bias = 0, address = (size_t)function;

	for (size_t i = 0; i < n; i++)
		if (ph[i].p_type == PT_PHDR)
			bias = (size_t)ph - ph[i].p_vaddr;
	for (size_t i = 0; i < n; i++) {
		size_t start = ph[i].p_vaddr + bias;

		if (ph[i].p_type == PT_LOAD && address >= start && address < start + ph[i].p_filesz)
			return address - start + ph[i].p_offset;
	}
	return 0;
}

static unsigned long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* The quickest of several rounds: what the machine's noise adds is not the probe's. */
static unsigned long long time_calls(void (*function)(void))
{
	unsigned long long best = ~0ULL;

	for (int i = 0; i < TRIES; i++) {
		unsigned long long start = now_ns();

		for (int j = 0; j < ROUNDS; j++)
			function();
		start = (now_ns() - start) / ROUNDS;
		if (start < best)
			best = start;
	}
	return best;
}

static int measure(struct bpf_object *object, bool multi, void (*function)(void), unsigned long long *cost)
{
	struct uprobe_site site = { .program = "calibrate", .offset = own_offset(function) };
	unsigned long long bare = time_calls(function), probed;
	struct uprobes *uprobes;

	if (!site.offset)
		return -ENOENT;
	uprobes = uprobes_attach(object, multi, getpid(), "/proc/self/exe", &site, 1);
	if (!uprobes)
		return -errno;
	probed = time_calls(function);
	uprobes_detach(uprobes);
	*cost = probed > bare ? probed - bare : 0;
	return 0;
}

int calibrate(struct bpf_object *object, bool multi, struct probe_cost *cost)
{
	int err = measure(object, multi, calibrate_push, &cost->push_ns);

	return err ? err : measure(object, multi, calibrate_step, &cost->stepped_ns);
}
