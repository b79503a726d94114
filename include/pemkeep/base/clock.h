/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_BASE_CLOCK_H
#define PEMKEEP_BASE_CLOCK_H

/* For deadlines and pauses; what time it is says time(). */

#include <stdint.h>

/* Of a clock that nobody sets; it stands still while the machine sleeps. */
int64_t clock_ms(void);
int64_t clock_seconds(void);

#endif
