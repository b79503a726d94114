/* SPDX-License-Identifier: ISC */

/*
 * Chapter 5: from a passphrase to the vault key.  The commitment is what says
 * "wrong passphrase"; once it has matched, every failure is damage.
 */

#include <string.h>

#include <sodium.h>

#include "internal.h"
#include "secret.h"

#define STANZAS_MAX 64
#define STANZA_PASSPHRASE 1
#define KDF_ARGON2ID 1
#define COMMIT_BYTES 32
#define WRAPPED_BYTES (KEY_BYTES + TAG_BYTES)

/* Where things stand in a type 1 body. */
enum {
	AT_KDF = 0,
	AT_LANES = 1,
	AT_PASSES = 2,
	AT_MEMORY = 6,
	AT_SALT = 10,
	AT_COMMIT = 26,
	AT_NONCE = 58,
	AT_WRAPPED = 82
};

_Static_assert(AT_WRAPPED + WRAPPED_BYTES == PASS_BODY_BYTES, "chapter 5");
_Static_assert(AT_COMMIT - AT_SALT == crypto_pwhash_SALTBYTES, "chapter 5");

int
stanza_check(const struct bytes *list, const uint8_t **pass, bool *unknown,
    struct vault_error *e)
{
	struct cursor c = { list->data, list->len, false };
	size_t count = 0;

	*pass = NULL;
	*unknown = false;
	while (c.left > 0) {
		uint16_t type = cursor_u16(&c);
		uint16_t len = cursor_u16(&c);
		const uint8_t *body = cursor_bytes(&c, len);

		if (c.failed || ++count > STANZAS_MAX)
			return vault_fail(e, VAULT_EDAMAGED, 15, "stanzas");
		if (type != STANZA_PASSPHRASE) {
			*unknown = true;
			continue;
		}
		if (*pass != NULL)
			return vault_fail(e, VAULT_EDAMAGED, 15, "stanzas");
		if (len != PASS_BODY_BYTES || body[AT_KDF] != KDF_ARGON2ID ||
		    body[AT_LANES] != 1)
			return vault_fail(
			    e, VAULT_EDAMAGED, 16, "passphrase stanza");
		*pass = body;
	}
	if (count == 0)
		return vault_fail(e, VAULT_EDAMAGED, 15, "stanzas");
	return 0;
}

void
stanza_cost(const uint8_t *pass, struct vault_kdf *kdf)
{
	struct cursor c = { pass + AT_PASSES, 8, false };

	kdf->passes = cursor_u32(&c);
	kdf->memory_kib = cursor_u32(&c);
}

int
stanza_cost_ok(const struct vault_kdf *kdf, struct vault_error *e)
{
	if (kdf->passes < VAULT_KDF_PASSES_MIN ||
	    kdf->passes > VAULT_KDF_PASSES_MAX)
		return vault_fail(e, VAULT_ECOST, 17, "passes");
	if (kdf->memory_kib < VAULT_KDF_MEMORY_MIN ||
	    kdf->memory_kib > VAULT_KDF_MEMORY_MAX)
		return vault_fail(e, VAULT_ECOST, 17, "memory");
	return 0;
}

/* KEK | COMMIT. */
static int
run_kdf(const uint8_t *pass, const struct secret *passphrase,
    struct secret **outp, struct vault_error *e)
{
	struct vault_kdf kdf;
	struct secret *out;
	int r;

	*outp = NULL;
	stanza_cost(pass, &kdf);
	if ((r = stanza_cost_ok(&kdf, e)) != 0)
		return r;
	if ((out = secret_new(KEY_BYTES + COMMIT_BYTES)) == NULL)
		return vault_fail(e, VAULT_ENOMEM, 0, "passphrase");
	if (crypto_pwhash(secret_data(out), secret_capacity(out),
		(const char *)secret_bytes(passphrase), secret_len(passphrase),
		pass + AT_SALT, kdf.passes, (size_t)kdf.memory_kib * 1024,
		crypto_pwhash_ALG_ARGON2ID13) != 0) {
		secret_free(out);
		return vault_fail_number(
		    e, VAULT_ENOKDFMEM, kdf.memory_kib, "passphrase");
	}
	*outp = out;
	return 0;
}

