/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AGENT_SYSTEM_H
#define PEMKEEP_SRC_AGENT_SYSTEM_H

/* What differs from system to system; one .c for each. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Is the other end of a socket a process of our user?  *pid is 0 if unknown. */
bool system_peer_is_us(int fd, pid_t *pid);

/* The name of a process as it gives it; "" if unknown. */
void system_program(pid_t pid, char *name, size_t size);

/* Milliseconds that have passed, also while the machine slept. */
uint64_t system_now_ms(void);

/* A path that executes this very program again, even if it was replaced. */
const char *system_self(void);

/*
 * Leave the terminal and the place where we were started: a session of our own,
 * descriptors 0 to 2 on /dev/null.
 */
void system_detach(void);

/* Get this signal when the process that started us has ended. */
void system_end_with_parent(int signo);

/* Close all descriptors from 'first' on. */
void system_close_from(int first);

#endif
