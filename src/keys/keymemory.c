/* SPDX-License-Identifier: ISC */
/*
 * libcrypto's heap.  Blocks come in fixed sizes, four to each power of two, and
 * go back to a list of their size (slot): simple, and enough for what repeats the same
 * few operations.  Where the arena is full, ordinary memory is used, wiped too,
 * and keymemory_guarded() is false from then on.
 */

#include <openssl/crypto.h>

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/keys/memory.h"
#include "vault/secret.h"

#define ARENA (3u << 20) /* bytes; starting libcrypto takes 0.4 MiB */
#define HEAD 16u         /* keeps what follows aligned */
#define SLOTS 80u

/* In front of each block; a free one is in the list of its slot. */
struct head {
	uint32_t slot;
	struct head *next;
};

/* libcrypto's hooks take no argument, so this cannot be one either. */
static struct {
	struct secret *memory;
	uint8_t *at, *end;
	uint8_t *begin;
	struct head *unused[SLOTS];
	bool overflowed; /* or not locked */
} arena;

/* 16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320 … */
static size_t
slot_size(uint32_t slot)
{
	uint32_t power = slot / 4, step = slot % 4;

	return ((size_t)64 << power) / 4 * (step + 1) + ((size_t)64 << power) -
	    64;
}

static uint32_t
slot_for(size_t size)
{
	uint32_t slot = 0;

	while (slot < SLOTS && slot_size(slot) < size)
		slot++;
	return slot;
}

static bool
inside(const void *p)
{
	const uint8_t *at = p;

	return at >= arena.begin && at < arena.end;
}

static void *
ordinary(size_t size)
{
	arena.overflowed = true;
	return malloc(size);
}

static void *
take(size_t size, const char *file, int line)
{
	uint32_t slot = slot_for(size);
	struct head *h;

	(void)file;
	(void)line;
	if (size == 0)
		return NULL;
	if (slot == SLOTS)
		return ordinary(size);
	if ((h = arena.unused[slot]) != NULL) {
		arena.unused[slot] = h->next;
	} else {
		size_t whole = HEAD + slot_size(slot);

		if ((size_t)(arena.end - arena.at) < whole)
			return ordinary(size);
		h = (struct head *)(void *)arena.at;
		arena.at += whole;
	}
	h->slot = slot;
	return (uint8_t *)h + HEAD;
}

static size_t
capacity(void *p)
{
	struct head *h;

	if (!inside(p))
		return malloc_usable_size(p);
	h = (struct head *)(void *)((uint8_t *)p - HEAD);
	return slot_size(h->slot);
}

static void
give(void *p, const char *file, int line)
{
	struct head *h;

	(void)file;
	(void)line;
	if (p == NULL)
		return;
	OPENSSL_cleanse(p, capacity(p));
	if (!inside(p)) {
		free(p);
		return;
	}
	h = (struct head *)(void *)((uint8_t *)p - HEAD);
	h->next = arena.unused[h->slot];
	arena.unused[h->slot] = h;
}

static void *
change(void *p, size_t size, const char *file, int line)
{
	size_t old;
	void *fresh;

	if (p == NULL)
		return take(size, file, line);
	if (size == 0) {
		give(p, file, line);
		return NULL;
	}
	if ((old = capacity(p)) >= size)
		return p;
	if ((fresh = take(size, file, line)) == NULL)
		return NULL;
	memcpy(fresh, p, old);
	give(p, file, line);
	return fresh;
}

bool
keymemory_guard(void)
{
	if (arena.memory != NULL)
		return true;
	if ((arena.memory = secret_new(ARENA)) == NULL)
		return false;
	arena.begin = arena.at = secret_data(arena.memory);
	arena.end = arena.begin + ARENA;
	if (CRYPTO_set_mem_functions(take, change, give) == 1) {
		arena.overflowed = secret_locked() == 0;
		return true;
	}
	secret_free(arena.memory);
	memset(&arena, 0, sizeof(arena));
	return false;
}

bool
keymemory_guarded(void)
{
	return arena.memory != NULL && !arena.overflowed;
}
