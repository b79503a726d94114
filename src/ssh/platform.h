/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_SSH_PLATFORM_H
#define PEMKEEP_SRC_SSH_PLATFORM_H

/* What every system does in its own way: platform_*.c. */

/*
 * Acknowledge at once what comes next on this TCP connection.  The effect does
 * not last: to be called again after each read.
 */
void ssh_platform_quick_ack(int fd);

/*
 * Open what 'fd' writes to once more, non-blocking: the descriptor itself is
 * shared with other processes, whose view of it must not change.  The new
 * descriptor, or -1 where that cannot be done.
 */
int ssh_platform_reopen(int fd);

#endif
