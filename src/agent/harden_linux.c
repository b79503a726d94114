/* SPDX-License-Identifier: ISC */

/* What Linux offers to keep others of the same user out of our memory. */

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "src/agent/harden.h"

#define STACK_LOCKED (192u * 1024u)
/* Below it; a locked stack could not grow where the limit is small. */
#define STACK_FREE (128u * 1024u)

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

void
harden_stack(void)
{
	uint8_t room[STACK_FREE + STACK_LOCKED];

	explicit_bzero(room, sizeof(room));
	(void)mlock(room + STACK_FREE, STACK_LOCKED);
}
