/* SPDX-License-Identifier: ISC */
#ifndef TESTS_KEYS_FIXTURE_H
#define TESTS_KEYS_FIXTURE_H

/* What the tests of src/keys share.  Include cmocka.h before. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/digest.h"
#include "pemkeep/base/err.h"
#include "pemkeep/keys/key.h"
#include "pemkeep/keys/keyfile.h"
#include "src/keys/key_internal.h"
#include "vault/secret.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static inline struct key *
fixture_key(enum key_type type)
{
	struct err e = { 0 };
	struct key *k;

	if (key_generate(type, 2048, &k, &e) != 0)
		fail_msg("key_generate: %s", e.text);
	return k;
}

/* A private key as bytes: cheaper than a new key for each case. */
static inline struct secret *
fixture_pkcs8(const struct key *k)
{
	struct secret *s;

	assert_int_equal(key_to_pkcs8(k, &s, NULL), 0);
	return s;
}

static inline struct secret *
fixture_secret(const void *bytes, size_t len)
{
	struct secret *s = secret_copy(bytes, len);

	assert_non_null(s);
	return s;
}

static inline struct secret *
fixture_text(const char *text)
{
	return fixture_secret(text, strlen(text));
}

static inline void
fixture_same_blob(const struct key *a, const struct key *b)
{
	assert_int_equal(a->blob.len, b->blob.len);
	assert_memory_equal(a->blob.data, b->blob.data, a->blob.len);
}

/* The numbers of an RSA key, in memory that the test may change. */
struct fixture_rsa {
	uint8_t bytes[RSA_PARTS][KEY_RSA_BYTES_MAX + 1];
	struct key_bytes part[RSA_PARTS];
};

static inline void
fixture_number(struct fixture_rsa *r, int part, const BIGNUM *n)
{
	assert_true(BN_num_bytes(n) <= (int)sizeof(r->bytes[0]));
	r->part[part].len = (size_t)BN_bn2bin(n, r->bytes[part]);
	r->part[part].at = r->bytes[part];
}

static inline void
fixture_numbers(struct fixture_rsa *r, const struct key *k)
{
	struct key_rsa rsa;

	assert_int_equal(key_rsa_fetch(&rsa, k, NULL), 0);
	for (int i = 0; i < RSA_PARTS; i++)
		fixture_number(r, i, rsa.part[i]);
	key_rsa_clear(&rsa);
}

#endif
