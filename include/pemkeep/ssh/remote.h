/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SSH_REMOTE_H
#define PEMKEEP_SSH_REMOTE_H

/*
 * A shell or a command on the server, with this process's standard input,
 * output and error, and its terminal: what ssh(1) does.
 */

#include <stdbool.h>

#include "pemkeep/ssh/channel.h"

struct ssh_loop;

struct ssh_remote {
	const char *command; /* NULL: a shell */
	unsigned seconds;    /* for the server to start it; 0: no limit */
	bool pty;
	const char *term; /* what kind of terminal it is; "" when unknown */
	bool no_stdin;    /* as with -n */
	bool escapes;     /* ~. and so on at the beginning of a line */
	const struct ssh_variable *env;
	size_t env_count;
	const char *agent; /* path of the socket to forward; NULL: none */
	/* Said while it runs; safe to print, one line.  NULL: nothing. */
	void (*say)(void *arg, const char *text);
	void *arg;
};

/* How it ended. */
struct ssh_ending {
	int status; /* for exit(3): the command's own, or 128 + its signal */
	char signal[16]; /* "KILL" …, "" when it ended by itself */
	bool hung_up;    /* the user typed ~. */
	bool told;       /* the server has said how it ended */
	/* Also after a failure: what came, and what was given to be sent. */
	uint64_t bytes_in, bytes_out;
};

/*
 * Run it to its end.  The terminal is as it was when this returns, for whatever
 * reason.  Negative codes are failures of ours or of the connection;
 * ERR_INTERRUPTED: a signal told us to end.
 */
int ssh_remote_run(struct ssh_loop *l, struct ssh_connection *c,
    const struct ssh_remote *what, struct ssh_ending *ending, struct err *e);

#endif
