/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AGENT_ASKPASS_H
#define PEMKEEP_SRC_AGENT_ASKPASS_H

#include <stdbool.h>

struct err;
struct secret;

/* Is SSH_ASKPASS to be asked, and not the terminal? */
bool askpass_wanted(void);

/* Run it with this question; its first line is the answer.  As tty_ask(). */
int askpass_ask(const char *prompt, struct secret *answer, struct err *e);

#endif
