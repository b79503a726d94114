/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_BASE_LIMITS_H
#define PEMKEEP_BASE_LIMITS_H

/*
 * What a process that reads strangers' bytes may use, as setrlimit(2) has it.  A
 * limit that is lower already stays; none can be raised again.
 */

#include <stdbool.h>

/* RLIMIT_…; false: it could not be set. */
bool limits_set(int resource, unsigned long most);

/* Bytes of addresses; under AddressSanitizer, which needs terabytes, all. */
bool limits_set_memory(unsigned long most);

#endif
