/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_SSH_DIAL_H
#define PEMKEEP_SRC_SSH_DIAL_H

/*
 * A TCP connection to the first of several addresses that answers (RFC 8305,
 * "happy eyeballs"): the families take turns, the next address is tried when
 * the one before has failed or has been silent for a quarter of a second, and
 * the first one that is connected wins.
 */

#include "pemkeep/base/err.h"
#include "src/ssh/lookup.h"

#define SSH_DIAL_NEXT 250 /* milliseconds */

struct ssh_attempt {
	struct ssh_dial *dial;
	int fd; /* -1: over, or not begun */
	struct event *event;
};

struct ssh_dial {
	struct ssh_loop *loop;
	struct ssh_lookup lookup;
	unsigned port;
	char name[256]; /* of what is dialled, for messages */
	struct ssh_attempt attempts[SSH_LOOKUP_MAX];
	size_t begun, open;
	struct event *timer;
	int error;        /* errno of the first attempt that failed */
	char failed[80];  /* … and its address */
	char reached[80]; /* the address that answered */
	/* fd, or -1 with what went wrong */
	void (*done)(void *arg, int fd, const struct err *e);
	void *arg;
};

/*
 * Start; done() may be called before this returns.  A negative code when
 * nothing was started.
 */
int ssh_dial_start(struct ssh_dial *d, struct ssh_loop *l,
    const char *const *names, size_t count, unsigned port, int family,
    struct err *e);

/* Give up what is still under way. */
void ssh_dial_clear(struct ssh_dial *d);

/* What went wrong so far, for a deadline that is over. */
void ssh_dial_silent(const struct ssh_dial *d, struct err *e);

#endif
