/* SPDX-License-Identifier: ISC */
#ifndef TOOLS_VECTOR_H
#define TOOLS_VECTOR_H

/*
 * The files of tests/vectors/ (their form: vectorfile.py), and a folder to put
 * a vault into.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct vector {
	char *text; /* the file; what follows points into it */
	const char *expect, *rule, *passphrase, *plaintext, *seen, *note, *key;
	const char *parts;
	uint8_t *vault; /* put together, */
	size_t len;
	off_t size; /* and what it is filled up to with zeros */
};

/* False when it is no vector. */
bool vector_read(struct vector *v, const char *path);
void vector_free(struct vector *v);

struct folder {
	char path[512], vault[520], seen[520];
};

/* A new folder under TMPDIR, with the vector's vault if there is one. */
bool folder_make(struct folder *f, const struct vector *v);
void folder_remove(const struct folder *f);

/* Make a new file. */
bool folder_write(const char *path, const void *data, size_t len, mode_t mode);

/* A whole file with a terminating zero, or NULL. */
char *folder_read(const char *path, size_t *lenp);

#endif
