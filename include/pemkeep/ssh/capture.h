/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SSH_CAPTURE_H
#define PEMKEEP_SSH_CAPTURE_H

/* What a short command prints, for the program itself: no terminal, no input. */

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;
struct ssh_connection;
struct ssh_loop;

struct ssh_capture {
	const char *command;
	unsigned seconds; /* for all of it */
	size_t most;      /* bytes that are kept; more is read and dropped */
	/* Asked when more has come: true ends it, whatever the command does.
	 * NULL: it runs to its end. */
	bool (*enough)(void *arg, struct buf *out);
	void *arg;
};

/*
 * Run it, and append its standard output.  0 when it has ended, in whatever way,
 * or was ended by enough(); ERR_NETWORK.
 */
int ssh_capture_run(struct ssh_loop *l, struct ssh_connection *c,
    const struct ssh_capture *what, struct buf *out, struct err *e);

#endif
