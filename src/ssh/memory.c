/* SPDX-License-Identifier: ISC */

/* Each piece is preceded by a head that links it into a list. */

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/ssh/memory.h"

struct ssh_piece {
	struct ssh_piece *next, **link; /* 'link' points to this one */
	size_t len;
	alignas(max_align_t) uint8_t bytes[];
};

/* A flood of empty packets costs by their number; malloc(3) adds its own head. */
static size_t
cost(size_t len)
{
	return len + sizeof(struct ssh_piece) + 16;
}

static struct ssh_piece *
piece_of(const void *p)
{
	return (struct ssh_piece *)((uintptr_t)p -
	    offsetof(struct ssh_piece, bytes));
}

size_t
ssh_memory_size(const void *p)
{
	return piece_of(p)->len;
}

void *
ssh_memory_get(struct ssh_memory *m, size_t len)
{
	struct ssh_piece *piece;

	if (len > m->most || m->used + cost(len) > m->most) {
		m->full = true;
		return NULL;
	}
	piece = malloc(sizeof(*piece) + len);
	if (piece == NULL)
		return NULL;
	piece->len = len;
	piece->next = m->first;
	piece->link = &m->first;
	if (piece->next != NULL)
		piece->next->link = &piece->next;
	m->first = piece;
	m->used += cost(len);
	return piece->bytes;
}

void
ssh_memory_free(struct ssh_memory *m, void *p)
{
	struct ssh_piece *piece;

	if (p == NULL)
		return;
	piece = piece_of(p);
	*piece->link = piece->next;
	if (piece->next != NULL)
		piece->next->link = piece->link;
	m->used -= cost(piece->len);
	explicit_bzero(piece->bytes, piece->len);
	free(piece);
}

void *
ssh_memory_resize(struct ssh_memory *m, void *p, size_t len)
{
	size_t old = p != NULL ? ssh_memory_size(p) : 0;
	void *to;

	if ((to = ssh_memory_get(m, len)) == NULL)
		return NULL;
	if (p != NULL)
		memcpy(to, p, old < len ? old : len);
	ssh_memory_free(m, p);
	return to;
}

void
ssh_memory_clear(struct ssh_memory *m)
{
	while (m->first != NULL)
		ssh_memory_free(m, m->first->bytes);
}
