/* SPDX-License-Identifier: ISC */
/* Keys made of numbers that do not fit each other. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <openssl/bn.h>

#include "keys_fixture.h"

static int
try_rsa(const struct fixture_rsa *r)
{
	struct err e = { 0 };
	struct key *k = (struct key *)&e;
	int result = key_make_rsa(r->part, &k, &e);

	if (result != 0)
		assert_null(k);
	key_free(k);
	return result;
}

/* One number replaced by what the case says; all else right. */
static void
rsa_numbers_that_do_not_fit(void **state)
{
	enum what { PLUS_TWO, PLUS_PHI, OTHER, ZERO, ONE, EVEN, HUGE_NUMBER };
	static const struct {
		int part;
		enum what what;
		int want;
	} cases[] = {
		{ RSA_N, PLUS_TWO, ERR_MISMATCH },
		{ RSA_N, OTHER, ERR_MISMATCH },
		{ RSA_N, EVEN, ERR_FORMAT },
		{ RSA_N, ZERO, ERR_UNSUPPORTED },
		{ RSA_N, HUGE_NUMBER, ERR_UNSUPPORTED },
		{ RSA_E, PLUS_TWO, ERR_MISMATCH },
		{ RSA_E, ONE, ERR_FORMAT },
		{ RSA_E, ZERO, ERR_FORMAT },
		{ RSA_E, EVEN, ERR_FORMAT },
		{ RSA_E, HUGE_NUMBER, ERR_UNSUPPORTED },
		{ RSA_D, PLUS_TWO, ERR_MISMATCH },
		{ RSA_D, PLUS_PHI, ERR_MISMATCH },
		{ RSA_D, OTHER, ERR_MISMATCH },
		{ RSA_D, ZERO, ERR_MISMATCH },
		{ RSA_D, HUGE_NUMBER, ERR_UNSUPPORTED },
		{ RSA_P, PLUS_TWO, ERR_MISMATCH },
		{ RSA_P, OTHER, ERR_MISMATCH },
		{ RSA_P, ONE, ERR_MISMATCH },
		{ RSA_P, ZERO, ERR_MISMATCH },
		{ RSA_P, EVEN, ERR_MISMATCH },
		{ RSA_Q, OTHER, ERR_MISMATCH },
		{ RSA_Q, ONE, ERR_MISMATCH },
		{ RSA_DP, PLUS_TWO, ERR_MISMATCH },
		{ RSA_DP, PLUS_PHI, ERR_MISMATCH },
		{ RSA_DP, ZERO, ERR_MISMATCH },
		{ RSA_DQ, OTHER, ERR_MISMATCH },
		{ RSA_DQ, PLUS_PHI, ERR_MISMATCH },
		{ RSA_QI, PLUS_TWO, ERR_MISMATCH },
		{ RSA_QI, OTHER, ERR_MISMATCH },
		{ RSA_QI, ZERO, ERR_MISMATCH },
		{ RSA_QI, HUGE_NUMBER, ERR_UNSUPPORTED },
	};
	struct key *k = fixture_key(KEY_RSA), *other = fixture_key(KEY_RSA);
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *phi = BN_new(), *x = BN_new();
	struct fixture_rsa good, bad, foreign;
	struct key_rsa rsa;
	int r;

	(void)state;
	fixture_numbers(&good, k);
	fixture_numbers(&foreign, other);
	assert_int_equal(try_rsa(&good), 0);
	assert_int_equal(key_rsa_fetch(&rsa, k, NULL), 0);
	BN_sub(phi, rsa.part[RSA_N], rsa.part[RSA_P]);
	BN_sub(phi, phi, rsa.part[RSA_Q]);
	BN_add_word(phi, 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		fixture_numbers(&bad, k);
		BN_copy(x, rsa.part[cases[i].part]);
		switch (cases[i].what) {
		case PLUS_TWO:
			BN_add_word(x, 2);
			break;
		case PLUS_PHI:
			BN_add(x, x, phi);
			break;
		case OTHER:
			BN_bin2bn(foreign.part[cases[i].part].at,
			    (int)foreign.part[cases[i].part].len, x);
			break;
		case ZERO:
			BN_zero(x);
			break;
		case ONE:
			BN_one(x);
			break;
		case EVEN:
			BN_sub_word(x, 1);
			break;
		case HUGE_NUMBER:
			BN_one(x);
			BN_lshift(x, x, 8 * KEY_RSA_BYTES_MAX);
			BN_add_word(x, 1);
			break;
		}
		fixture_number(&bad, cases[i].part, x);
		r = try_rsa(&bad);
		if (r != cases[i].want)
			fail_msg("case %zu: %d", i, r);
	}
	BN_free(x);
	BN_free(phi);
	BN_CTX_free(ctx);
	key_rsa_clear(&rsa);
	key_free(k);
	key_free(other);
}

