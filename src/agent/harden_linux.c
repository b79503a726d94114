/* SPDX-License-Identifier: ISC */

/* What Linux offers to keep others of the same user out of our memory. */

#include <sys/prctl.h>
#include <sys/resource.h>

#include "src/agent/harden.h"

void
harden_process(void)
{
	const struct rlimit none = { 0, 0 };

	/*
	 * Neither can fail for want of rights; where a sandbox forbids them,
	 * working without is better than not working.
	 */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
}
