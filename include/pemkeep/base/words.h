/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_BASE_WORDS_H
#define PEMKEEP_BASE_WORDS_H

#include <stddef.h>

/*
 * Split into words as a POSIX shell would, as far as quotes and backslashes go
 * (Python's shlex.split(), which aws-cli uses): no variables, no patterns, no
 * comments.  *wordsp is one piece of memory for free(), ended by NULL: an argv.
 * ERR_FORMAT when a quote is not closed or a backslash is the last character;
 * ERR_NOMEM.
 */
int words_split(const char *text, char ***wordsp, size_t *countp);

#endif
