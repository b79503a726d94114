/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AGENT_TTY_H
#define PEMKEEP_SRC_AGENT_TTY_H

#include <stdbool.h>

struct err;
struct secret;

/* Is there a terminal to ask at? */
bool tty_there(void);

/*
 * Ask at the terminal; the answer goes into 'answer', without line end.
 * 'prompt' is safe to print; 'echo': what is typed is shown.  Whatever happens, the terminal's modes are restored; a signal that
 * comes meanwhile takes its usual effect after that, and after a stop the
 * question is asked again.  ERR_LOCKED: no terminal, end of input, too long;
 * ERR_INTERRUPTED: a signal that did not end the process.
 */
int tty_ask(
    const char *prompt, bool echo, struct secret *answer, struct err *e);

#endif
