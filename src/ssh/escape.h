/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_SSH_ESCAPE_H
#define PEMKEEP_SRC_SSH_ESCAPE_H

/*
 * What the user types: "~" at the beginning of a line, and the letter after it,
 * are for us.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

struct ssh_escape {
	bool enabled;
	bool in_line; /* not at the beginning of one */
	bool tilde;   /* one is waiting for its letter */
};

enum ssh_escape_action {
	ESCAPE_NONE,
	ESCAPE_HANG_UP, /* ~. */
	ESCAPE_HELP,    /* ~? */
	ESCAPE_SUSPEND  /* ~^Z */
};

/*
 * Append what goes to the server.  Returns how many bytes were looked at: all,
 * or up to the one that asks for *action.
 */
size_t ssh_escape_feed(struct ssh_escape *s, const uint8_t *bytes, size_t len,
    struct buf *out, enum ssh_escape_action *action);

extern const char ssh_escape_help[];

#endif
