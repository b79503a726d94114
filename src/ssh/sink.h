/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_SSH_SINK_H
#define PEMKEEP_SRC_SSH_SINK_H

/*
 * Standard output or error: takes what comes, and writes it without ever
 * blocking and without making the descriptor non-blocking, which would change
 * it for all processes that share it.
 */

#include <stdbool.h>
#include <stddef.h>

#include "pemkeep/base/buf.h"

struct err;
struct event;
struct ssh_loop;

struct ssh_sink {
	int fd;   /* to write to */
	bool own; /* opened by us, non-blocking */
	enum { SINK_PLAIN, SINK_SOCKET, SINK_CAREFUL } kind;
	struct event *event;
	struct buf waiting;
	size_t at;
	int error;                  /* errno; nothing is written any more */
	void (*changed)(void *arg); /* empty again, or failed */
	void *arg;
};

/* ERR_NOMEM */
int ssh_sink_init(struct ssh_sink *s, struct ssh_loop *l, int fd,
    void (*changed)(void *arg), void *arg, struct err *e);
void ssh_sink_clear(struct ssh_sink *s);

/* All written? */
bool ssh_sink_empty(const struct ssh_sink *s);
void ssh_sink_put(struct ssh_sink *s, const void *bytes, size_t len);

#endif
