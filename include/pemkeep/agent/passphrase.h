/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_AGENT_PASSPHRASE_H
#define PEMKEEP_AGENT_PASSPHRASE_H

/*
 * Where passphrases come from.  Only the keeper's code reads one, in a process of
 * its own (see src/agent/ask.h): from a descriptor, from a file, from the
 * terminal, or from the program that SSH_ASKPASS names; straight into struct
 * secret, never through stdio, an argument or the environment.
 */

#include <stdbool.h>

struct err;
struct secret;

enum passphrase_for {
	PASSPHRASE_VAULT,  /* of the vault as it is */
	PASSPHRASE_FIRST,  /* of a vault to be made */
	PASSPHRASE_NEW,    /* to replace the vault's */
	PASSPHRASE_KEYFILE /* of a key file */
};

struct passphrase_source {
	int fd;           /* --passphrase-fd, or -1 */
	const char *file; /* PEMKEEP_PASSPHRASE_FILE, or NULL */
	bool no_input;    /* never ask at the terminal */
};

#define PASSPHRASE_MIN 8 /* bytes of a first or a new one */

/*
 * Get one.  The descriptor gives a line for each call (without its line feed),
 * so what is asked for first must stand first; the file (its first line; not
 * readable for others) is the vault's passphrase only; the terminal is asked
 * with 'prompt', twice for first and new ones.  SSH_ASKPASS is run where there is
 * no terminal but DISPLAY or WAYLAND_DISPLAY, or as SSH_ASKPASS_REQUIRE says
 * (never, prefer, force), as in ssh(1); once only, also for new ones.  New ones must have at least
 * PASSPHRASE_MIN bytes; none may be longer than 1024.
 *
 * *passp is new.  ERR_LOCKED when there is no source, it is empty, or both
 * times differ; ERR_UNTRUSTED for a file that others can read; ERR_INTERRUPTED
 * after Ctrl-C where the signal did not end the process.  The terminal is as it
 * was before in every case.
 */
int passphrase_get(const struct passphrase_source *source,
    enum passphrase_for what, const char *prompt, struct secret **passp,
    struct err *e);

/*
 * Is the file that would be read as the vault's passphrase as it must be?  It is
 * not read, nor opened: for when no passphrase is needed.
 */
int passphrase_check(const struct passphrase_source *source, struct err *e);

/* Would the terminal be asked (so that asking again makes sense)? */
bool passphrase_interactive(
    const struct passphrase_source *source, enum passphrase_for what);

#endif
