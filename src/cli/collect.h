/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_CLI_COLLECT_H
#define PEMKEEP_SRC_CLI_COLLECT_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* Paths of files that may be keys. */
struct collection {
	struct found {
		char *path;
		size_t below; /* bytes of 'path' that are the folder that the
			       * user named; 0: he named the file */
	} * list;
	size_t count;
	size_t capacity;
	size_t skipped; /* folders that could not be read */
};

/*
 * Add a file as it is, or from a folder (16 levels deep, links not followed,
 * other file systems left alone) the files that look like private keys.
 * ERR_NOT_FOUND, ERR_SYSTEM for 'path' itself; a folder below it that cannot
 * be read is told to 'warn' and counted.
 */
int collect(struct collection *c, const char *path,
    void (*warn)(const char *text, const char *hint), struct err *e);
void collect_free(struct collection *c);

/*
 * Open the folder that a file lies in, to reach it by its last component.
 * Below a folder that the user named no link is followed, whatever has become of
 * the path meanwhile.  A descriptor (close-on-exec), or ERR_NOT_FOUND, ERR_SYSTEM.
 */
int collect_folder(const struct found *f, struct err *e);

#endif
