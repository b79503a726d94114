/* SPDX-License-Identifier: ISC */

#include <sys/resource.h>

#include "pemkeep/base/limits.h"

#if defined(__SANITIZE_ADDRESS__)
#define LIMIT_MEMORY false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LIMIT_MEMORY false
#endif
#endif
#ifndef LIMIT_MEMORY
#define LIMIT_MEMORY true
#endif

bool
limits_set(int resource, unsigned long most)
{
	struct rlimit both;

	if (getrlimit((__rlimit_resource_t)resource, &both) == -1)
		return false;
	if (both.rlim_max == RLIM_INFINITY || both.rlim_max > most)
		both.rlim_max = most;
	both.rlim_cur = both.rlim_max;
	return setrlimit((__rlimit_resource_t)resource, &both) == 0;
}

bool
limits_set_memory(unsigned long most)
{
	return !LIMIT_MEMORY || limits_set(RLIMIT_AS, most);
}
