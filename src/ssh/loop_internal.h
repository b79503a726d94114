/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_SSH_LOOP_INTERNAL_H
#define PEMKEEP_SRC_SSH_LOOP_INTERNAL_H

#include <stdint.h>

#include "pemkeep/ssh/loop.h"

struct event_base;

struct event_base *ssh_loop_base(struct ssh_loop *l);

/* Milliseconds of a clock that only goes forward. */
uint64_t ssh_loop_now(void);

#endif
