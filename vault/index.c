/* SPDX-License-Identifier: ISC */

/*
 * Chapter 6, and the list of records in memory.  No secret passes here: what
 * must be locked stays in the records, encrypted.
 */

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "internal.h"

static int
damaged(struct vault_error *e, unsigned rule, const char *where)
{
	return vault_fail(e, VAULT_EDAMAGED, rule, where);
}

void
record_free(struct record *r)
{
	free(r->name);
	free(r->info);
	free(r->owned);
	memset(r, 0, sizeof(*r));
}

void
records_free(struct records *r)
{
	for (size_t i = 0; i < r->count; i++)
		record_free(&r->list[i]);
	free(r->list);
	memset(r, 0, sizeof(*r));
}

struct record *
records_add(struct records *r)
{
	if (r->count == r->capacity) {
		size_t room = r->capacity == 0 ? 16 : r->capacity * 2;
		struct record *list;

		list = reallocarray(r->list, room, sizeof(*list));
		if (list == NULL)
			return NULL;
		r->list = list;
		r->capacity = room;
	}
	memset(&r->list[r->count], 0, sizeof(*r->list));
	return &r->list[r->count++];
}

struct record *
records_by_id(const struct records *r, const uint8_t *id)
{
	for (size_t i = 0; i < r->count; i++)
		if (memcmp(r->list[i].entry.id, id, VAULT_ID_BYTES) == 0)
			return &r->list[i];
	return NULL;
}

struct record *
records_by_name(const struct records *r, const char *name)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->list[i].entry.name, name) == 0)
			return &r->list[i];
	return NULL;
}

bool
record_set_name(struct record *r, const char *name, size_t len)
{
	char *copy;

	if ((copy = strndup(name, len)) == NULL)
		return false;
	free(r->name);
	r->name = copy;
	r->entry.name = copy;
	return true;
}

bool
record_set_info(struct record *r, const void *info, size_t len)
{
	uint8_t *copy;

	if ((copy = malloc(len + 1)) == NULL)
		return false;
	if (len > 0)
		memcpy(copy, info, len);
	free(r->info);
	r->info = copy;
	r->entry.info = copy;
	r->entry.info_len = len;
	return true;
}

static void
index_assoc(struct assoc *a, const struct header *h)
{
	uint8_t le[8];

	put_u64(le, h->generation);
	assoc_init(a, "pemkeep/v1/index", h->vault_id);
	assoc_put(a, le, sizeof(le));
}

/* One entry; what it says about the file's layout is checked by the caller. */
static int
parse_entry(struct cursor *c, struct record *r, struct vault_error *e)
{
	const uint8_t *id, *digest, *name, *info;
	size_t name_len, info_len;

	id = cursor_bytes(c, VAULT_ID_BYTES);
	r->entry.revision = cursor_u64(c);
	r->entry.type = cursor_u16(c);
	r->entry.size = cursor_u32(c);
	digest = cursor_bytes(c, HASH_BYTES);
	name_len = cursor_u16(c);
	name = cursor_bytes(c, name_len);
	info_len = cursor_u32(c);
	info = cursor_bytes(c, info_len);
	if (c->failed)
		return damaged(e, 22, "entry of the index");
	if (!name_bytes_ok(name, name_len))
		return damaged(e, 24, "name in the index");
	if (info_len > VAULT_INFO_MAX || r->entry.revision == 0 ||
	    r->entry.revision > INT64_MAX)
		return damaged(e, 25, "entry of the index");
	if (r->entry.size < RECORD_MIN || r->entry.size > RECORD_MAX ||
	    (r->entry.size - RECORD_OVERHEAD) % RECORD_PAD != 0)
		return damaged(e, 26, "length of a record");
	memcpy(r->entry.id, id, VAULT_ID_BYTES);
	memcpy(r->digest, digest, HASH_BYTES);
	if (!record_set_name(r, (const char *)name, name_len) ||
	    !record_set_info(r, info, info_len))
		return vault_fail(e, VAULT_ENOMEM, 0, "index");
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp((*(const struct record *const *)a)->entry.name,
	    (*(const struct record *const *)b)->entry.name);
}

static int
by_id(const void *a, const void *b)
{
	return memcmp((*(const struct record *const *)a)->entry.id,
	    (*(const struct record *const *)b)->entry.id, VAULT_ID_BYTES);
}

/* R23: sorted, equal ones are neighbours; 65,536 take milliseconds. */
static int
check_unique(const struct records *r, struct vault_error *e)
{
	int (*const order[])(const void *, const void *) = { by_name, by_id };
	const struct record **sorted;
	int result = 0;

	if (r->count < 2)
		return 0;
	if ((sorted = calloc(r->count, sizeof(*sorted))) == NULL)
		return vault_fail(e, VAULT_ENOMEM, 0, "index");
	for (size_t i = 0; i < r->count; i++)
		sorted[i] = &r->list[i];
	for (size_t k = 0; k < 2 && result == 0; k++) {
		qsort(sorted, r->count, sizeof(*sorted), order[k]);
		for (size_t i = 1; i < r->count; i++)
			if (order[k](&sorted[i - 1], &sorted[i]) == 0)
				result = damaged(e, 23, "double entry");
	}
	free(sorted);
	return result;
}