/* p and q swapped without a new coefficient; and with one it is a key. */
static void
rsa_swapped_primes(void **state)
{
	struct key *k = fixture_key(KEY_RSA);
	struct fixture_rsa r;
	struct key_bytes keep;
	struct key_rsa rsa;
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *x = BN_new();

	(void)state;
	fixture_numbers(&r, k);
	keep = r.part[RSA_P];
	r.part[RSA_P] = r.part[RSA_Q];
	r.part[RSA_Q] = keep;
	assert_int_equal(try_rsa(&r), ERR_MISMATCH);
	r.part[RSA_DP].at = r.part[RSA_DQ].at = NULL; /* computed */
	assert_int_equal(try_rsa(&r), ERR_MISMATCH);
	assert_int_equal(key_rsa_fetch(&rsa, k, NULL), 0);
	assert_non_null(
	    BN_mod_inverse(x, rsa.part[RSA_P], rsa.part[RSA_Q], ctx));
	fixture_number(&r, RSA_QI, x);
	assert_int_equal(try_rsa(&r), 0);
	key_rsa_clear(&rsa);
	BN_free(x);
	BN_CTX_free(ctx);
	key_free(k);
}

/*
 * A "prime" that is a product: all sums come out right, only the signature
 * shows it.
 */
static void
rsa_composite_prime(void **state)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *a = BN_new(), *b = BN_new(), *e = BN_new(), *d = BN_new();
	BIGNUM *p = BN_new(), *q = BN_new(), *n = BN_new(), *m = BN_new();
	BIGNUM *qi = BN_new(), *p1 = BN_new(), *q1 = BN_new();
	struct fixture_rsa r;
	struct key *k;

	(void)state;
	BN_set_word(e, 65537);
	do {
		BN_generate_prime_ex(a, 256, 0, NULL, NULL, NULL);
		BN_generate_prime_ex(b, 256, 0, NULL, NULL, NULL);
		BN_generate_prime_ex(q, 512, 0, NULL, NULL, NULL);
		BN_mul(p, a, b, ctx);
		BN_mul(n, p, q, ctx);
		BN_sub(p1, p, BN_value_one());
		BN_sub(q1, q, BN_value_one());
		BN_mul(m, p1, q1, ctx);
	} while (BN_num_bits(n) < 1024 ||
	    BN_mod_inverse(d, e, m, ctx) == NULL ||
	    BN_mod_inverse(qi, q, p, ctx) == NULL);
	fixture_number(&r, RSA_N, n);
	fixture_number(&r, RSA_E, e);
	fixture_number(&r, RSA_D, d);
	fixture_number(&r, RSA_P, p);
	fixture_number(&r, RSA_Q, q);
	fixture_number(&r, RSA_QI, qi);
	r.part[RSA_DP].at = r.part[RSA_DQ].at = NULL;
	r.part[RSA_DP].len = r.part[RSA_DQ].len = 0;
	assert_int_equal(key_make_rsa(r.part, &k, NULL), 0);
	assert_int_equal(key_prove(k, NULL, NULL), ERR_MISMATCH);
	key_free(k);
	BN_free(a);
	BN_free(b);
	BN_free(e);
	BN_free(d);
	BN_free(p);
	BN_free(q);
	BN_free(n);
	BN_free(m);
	BN_free(qi);
	BN_free(p1);
	BN_free(q1);
	BN_CTX_free(ctx);
}

