/* SPDX-License-Identifier: ISC */

/*
 * Signing.  Keys stay encrypted until they are used.  One that has signed stays
 * ready for a minute, in guarded memory only: half of what an RSA signature costs
 * is libcrypto's preparation for a key that it has not seen before (2048 bits: 440
 * µs instead of 220).
 */

#include <string.h>

#include "pemkeep/keys/key.h"
#include "pemkeep/keys/memory.h"
#include "vault/secret.h"
#include "vault/sshkey.h"

#include "src/agent/keeper_internal.h"
#include "src/agent/keeper_log.h"

const struct vault_entry *
keeper_find_public(const struct keeper *k, const uint8_t *blob, size_t len)
{
	struct vault_sshkey info;
	bool newer;

	for (size_t i = 0; i < vault_count(k->vault); i++) {
		const struct vault_entry *entry = vault_at(k->vault, i);

		if (entry->type == VAULT_TYPE_SSHKEY &&
		    vault_sshkey_parse(
			entry->info, entry->info_len, &info, &newer) &&
		    info.public_key_len == len &&
		    memcmp(info.public_key, blob, len) == 0)
			return entry;
	}
	return NULL;
}

void
keeper_each_public(const struct keeper *k,
    void (*fn)(void *arg, const uint8_t *blob, size_t len, const char *name),
    void *arg)
{
	struct vault_sshkey info;
	bool newer;

	for (size_t i = 0; i < vault_count(k->vault); i++) {
		const struct vault_entry *entry = vault_at(k->vault, i);

		if (entry->type == VAULT_TYPE_SSHKEY &&
		    vault_sshkey_parse(
			entry->info, entry->info_len, &info, &newer))
			fn(arg, info.public_key, info.public_key_len,
			    entry->name);
	}
}

int
keeper_signer(const struct keeper *k, const uint8_t *blob, size_t len,
    struct keeper_signer *signer, struct err *e)
{
	const struct vault_entry *entry = keeper_find_public(k, blob, len);
	struct vault_sshkey info;
	bool newer;

	if (entry == NULL ||
	    !vault_sshkey_parse(entry->info, entry->info_len, &info, &newer))
		return err_set(e, ERR_NOT_FOUND,
		    "the vault has no key with this public half");
	signer->name = entry->name;
	signer->confirm = (info.flags & VAULT_SSHKEY_CONFIRM) != 0;
	return 0;
}

static void
forget(struct ready *r)
{
	key_free(r->key);
	memset(r, 0, sizeof(*r));
}

void
keeper_forget_ready(struct keeper *k)
{
	for (size_t i = 0; i < KEEPER_READY; i++)
		forget(&k->ready[i]);
}

void
keeper_cool(struct keeper *k)
{
	for (size_t i = 0; i < KEEPER_READY; i++)
		if (k->ready[i].key != NULL &&
		    ++k->ready[i].idle >= KEEPER_COOL)
			forget(&k->ready[i]);
}

static struct ready *
find_ready(struct keeper *k, const struct vault_entry *entry)
{
	for (size_t i = 0; i < KEEPER_READY; i++)
		if (k->ready[i].key != NULL &&
		    k->ready[i].revision == entry->revision &&
		    memcmp(k->ready[i].id, entry->id, VAULT_ID_BYTES) == 0)
			return &k->ready[i];
	return NULL;
}

/* A free place, or that of the key which was idle longest. */
static struct ready *
make_room(struct keeper *k)
{
	struct ready *oldest = &k->ready[0];

	for (size_t i = 0; i < KEEPER_READY; i++) {
		if (k->ready[i].key == NULL)
			return &k->ready[i];
		if (k->ready[i].idle > oldest->idle)
			oldest = &k->ready[i];
	}
	forget(oldest);
	return oldest;
}

int
keeper_decrypt(const struct keeper *k, const struct vault_entry *entry,
    struct key **kp, struct err *e)
{
	struct secret *der, *original;
	int r;

	if ((r = keeper_private(k, entry, &der, &original, e)) != 0)
		return r;
	secret_free(original);
	r = key_from_pkcs8(der, kp, e);
	secret_free(der);
	return r;
}

int
keeper_sign(struct keeper *k, const uint8_t *blob, size_t blob_len,
    const char *algorithm, const void *data, size_t len, struct buf *out,
    struct err *e)
{
	const struct vault_entry *entry = keeper_find_public(k, blob, blob_len);
	struct key *key = NULL;
	struct ready *ready;
	int r;

	if (entry == NULL)
		return err_set(e, ERR_NOT_FOUND,
		    "the vault has no key with this public half");
	if ((ready = find_ready(k, entry)) == NULL) {
		if ((r = keeper_decrypt(k, entry, &key, e)) != 0)
			return r;
		if (keymemory_guarded()) {
			ready = make_room(k);
			memcpy(ready->id, entry->id, VAULT_ID_BYTES);
			ready->revision = entry->revision;
			ready->key = key;
			key = NULL;
		}
	}
	if (ready != NULL)
		ready->idle = 0;
	r = key_sign(
	    ready != NULL ? ready->key : key, algorithm, data, len, out, e);
	if (r == 0)
		keeper_log_blob(k, LOG_SIGN, blob, blob_len, NULL);
	key_free(key);
	return r;
}
