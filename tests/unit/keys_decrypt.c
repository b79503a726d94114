/* SPDX-License-Identifier: ISC */
/*
 * Decryption with RSA: what is no ciphertext of the key never comes out as what was
 * encrypted, whatever libcrypto makes of it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "pemkeep/base/err.h"
#include "pemkeep/keys/key.h"
#include "vault/secret.h"

#define BITS 2048u
#define BYTES (BITS / 8)

static const char text[] = "Passw0rd;for,i-0123";

struct fixture {
	struct key *key, *other, *ed;
	uint8_t sealed[BYTES];
};

static void
seal(const struct key *key, const void *plain, size_t len,
    uint8_t out[static BYTES])
{
	struct secret *der;
	const uint8_t *at;
	EVP_PKEY *pkey;
	EVP_PKEY_CTX *ctx;
	size_t size = BYTES;

	assert_int_equal(key_to_pkcs8(key, &der, NULL), 0);
	at = secret_bytes(der);
	pkey = d2i_AutoPrivateKey(NULL, &at, (long)secret_len(der));
	secret_free(der);
	ctx = EVP_PKEY_CTX_new(pkey, NULL);
	assert_non_null(ctx);
	assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
	assert_int_equal(
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
	assert_int_equal(EVP_PKEY_encrypt(ctx, out, &size, plain, len), 1);
	assert_int_equal(size, BYTES);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
}

static int
set_up(void **state)
{
	static struct fixture f;

	assert_int_equal(key_generate(KEY_RSA, BITS, &f.key, NULL), 0);
	assert_int_equal(key_generate(KEY_RSA, BITS, &f.other, NULL), 0);
	assert_int_equal(key_generate(KEY_ED25519, 0, &f.ed, NULL), 0);
	seal(f.key, text, strlen(text), f.sealed);
	*state = &f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	key_free(f->key);
	key_free(f->other);
	key_free(f->ed);
	return 0;
}

static void
test_no_rsa(void **state)
{
	const struct fixture *f = *state;
	struct secret *plain = (void *)1;
	struct err e;

	assert_int_equal(
	    key_decrypt(f->ed, f->sealed, BYTES, &plain, &e), ERR_UNSUPPORTED);
	assert_null(plain);
}

static void
test_length(void **state)
{
	static const size_t lengths[] = { 0, 1, BYTES - 1, BYTES + 1,
		2 * BYTES };
	const struct fixture *f = *state;
	uint8_t data[2 * BYTES] = { 0 };
	struct secret *plain;
	struct err e;

	memcpy(data, f->sealed, BYTES);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		assert_int_equal(
		    key_decrypt(f->key, data, lengths[i], &plain, &e),
		    ERR_FORMAT);
		assert_null(plain);
	}
}

/* An error, or something else. */
static void
never(const struct key *key, const uint8_t data[static BYTES])
{
	struct secret *plain;
	struct err e;
	int r = key_decrypt(key, data, BYTES, &plain, &e);

	if (r == 0)
		assert_false(secret_len(plain) == strlen(text) &&
		    memcmp(secret_bytes(plain), text, strlen(text)) == 0);
	else
		assert_int_equal(r, ERR_MISMATCH);
	assert_true(r == 0 || plain == NULL);
	secret_free(plain);
}

static void
test_wrong(void **state)
{
	const struct fixture *f = *state;
	uint8_t data[BYTES];

	never(f->other, f->sealed);
	for (size_t i = 0; i < BYTES; i++) {
		memcpy(data, f->sealed, BYTES);
		data[i] ^= (uint8_t)(1u << i % 8);
		never(f->key, data);
	}
	memset(data, 0, BYTES);
	never(f->key, data);
	memset(data, 0xFF, BYTES); /* more than the modulus */
	never(f->key, data);
}

static void
test_right(void **state)
{
	const struct fixture *f = *state;
	struct secret *plain;
	uint8_t longest[BYTES - 11], sealed[BYTES];

	assert_int_equal(
	    key_decrypt(f->key, f->sealed, BYTES, &plain, NULL), 0);
	assert_int_equal(secret_len(plain), strlen(text));
	assert_memory_equal(secret_bytes(plain), text, strlen(text));
	secret_free(plain);

	memset(longest, 0xA5, sizeof(longest));
	seal(f->key, longest, sizeof(longest), sealed);
	assert_int_equal(key_decrypt(f->key, sealed, BYTES, &plain, NULL), 0);
	assert_int_equal(secret_len(plain), sizeof(longest));
	assert_memory_equal(secret_bytes(plain), longest, sizeof(longest));
	secret_free(plain);
	seal(f->key, "", 0, sealed);
	assert_int_equal(key_decrypt(f->key, sealed, BYTES, &plain, NULL), 0);
	assert_int_equal(secret_len(plain), 0);
	secret_free(plain);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_rsa),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_right),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