/* Say where each record lies: they fill the rest of the file (R26). */
static int
place_records(
    struct records *r, const uint8_t *at, size_t left, struct vault_error *e)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->list[i].entry.size > left)
			return damaged(e, 26, "lengths of the records");
		r->list[i].data = at;
		at += r->list[i].entry.size;
		left -= r->list[i].entry.size;
	}
	if (left != 0)
		return damaged(e, 26, "lengths of the records");
	return 0;
}

static int
parse_index(
    const uint8_t *plain, size_t len, struct records *r, struct vault_error *e)
{
	struct cursor c = { plain, len, false };
	uint32_t count = cursor_u32(&c);
	struct record *rec;
	int result;

	if (c.failed)
		return damaged(e, 22, "index");
	if (count > VAULT_RECORDS_MAX)
		return damaged(e, 23, "number of records");
	for (uint32_t i = 0; i < count; i++) {
		if ((rec = records_add(r)) == NULL)
			return vault_fail(e, VAULT_ENOMEM, 0, "index");
		if ((result = parse_entry(&c, rec, e)) != 0)
			return result;
	}
	if (c.left != 0)
		return damaged(e, 22, "bytes after the index");
	return check_unique(r, e);
}

int
index_open(const struct header *h, const uint8_t *file, size_t len,
    struct keys *k, struct records *r, struct vault_error *e)
{
	const uint8_t *sealed = file + h->size;
	size_t padded = h->index_length - TAG_BYTES, plain_len;
	uint8_t hash[HASH_BYTES], *plain;
	struct assoc a;
	int result;

	memset(r, 0, sizeof(*r));
	vault_hash(hash, sealed, h->index_length);
	if (memcmp(hash, h->index_hash, HASH_BYTES) != 0)
		return damaged(e, 21, "hash of the index");
	if ((plain = malloc(padded)) == NULL)
		return vault_fail(e, VAULT_ENOMEM, 0, "index");
	index_assoc(&a, h);
	if (!vault_unseal(plain, sealed, h->index_length, &a, h->index_nonce,
		keys_index(k)) ||
	    sodium_unpad(&plain_len, plain, padded, INDEX_PAD) != 0)
		result = damaged(e, 22, "index");
	else if ((result = parse_index(plain, plain_len, r, e)) == 0)
		result = place_records(r, sealed + h->index_length,
		    len - h->size - h->index_length, e);
	if (result != 0)
		records_free(r);
	free(plain);
	return result;
}

static void
build_index(const struct records *r, struct bytes *b)
{
	bytes_u32(b, (uint32_t)r->count);
	for (size_t i = 0; i < r->count; i++) {
		const struct record *rec = &r->list[i];
		size_t name_len = strlen(rec->entry.name);

		bytes_put(b, rec->entry.id, VAULT_ID_BYTES);
		bytes_u64(b, rec->entry.revision);
		bytes_u16(b, rec->entry.type);
		bytes_u32(b, (uint32_t)rec->entry.size);
		bytes_put(b, rec->digest, HASH_BYTES);
		bytes_u16(b, (uint16_t)name_len);
		bytes_put(b, rec->entry.name, name_len);
		bytes_u32(b, (uint32_t)rec->entry.info_len);
		bytes_put(b, rec->entry.info, rec->entry.info_len);
	}
	/* PAD(…, 4096), as sodium_pad does it. */
	bytes_u8(b, 0x80);
	bytes_space(b, (INDEX_PAD - b->len % INDEX_PAD) % INDEX_PAD);
}

int
index_seal(struct header *h, const struct records *r, struct keys *k,
    struct bytes *out, struct vault_error *e)
{
	struct bytes plain = { 0 };
	struct assoc a;
	uint8_t *to;
	int result = 0;

	build_index(r, &plain);
	if (plain.failed) {
		result = vault_fail(e, VAULT_ENOMEM, 0, "index");
		goto out;
	}
	if (plain.len + TAG_BYTES > INDEX_MAX) {
		result = vault_fail(e, VAULT_EFULL, 14, "index");
		goto out;
	}
	if ((to = bytes_space(out, plain.len + TAG_BYTES)) == NULL) {
		result = vault_fail(e, VAULT_ENOMEM, 0, "index");
		goto out;
	}
	h->index_length = (uint32_t)(plain.len + TAG_BYTES);
	randombytes_buf(h->index_nonce, NONCE_BYTES);
	index_assoc(&a, h);
	vault_seal(
	    to, plain.data, plain.len, &a, h->index_nonce, keys_index(k));
	vault_hash(h->index_hash, to, h->index_length);
out:
	bytes_free(&plain);
	return result;
}
