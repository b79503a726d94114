/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AGENT_ASK_H
#define PEMKEEP_SRC_AGENT_ASK_H

/*
 * Getting a passphrase for the keeper, in a process of its own: it reads it from
 * where the user keeps it and sends it on the command's connection, so that the
 * command itself, which may talk to the network, never has it.
 */

#include "pemkeep/agent/passphrase.h"

struct err;

/*
 * In the command: have it done.  'fd' is the connection.  As passphrase_get();
 * ERR_INTERRUPTED also when the signal ended that process.
 */
int ask_for(int fd, const struct passphrase_source *source,
    enum passphrase_for what, const char *prompt, struct err *e);

/* In that process. */
int ask_main(int argc, char **argv);

#endif
