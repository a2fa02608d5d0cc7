/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPTRACE_FEATURES_H
#define HTTPTRACE_FEATURES_H

#include <stdbool.h>

bool has_ring_buffer(void);
/*
 * Try each thing that attach needs, by doing it. Prints a line of JSON each:
 * {"feature", "ok", "needed", "detail"}. 0 when all that is needed works, else 4.
 */
int print_features(void);

#endif
