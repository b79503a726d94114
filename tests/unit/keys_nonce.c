/* SPDX-License-Identifier: ISC */
/*
 * ECDSA with a known key gives its nonces away: each bit of theirs must be as good
 * as a coin.  Those of PuTTY on P-521 had nine zeros in front, and sixty signatures
 * were enough to have the key (CVE-2024-31497).
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "keys_fixture.h"
#include "pemkeep/keys/pubkey.h"

#define BITS 521

static const struct curve {
	enum key_type type;
	int nid;
	const EVP_MD *(*hash)(void); /* no longer than the order */
	unsigned signatures;
} curves[] = {
	{ KEY_ECDSA_256, NID_X9_62_prime256v1, EVP_sha256, 10000 },
	{ KEY_ECDSA_384, NID_secp384r1, EVP_sha384, 2000 },
	{ KEY_ECDSA_521, NID_secp521r1, EVP_sha512, 10000 },
};

struct numbers {
	BN_CTX *ctx;
	BIGNUM *order, *secret, *r, *s, *z, *nonce;
};

static void
take_secret(struct numbers *n, const struct key *k)
{
	struct secret *der = fixture_pkcs8(k);
	const unsigned char *at = secret_bytes(der);
	EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &at, (long)secret_len(der));

	assert_non_null(pkey);
	assert_int_equal(
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &n->secret),
	    1);
	EVP_PKEY_free(pkey);
	secret_free(der);
}

static void
numbers_new(struct numbers *n, const struct curve *c, const struct key *k)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(c->nid);

	memset(n, 0, sizeof(*n));
	assert_non_null(group);
	n->ctx = BN_CTX_new();
	n->order = BN_dup(EC_GROUP_get0_order(group));
	n->r = BN_new();
	n->s = BN_new();
	n->z = BN_new();
	n->nonce = BN_new();
	EC_GROUP_free(group);
	take_secret(n, k);
}

static void
numbers_free(struct numbers *n)
{
	BN_free(n->order);
	BN_clear_free(n->secret);
	BN_free(n->r);
	BN_free(n->s);
	BN_free(n->z);
	BN_free(n->nonce);
	BN_CTX_free(n->ctx);
}

/* string algorithm, string (mpint r, mpint s) */
static void
take_signature(struct numbers *n, const struct buf *signature)
{
	const uint8_t *at;
	struct wire w;
	size_t len;

	wire_init(&w, signature->data, signature->len);
	(void)wire_string(&w, &len);
	at = wire_string(&w, &len);
	assert_true(wire_done(&w));
	wire_init(&w, at, len);
	at = wire_mpint(&w, &len);
	assert_non_null(BN_bin2bn(at, (int)len, n->r));
	at = wire_mpint(&w, &len);
	assert_true(wire_done(&w));
	assert_non_null(BN_bin2bn(at, (int)len, n->s));
}

/* nonce = (hash + r * secret) / s */
static void
find_nonce(
    struct numbers *n, const EVP_MD *hash, const void *data, size_t data_len)
{
	uint8_t z[EVP_MAX_MD_SIZE];
	unsigned len;

	assert_int_equal(EVP_Digest(data, data_len, z, &len, hash, NULL), 1);
	assert_non_null(BN_bin2bn(z, (int)len, n->z));
	assert_int_equal(
	    BN_mod_mul(n->nonce, n->r, n->secret, n->order, n->ctx), 1);
	assert_int_equal(
	    BN_mod_add(n->nonce, n->nonce, n->z, n->order, n->ctx), 1);
	assert_non_null(BN_mod_inverse(n->s, n->s, n->order, n->ctx));
	assert_int_equal(
	    BN_mod_mul(n->nonce, n->nonce, n->s, n->order, n->ctx), 1);
}

/*
 * The first bit that is no coin, or -1.  Six standard deviations: not once in a
 * hundred thousand runs by chance.  (All orders begin with 32 ones or more, so
 * that the first bits, too, are as good as a coin's.)
 */
static int
unfair(const unsigned *ones, int bits, unsigned signatures)
{
	for (int i = bits - 1; i >= 0; i--) {
		double off = ones[i] - signatures / 2.0;

		if (off * off > 36.0 * signatures / 4.0)
			return i;
	}
	return -1;
}

static void
walk(const struct curve *c)
{
	struct key *k = fixture_key(c->type);
	unsigned ones[BITS] = { 0 };
	struct buf signature = BUF_INIT;
	struct numbers n;
	int bits;

	numbers_new(&n, c, k);
	bits = BN_num_bits(n.order);
	for (uint32_t i = 0; i < c->signatures; i++) {
		buf_clear(&signature);
		assert_int_equal(key_sign(k, key_ssh_name(c->type), &i,
				     sizeof(i), &signature, NULL),
		    0);
		if (i % 10 == 0)
			assert_int_equal(
			    pubkey_verify(k->blob.data, k->blob.len, &signature,
				&i, sizeof(i), NULL),
			    0);
		take_signature(&n, &signature);
		find_nonce(&n, c->hash(), &i, sizeof(i));
		for (int b = 0; b < bits; b++)
			ones[b] += (unsigned)BN_is_bit_set(n.nonce, b);
	}
	assert_int_equal(unfair(ones, bits, c->signatures), -1);
	numbers_free(&n);
	buf_free(&signature);
	key_free(k);
}

static void
nonces_are_fair(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(curves); i++)
		walk(&curves[i]);
}

/* What it is there for: nine zeros in front; and one bit that is a bit off. */
static void
what_is_unfair(void **state)
{
	unsigned ones[BITS];

	(void)state;
	for (int i = 0; i < BITS; i++)
		ones[i] = i < 512 ? 30 : 0;
	assert_int_equal(unfair(ones, BITS, 60), BITS - 1);
	for (int i = 0; i < BITS; i++)
		ones[i] = 5000;
	assert_int_equal(unfair(ones, BITS, 10000), -1);
	ones[7] = 5400;
	assert_int_equal(unfair(ones, BITS, 10000), 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nonces_are_fair),
		cmocka_unit_test(what_is_unfair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
