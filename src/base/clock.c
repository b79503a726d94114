/* SPDX-License-Identifier: ISC */

#include <time.h>

#include "pemkeep/base/clock.h"

int64_t
clock_ms(void)
{
	struct timespec t = { 0, 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t
clock_seconds(void)
{
	return clock_ms() / 1000;
}
