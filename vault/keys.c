/* SPDX-License-Identifier: ISC */

/*
 * The vault key and what is derived from it, in one piece of guarded memory,
 * and the sealing of chapter 2.
 */

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "internal.h"
#include "secret.h"

struct keys {
	struct secret *all; /* VK | K-hdr | K-idx | K-rec | DEK */
};

struct keys *
keys_new(void)
{
	struct keys *k;

	if ((k = calloc(1, sizeof(*k))) == NULL)
		return NULL;
	if ((k->all = secret_new((size_t)5 * KEY_BYTES)) == NULL) {
		free(k);
		return NULL;
	}
	secret_set_len(k->all, (size_t)5 * KEY_BYTES);
	randombytes_buf(keys_vault(k), KEY_BYTES);
	keys_derive(k);
	return k;
}

void
keys_free(struct keys *k)
{
	if (k == NULL)
		return;
	secret_free(k->all);
	free(k);
}

void
keys_derive(struct keys *k)
{
	uint8_t *vk = keys_vault(k);

	for (unsigned i = 1; i <= 3; i++)
		crypto_kdf_derive_from_key(
		    vk + (size_t)i * KEY_BYTES, KEY_BYTES, i, "vaultk01", vk);
}

uint8_t *
keys_vault(struct keys *k)
{
	return secret_data(k->all);
}

uint8_t *
keys_header(struct keys *k)
{
	return secret_data(k->all) + KEY_BYTES;
}

uint8_t *
keys_index(struct keys *k)
{
	return secret_data(k->all) + (size_t)2 * KEY_BYTES;
}

uint8_t *
keys_record(struct keys *k)
{
	return secret_data(k->all) + (size_t)3 * KEY_BYTES;
}

uint8_t *
keys_scratch(struct keys *k)
{
	return secret_data(k->all) + (size_t)4 * KEY_BYTES;
}

void
vault_hash(uint8_t out[HASH_BYTES], const void *p, size_t len)
{
	crypto_generichash(out, HASH_BYTES, p, len, NULL, 0);
}

void
assoc_init(struct assoc *a, const char *label, const uint8_t *vault_id)
{
	a->len = 0;
	assoc_put(a, label, strlen(label));
	assoc_put(a, vault_id, VAULT_ID_BYTES);
}

void
assoc_put(struct assoc *a, const void *p, size_t len)
{
	/* All lengths are constants of the format; deliberately fatal. */
	if (len > sizeof(a->data) - a->len)
		abort();
	memcpy(a->data + a->len, p, len);
	a->len += len;
}

void
vault_seal(uint8_t *out, const uint8_t *m, size_t len, const struct assoc *a,
    const uint8_t *nonce, const uint8_t *key)
{
	crypto_aead_xchacha20poly1305_ietf_encrypt(
	    out, NULL, m, len, a->data, a->len, NULL, nonce, key);
}

bool
vault_unseal(uint8_t *out, const uint8_t *c, size_t len, const struct assoc *a,
    const uint8_t *nonce, const uint8_t *key)
{
	return crypto_aead_xchacha20poly1305_ietf_decrypt(
		   out, NULL, NULL, c, len, a->data, a->len, nonce, key) == 0;
}
