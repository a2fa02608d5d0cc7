/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPTRACE_PRIVILEGES_H
#define HTTPTRACE_PRIVILEGES_H

#include <stdbool.h>

/* End with the parent, whatever happens to it (prctl(2), PR_SET_PDEATHSIG). */
void die_with_parent(void);
/*
 * Give up what is not needed any more, for good: all capabilities and the user
 * id, or, when more targets may be attached later, all but those for that.
 * 0 or a negative errno.
 */
int drop_privileges(bool attach_more);

#endif
