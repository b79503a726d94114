/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SSH_ANSWER_H
#define PEMKEEP_SSH_ANSWER_H

/* Is an SSH server up?  For those who wait for one. */

#include <stddef.h>

struct err;
struct ssh_loop;

/*
 * Connect, and wait for the beginning of its version line; nothing is sent.  0
 * when it came within 'seconds'; else ERR_NETWORK.  As in struct ssh_target:
 * the first address that answers is taken, family is 4, 6 or 0.
 */
int ssh_answers(struct ssh_loop *l, const char *const *addresses, size_t count,
    unsigned port, int family, unsigned seconds, struct err *e);

#endif
