/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_SSH_TERMINAL_H
#define PEMKEEP_SRC_SSH_TERMINAL_H

/* The user's terminal: its modes, and the mode in which all keys go through. */

#include <stdbool.h>
#include <termios.h>

#include "pemkeep/ssh/channel.h"

struct buf;

struct ssh_terminal {
	int fd;
	bool is_tty;
	bool raw;
	struct termios saved;
};

void ssh_terminal_init(struct ssh_terminal *t, int fd);

/* All keys go through, none has an effect here. */
void ssh_terminal_raw(struct ssh_terminal *t);
/* As it was before; does nothing when it is. */
void ssh_terminal_restore(struct ssh_terminal *t);

/* Zeros when it is no terminal. */
void ssh_terminal_window(const struct ssh_terminal *t, struct ssh_window *w);

/*
 * Append the modes as RFC 4254, chapter 8 has them, so that the terminal of
 * the server behaves as the user has set this one.  At most 'most' bytes are in
 * 'b' afterwards.
 */
void ssh_terminal_modes(
    const struct ssh_terminal *t, size_t most, struct buf *b);

#endif
