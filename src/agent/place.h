/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AGENT_PLACE_H
#define PEMKEEP_SRC_AGENT_PLACE_H

/* Where the agent's sockets are. */

#include <stdbool.h>

#include "pemkeep/base/buf.h"

struct err;
struct sockaddr_un;

struct place {
	struct buf folder;
	struct buf ssh;
	struct buf control;
	struct buf lock; /* held while an agent is started or unlocked */
};

/*
 * $XDG_RUNTIME_DIR/pemkeep; where that is not ours, /tmp/pemkeep-UID.  The
 * folder must be ours alone (ERR_UNTRUSTED); it is made if 'make'
 * (ERR_NOT_FOUND otherwise).  ERR_FAILED: too long for a socket.
 */
int place_find(struct place *p, bool make, struct err *e);
void place_free(struct place *p);

/* The address of one of them. */
void place_address(const struct buf *path, struct sockaddr_un *un);

#endif
