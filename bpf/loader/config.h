/* SPDX-License-Identifier: Apache-2.0 */
/* From the plan's text lines to struct target_config. */
#ifndef HTTPTRACE_LOADER_CONFIG_H
#define HTTPTRACE_LOADER_CONFIG_H

#include "../config.h"

/* All offsets absent, everything sampled, not armed. */
void config_init(struct target_config *config);
/* Set a member by name. 0, -ENOENT: no such member, -ERANGE: the value does not fit. */
int config_set(struct target_config *config, const char *name, long long value);
/* The n-th wanted header, in canonical form. 0, -ERANGE, -EINVAL. */
int config_header(struct target_config *config, unsigned int index, const char *name);
/* What the programs cannot work without. 0 or -EINVAL with the name of the first missing member. */
int config_check(const struct target_config *config, const char **missing);

#endif
