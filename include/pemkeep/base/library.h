/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_BASE_LIBRARY_H
#define PEMKEEP_BASE_LIBRARY_H

/*
 * Shared libraries that are loaded when they are needed, since most runs of the
 * program need none of them.  What was loaded stays: not all libraries are made
 * to be taken away again, and the program is about to end anyway.
 */

#include <stddef.h>

struct err;

struct library_function {
	const char *name;
	size_t offset; /* of the pointer to it in the caller's table */
};

struct library {
	const char *name;         /* for people: "libcurl" */
	const char *package;      /* of Debian, for the hint */
	const char *const *files; /* the first that is there, ends with NULL */
	const struct library_function *functions;
	size_t count;
};

/*
 * Load it, and fill the table with all of its functions.  ERR_UNSUPPORTED: it is
 * not there, or lacks one of them.
 */
int library_load(const struct library *library, void *table, struct err *e);

#endif
