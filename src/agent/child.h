/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AGENT_CHILD_H
#define PEMKEEP_SRC_AGENT_CHILD_H

/* Short-lived children of the agent, which goes on meanwhile. */

#include <stddef.h>

struct child;
struct err;
struct secret;
struct server;

#define CHILD_RESULT_FD 3
#define CHILD_SECRET_FD 4

/* 'status' is its exit status, -1 when it was killed; 'result' is borrowed. */
typedef void child_done(void *arg, int status, const struct secret *result);

struct child_plan {
	const char *path;
	char *const *argv;
	char *const *environment;
	int input;                /* becomes descriptor 0; -1: /dev/null */
	const struct secret *say; /* to be read from CHILD_SECRET_FD, or NULL */
	size_t result_max; /* of what it writes to CHILD_RESULT_FD; or 0 */
	unsigned limit_ms; /* then it is killed */
	child_done *done;
	void *arg;
};

/* It has these descriptors, /dev/null as 1 and 2, and no other. */
int child_start(struct server *s, const struct child_plan *plan,
    struct child **childp, struct err *e);

/* Kill it; 'done' will not be called.  NULL does nothing. */
void child_cancel(struct child *child);

/* After SIGCHLD: look who has ended. */
void child_reap(struct server *s);

/* Kill and forget all of them. */
void child_free_all(struct server *s);

#endif
