/* SPDX-License-Identifier: ISC */

/*
 * Chapter 7: one record, with a key of its own.  The decrypted key exists only
 * in the guarded scratch of struct keys, and only during a call.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "internal.h"
#include "secret.h"

#define WRAPPED_BYTES (KEY_BYTES + TAG_BYTES)

/* Where things stand in a record. */
enum {
	AT_NONCE1 = 0,
	AT_WRAPPED = NONCE_BYTES,
	AT_NONCE2 = AT_WRAPPED + WRAPPED_BYTES,
	AT_BODY = AT_NONCE2 + NONCE_BYTES
};

_Static_assert(AT_BODY + TAG_BYTES == RECORD_OVERHEAD, "chapter 7");

static void
record_assoc(struct assoc *a, const char *label, const uint8_t *vault_id,
    const struct vault_entry *entry)
{
	uint8_t type[2], revision[8];

	put_u16(type, entry->type);
	put_u64(revision, entry->revision);
	assoc_init(a, label, vault_id);
	assoc_put(a, entry->id, VAULT_ID_BYTES);
	assoc_put(a, type, sizeof(type));
	assoc_put(a, revision, sizeof(revision));
}

static int
damaged(const struct record *r, unsigned rule, struct vault_error *e)
{
	char where[VAULT_WHERE];

	snprintf(where, sizeof(where), "record '%.240s'", r->entry.name);
	return vault_fail(e, VAULT_EDAMAGED, rule, where);
}

int
record_check(const struct record *r, struct vault_error *e)
{
	uint8_t digest[HASH_BYTES];

	vault_hash(digest, r->data, r->entry.size);
	if (memcmp(digest, r->digest, HASH_BYTES) != 0)
		return damaged(r, 27, e);
	return 0;
}

int
record_open(const struct record *r, const uint8_t *vault_id, struct keys *k,
    struct secret *out, struct vault_error *e)
{
	size_t padded = r->entry.size - RECORD_OVERHEAD, len;
	struct assoc key, body;
	int result;

	secret_clear(out);
	if ((result = record_check(r, e)) != 0)
		return result;
	if (padded > secret_capacity(out))
		return vault_fail(e, VAULT_ENOMEM, 0, r->entry.name);
	record_assoc(&key, "pemkeep/v1/record-key", vault_id, &r->entry);
	record_assoc(&body, "pemkeep/v1/record", vault_id, &r->entry);
	if (!vault_unseal(keys_scratch(k), r->data + AT_WRAPPED, WRAPPED_BYTES,
		&key, r->data + AT_NONCE1, keys_record(k)) ||
	    !vault_unseal(secret_data(out), r->data + AT_BODY,
		padded + TAG_BYTES, &body, r->data + AT_NONCE2,
		keys_scratch(k)) ||
	    sodium_unpad(&len, secret_data(out), padded, RECORD_PAD) != 0) {
		secret_clear(out);
		result = damaged(r, 28, e);
	} else {
		secret_set_len(out, len);
	}
	sodium_memzero(keys_scratch(k), KEY_BYTES);
	return result;
}

int
record_seal(struct record *r, const uint8_t *vault_id, struct keys *k,
    const struct secret *payload, struct vault_error *e)
{
	size_t len = secret_len(payload);
	size_t padded = (len / RECORD_PAD + 1) * RECORD_PAD, ignored;
	struct secret *plain = NULL;
	uint8_t *data = NULL;
	struct assoc key, body;
	int result = 0;

	if (len > VAULT_PAYLOAD_MAX)
		return vault_fail(e, VAULT_EFULL, 26, "64 KiB a record");
	if ((plain = secret_new(padded)) == NULL ||
	    !secret_append(plain, secret_bytes(payload), len) ||
	    sodium_pad(&ignored, secret_data(plain), len, RECORD_PAD, padded) !=
		0 ||
	    (data = malloc(padded + RECORD_OVERHEAD)) == NULL) {
		result = vault_fail(e, VAULT_ENOMEM, 0, r->entry.name);
		goto out;
	}
	randombytes_buf(keys_scratch(k), KEY_BYTES);
	randombytes_buf(data + AT_NONCE1, NONCE_BYTES);
	randombytes_buf(data + AT_NONCE2, NONCE_BYTES);
	record_assoc(&key, "pemkeep/v1/record-key", vault_id, &r->entry);
	record_assoc(&body, "pemkeep/v1/record", vault_id, &r->entry);
	vault_seal(data + AT_WRAPPED, keys_scratch(k), KEY_BYTES, &key,
	    data + AT_NONCE1, keys_record(k));
	vault_seal(data + AT_BODY, secret_bytes(plain), padded, &body,
	    data + AT_NONCE2, keys_scratch(k));
	sodium_memzero(keys_scratch(k), KEY_BYTES);
	free(r->owned);
	r->owned = data;
	r->data = data;
	r->entry.size = padded + RECORD_OVERHEAD;
	vault_hash(r->digest, data, r->entry.size);
out:
	secret_free(plain);
	return result;
}
