/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_AGENT_ROLE_H
#define PEMKEEP_AGENT_ROLE_H

#include <stdbool.h>

struct err;

/*
 * This program starts itself again for what must not happen in the process of a
 * command: to be the agent, to ask for a passphrase, to read or make a key.  If
 * this is such a process, do its work, set the exit status, and return true: to
 * be called first thing in main().
 */
bool role_main(int argc, char **argv, int *status);

/*
 * No core files of this process, and no tracing by others of the same user: for
 * one that is about to meet a secret.
 */
void role_harden(void);

/*
 * Be the agent, in this process, locked, until it is stopped.  'ready' is told
 * the path of ssh.sock.  ERR_EXISTS when one is running.
 */
int role_foreground(
    void (*ready)(void *arg, const char *ssh), void *arg, struct err *e);

#endif
