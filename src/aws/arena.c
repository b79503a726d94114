/* SPDX-License-Identifier: ISC */
/* Chunks in a list; a chunk is wiped as far as it was used. */

#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "src/aws/arena.h"

#define CHUNK 0x10000u

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, size;
	alignas(max_align_t) char bytes[];
};

static struct arena_chunk *
new_chunk(struct arena *a, size_t size)
{
	struct arena_chunk *chunk;

	if (size < CHUNK)
		size = CHUNK;
	chunk = malloc(sizeof(*chunk) + size);
	if (chunk == NULL)
		return NULL;
	chunk->next = a->chunks;
	chunk->used = 0;
	chunk->size = size;
	a->chunks = chunk;
	return chunk;
}

static void *
take(struct arena *a, size_t size, size_t align)
{
	struct arena_chunk *chunk = a->chunks;
	size_t at = 0;

	if (size > ARENA_MAX - a->taken)
		return NULL;
	if (chunk != NULL)
		at = (chunk->used + align - 1) & ~(align - 1);
	if (chunk == NULL || at > chunk->size || size > chunk->size - at) {
		chunk = new_chunk(a, size);
		at = 0;
	}
	if (chunk == NULL)
		return NULL;
	chunk->used = at + size;
	a->taken += size;
	return chunk->bytes + at;
}

void *
arena_take(struct arena *a, size_t size)
{
	void *bytes = take(a, size, alignof(max_align_t));

	return bytes == NULL ? NULL : memset(bytes, 0, size);
}

char *
arena_text(struct arena *a, const char *text, size_t len)
{
	char *copy = take(a, len + 1, 1);

	if (copy == NULL)
		return NULL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

void
arena_clear(struct arena *a)
{
	struct arena_chunk *chunk;

	while ((chunk = a->chunks) != NULL) {
		a->chunks = chunk->next;
		explicit_bzero(chunk->bytes, chunk->used);
		free(chunk);
	}
	a->taken = 0;
}
