/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_AGENT_QUESTION_H
#define PEMKEEP_AGENT_QUESTION_H

/*
 * A question to the person here that is not about a passphrase of ours: is it
 * the right host, the password that a server wants.  Asked at the terminal, or
 * with the program that SSH_ASKPASS names, under the conditions of passphrase.h.
 */

#include <stdbool.h>

struct err;
struct secret;

/* Is there anybody to ask? */
bool question_possible(void);

/*
 * 'prompt' is safe to print; line feeds in it are kept.  'echo': what is typed
 * may be seen.  The answer goes into 'answer' as far as it holds it, without
 * line end.  ERR_LOCKED: nobody to ask, no answer, or one that is too long;
 * ERR_INTERRUPTED: a signal that did not end the process.  The terminal is as it
 * was before in every case, also when a signal ends the process.
 */
int question_ask(
    const char *prompt, bool echo, struct secret *answer, struct err *e);

#endif
