/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF 39
#endif

#define NOBODY 65534

static pid_t parent;

void die_with_parent(void)
{
	if (!parent)
		parent = getppid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
}

static int set_capabilities(unsigned long long caps)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {};

	for (int i = 0; i < 2; i++)
		data[i].effective = data[i].permitted = caps >> (32 * i);
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

static unsigned long long permitted(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {};

	if (syscall(SYS_capget, &head, data))
		return 0;
	return data[0].permitted | (unsigned long long)data[1].permitted << 32;
}

int drop_privileges(bool attach_more)
{
	/* SYS_ADMIN stays for --follow alone: some kernels ask for it at every uprobe. */
	unsigned long long keep = !attach_more ? 0 :
				  1ULL << CAP_BPF | 1ULL << CAP_PERFMON | 1ULL << CAP_SYS_PTRACE |
				  1ULL << CAP_DAC_READ_SEARCH | 1ULL << CAP_SYS_ADMIN;
	int err;

	keep &= permitted();
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	if (geteuid() == 0 && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
			       setresuid(NOBODY, NOBODY, NOBODY)))
		return -errno;
	err = set_capabilities(keep);
	/* A change of credentials clears it. */
	die_with_parent();
	return err;
}
