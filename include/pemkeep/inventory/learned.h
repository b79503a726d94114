/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_INVENTORY_LEARNED_H
#define PEMKEEP_INVENTORY_LEARNED_H

/*
 * What earlier logins have taught: the user and the key that an instance took,
 * and the user of an image that no table knows.  In the state folder, an INI
 * file with a section for each id, the latest at the end:
 *
 *	[i-0123456789abcdef0]
 *	user = ubuntu
 *	key = SHA256:…
 *
 * It is help, no promise: a file that is damaged, or that others can write to,
 * counts as empty.
 */

#include <stddef.h>

struct err;
struct learned_file;

#define LEARNED_MAX 2000 /* sections; the oldest go */

struct learned {
	const char *user;   /* NULL: not known */
	const char *key;    /* fingerprint, "SHA256:…"; NULL: not known */
	unsigned long line; /* of the section */
};

/* path NULL: $XDG_STATE_HOME/pemkeep/learned.  ERR_NOMEM. */
int learned_open(const char *path, struct learned_file **fp, struct err *e);
void learned_close(struct learned_file *f);
const char *learned_path(const struct learned_file *f);

/* About an instance ("i-…") or an image ("ami-…"); the texts are the file's. */
struct learned learned_find(const struct learned_file *f, const char *id);

/*
 * Remember; what is NULL stays as it was.  Nothing is written when it is known
 * already.  A damaged file is begun anew.  ERR_USAGE: that is no id, user or
 * fingerprint; else as replace_begin().
 */
int learned_set(const char *path, const char *id, const char *user,
    const char *key, struct err *e);

#endif