static void
ecdsa_numbers(void **state)
{
	struct key_bytes none = { NULL, 0 }, point, number;
	uint8_t bytes[100] = { 0 };
	struct key *k, *other, *made;
	struct secret *s;

	(void)state;
	for (enum key_type t = KEY_ECDSA_256; t <= KEY_ECDSA_521; t++) {
		k = fixture_key(t);
		other = fixture_key(t);
		assert_int_equal(key_private_bytes(k, &s, NULL), 0);
		number.at = secret_bytes(s);
		number.len = secret_len(s);
		point = key_public_bytes(k);
		assert_int_equal(
		    key_make_ecdsa(t, number, point, &made, NULL), 0);
		fixture_same_blob(made, k);
		key_free(made);
		assert_int_equal(
		    key_make_ecdsa(t, number, none, &made, NULL), 0);
		fixture_same_blob(made, k);
		key_free(made);
		point = key_public_bytes(other);
		assert_int_equal(key_make_ecdsa(t, number, point, &made, NULL),
		    ERR_MISMATCH);
		assert_null(made);
		point = key_public_bytes(k);
		point.len--;
		assert_int_equal(key_make_ecdsa(t, number, point, &made, NULL),
		    ERR_MISMATCH);
		point.len = 0;
		assert_int_equal(key_make_ecdsa(t, number, point, &made, NULL),
		    ERR_MISMATCH);
		/* zero, beyond the order, longer than the field */
		number.at = bytes;
		memset(bytes, 0, sizeof(bytes));
		assert_int_equal(
		    key_make_ecdsa(t, number, none, &made, NULL), ERR_MISMATCH);
		memset(bytes, 0xff, sizeof(bytes));
		assert_int_equal(
		    key_make_ecdsa(t, number, none, &made, NULL), ERR_MISMATCH);
		number.len = sizeof(bytes);
		assert_int_equal(
		    key_make_ecdsa(t, number, none, &made, NULL), ERR_MISMATCH);
		secret_free(s);
		key_free(k);
		key_free(other);
	}
}

static void
ed25519_numbers(void **state)
{
	struct key *k = fixture_key(KEY_ED25519), *made;
	struct key_bytes seed, claimed = key_public_bytes(k), wrong;
	uint8_t other[32];
	struct secret *s;

	(void)state;
	assert_int_equal(key_private_bytes(k, &s, NULL), 0);
	seed.at = secret_bytes(s);
	seed.len = secret_len(s);
	memcpy(other, claimed.at, sizeof(other));
	wrong.at = other;
	wrong.len = sizeof(other);
	for (size_t i = 0; i < 256; i++) {
		other[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(
		    key_make_ed25519(seed, wrong, &made, NULL), ERR_MISMATCH);
		assert_null(made);
		other[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	wrong.len = 31;
	assert_int_equal(
	    key_make_ed25519(seed, wrong, &made, NULL), ERR_MISMATCH);
	for (seed.len = 0; seed.len < 32; seed.len++)
		assert_int_equal(
		    key_make_ed25519(seed, claimed, &made, NULL), ERR_FORMAT);
	assert_int_equal(key_make_ed25519(seed, claimed, &made, NULL), 0);
	key_free(made);
	secret_free(s);
	key_free(k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rsa_numbers_that_do_not_fit),
		cmocka_unit_test(rsa_swapped_primes),
		cmocka_unit_test(rsa_composite_prime),
		cmocka_unit_test(ecdsa_numbers),
		cmocka_unit_test(ed25519_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