static void
make_commit(uint8_t out[COMMIT_BYTES], const struct secret *derived,
    const uint8_t *vault_id)
{
	struct assoc a;

	assoc_init(&a, "pemkeep/v1/commit", vault_id);
	crypto_generichash(out, COMMIT_BYTES, a.data, a.len,
	    secret_bytes(derived) + KEY_BYTES, COMMIT_BYTES);
}

static void
wrap_assoc(struct assoc *a, const uint8_t *vault_id, const uint8_t *pass)
{
	assoc_init(a, "pemkeep/v1/vault-key", vault_id);
	assoc_put(a, pass, AT_NONCE);
}

int
stanza_unlock(const uint8_t *pass, const uint8_t *vault_id,
    const struct secret *passphrase, struct keys **kp, struct vault_error *e)
{
	uint8_t commit[COMMIT_BYTES];
	struct secret *derived = NULL;
	struct keys *k = NULL;
	struct assoc a;
	int r;

	*kp = NULL;
	if (pass == NULL)
		return vault_fail(e, VAULT_ENOSTANZA, 15, "stanzas");
	if ((r = run_kdf(pass, passphrase, &derived, e)) != 0)
		goto out;
	make_commit(commit, derived, vault_id);
	if (sodium_memcmp(commit, pass + AT_COMMIT, COMMIT_BYTES) != 0) {
		r = vault_fail(e, VAULT_EPASSPHRASE, 18, "commitment");
		goto out;
	}
	if ((k = keys_new()) == NULL) {
		r = vault_fail(e, VAULT_ENOMEM, 0, "keys");
		goto out;
	}
	wrap_assoc(&a, vault_id, pass);
	if (!vault_unseal(keys_vault(k), pass + AT_WRAPPED, WRAPPED_BYTES, &a,
		pass + AT_NONCE, secret_bytes(derived))) {
		r = vault_fail(e, VAULT_EDAMAGED, 19, "wrapped vault key");
		goto out;
	}
	keys_derive(k);
	*kp = k;
	k = NULL;
out:
	keys_free(k);
	secret_free(derived);
	return r;
}

int
stanza_make(struct bytes *list, const uint8_t *vault_id,
    const struct secret *passphrase, const struct vault_kdf *kdf,
    struct keys *k, struct vault_error *e)
{
	struct bytes body = { 0 };
	struct secret *derived = NULL;
	uint8_t *p;
	struct assoc a;
	int r;

	if ((r = stanza_cost_ok(kdf, e)) != 0)
		return r;
	bytes_u8(&body, KDF_ARGON2ID);
	bytes_u8(&body, 1);
	bytes_u32(&body, kdf->passes);
	bytes_u32(&body, kdf->memory_kib);
	bytes_space(&body, PASS_BODY_BYTES - AT_SALT);
	if (body.failed) {
		r = vault_fail(e, VAULT_ENOMEM, 0, "stanza");
		goto out;
	}
	p = body.data;
	randombytes_buf(p + AT_SALT, AT_COMMIT - AT_SALT);
	randombytes_buf(p + AT_NONCE, NONCE_BYTES);
	if ((r = run_kdf(p, passphrase, &derived, e)) != 0)
		goto out;
	make_commit(p + AT_COMMIT, derived, vault_id);
	wrap_assoc(&a, vault_id, p);
	vault_seal(p + AT_WRAPPED, keys_vault(k), KEY_BYTES, &a, p + AT_NONCE,
	    secret_bytes(derived));
	bytes_free(list);
	bytes_u16(list, STANZA_PASSPHRASE);
	bytes_u16(list, PASS_BODY_BYTES);
	bytes_put(list, p, PASS_BODY_BYTES);
	if (list->failed)
		r = vault_fail(e, VAULT_ENOMEM, 0, "stanza");
out:
	bytes_free(&body);
	secret_free(derived);
	return r;
}
