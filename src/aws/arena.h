/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AWS_ARENA_H
#define PEMKEEP_SRC_AWS_ARENA_H

/* Memory for one page of rows: taken piece by piece, given back at once. */

#include <stddef.h>

#define ARENA_MAX 0x1000000u /* bytes: 16 MiB */

struct arena {
	struct arena_chunk *chunks;
	size_t taken;
};

/* Zeroed and aligned for everything; NULL without memory or beyond ARENA_MAX. */
void *arena_take(struct arena *a, size_t size);

/* A terminated copy. */
char *arena_text(struct arena *a, const char *text, size_t len);

/* Wipe and give back all. */
void arena_clear(struct arena *a);

#endif
