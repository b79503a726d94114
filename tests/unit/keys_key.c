/* SPDX-License-Identifier: ISC */
/* Private keys: making them, their PKCS#8 form, numbers that do not fit. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <openssl/bn.h>

#include "keys_fixture.h"
#include "pemkeep/keys/keyfile.h"
#include "pemkeep/keys/pubkey.h"

static const struct {
	enum key_type type;
	unsigned bits;
	const char *ssh, *word;
} types[] = {
	{ KEY_RSA, 2048, "ssh-rsa", "rsa" },
	{ KEY_ED25519, 256, "ssh-ed25519", "ed25519" },
	{ KEY_ECDSA_256, 256, "ecdsa-sha2-nistp256", "ecdsa" },
	{ KEY_ECDSA_384, 384, "ecdsa-sha2-nistp384", "ecdsa" },
	{ KEY_ECDSA_521, 521, "ecdsa-sha2-nistp521", "ecdsa" },
};

static void
generate_refuses_sizes(void **state)
{
	static const unsigned sizes[] = { 0, 1, 512, 1024, 2047, 16385,
		0x80000000u };
	struct err e;
	struct key *k;

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		k = (struct key *)&e;
		assert_int_equal(
		    key_generate(KEY_RSA, sizes[i], &k, &e), ERR_UNSUPPORTED);
		assert_null(k);
		assert_int_equal(e.code, ERR_UNSUPPORTED);
	}
}

static void
generate_and_facts(void **state)
{
	struct pubkey_facts facts;
	struct key *k, *other;

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		k = fixture_key(types[i].type);
		other = fixture_key(types[i].type);
		assert_int_equal(key_type(k), types[i].type);
		assert_int_equal(key_bits(k), types[i].bits);
		assert_string_equal(key_ssh_name(types[i].type), types[i].ssh);
		assert_string_equal(key_word(types[i].type), types[i].word);
		assert_int_equal(
		    pubkey_facts(k->blob.data, k->blob.len, &facts, NULL), 0);
		assert_int_equal(facts.type, types[i].type);
		assert_int_equal(facts.bits, types[i].bits);
		assert_int_equal(key_prove(k, NULL, NULL), 0);
		assert_int_equal(key_prove(k, &k->blob, NULL), 0);
		assert_int_equal(
		    key_prove(k, &other->blob, NULL), ERR_MISMATCH);
		key_free(k);
		key_free(other);
	}
	key_free(NULL);
}

/* Loading must fail; *kp must be NULL then. */
static void
refused(const struct secret *der, int want, const char *what, size_t i)
{
	struct err e = { 0 };
	struct key *k = (struct key *)&e;
	int r = key_from_pkcs8(der, &k, &e);

	if (r == 0 || k != NULL || (want != 0 && r != want))
		fail_msg("%s %zu: %d, %s", what, i, r, e.text);
	assert_int_equal(e.code, r);
}

static void
pkcs8_truncated_or_longer(void **state)
{
	struct secret *der, *cut;
	struct key *k;

	(void)state;
	for (size_t t = 0; t < COUNT(types); t++) {
		k = fixture_key(types[t].type);
		der = fixture_pkcs8(k);
		for (size_t len = 0; len < secret_len(der); len++) {
			cut = fixture_secret(secret_bytes(der), len);
			refused(cut, ERR_FORMAT, types[t].ssh, len);
			secret_free(cut);
		}
		cut = secret_new(secret_len(der) + 1);
		assert_true(
		    secret_append(cut, secret_bytes(der), secret_len(der)));
		assert_true(secret_append(cut, "", 1));
		refused(cut, ERR_FORMAT, "longer", 1);
		secret_free(cut);
		secret_free(der);
		key_free(k);
	}
}

/*
 * Any bit changed is refused, but in an Ed25519 seed (the last 32 bytes):
 * every seed is a key, of another public half.
 */
static void
pkcs8_bit_flips(void **state)
{
	struct key *k, *changed;
	struct secret *der;
	size_t len;

	(void)state;
	for (size_t t = 0; t < COUNT(types); t++) {
		k = fixture_key(types[t].type);
		der = fixture_pkcs8(k);
		len = secret_len(der);
		if (types[t].type == KEY_ED25519) {
			len -= 32;
			secret_data(der)[len] ^= 1;
			assert_int_equal(
			    key_from_pkcs8(der, &changed, NULL), 0);
			assert_memory_not_equal(
			    changed->blob.data, k->blob.data, k->blob.len);
			key_free(changed);
			secret_data(der)[len] ^= 1;
		}
		for (size_t i = 0; i < 8 * len; i += 3) {
			secret_data(der)[i / 8] ^= (uint8_t)(1 << i % 8);
			refused(der, 0, types[t].ssh, i);
			secret_data(der)[i / 8] ^= (uint8_t)(1 << i % 8);
		}
		assert_int_equal(key_from_pkcs8(der, &changed, NULL), 0);
		key_free(changed);
		secret_free(der);
		key_free(k);
	}
}

static void
pkcs8_round_trip(void **state)
{
	struct secret *der, *again;
	struct key *k, *copy;

	(void)state;
	for (size_t t = 0; t < COUNT(types); t++) {
		k = fixture_key(types[t].type);
		der = fixture_pkcs8(k);
		assert_int_equal(key_from_pkcs8(der, &copy, NULL), 0);
		again = fixture_pkcs8(copy);
		assert_true(secret_equal(der, again));
		assert_int_equal(key_bits(copy), types[t].bits);
		fixture_same_blob(k, copy);
		secret_free(der);
		secret_free(again);
		key_free(k);
		key_free(copy);
	}
}

/* A file that key_to_file() wrote is read as the same key. */
static void
file_round_trip(void **state)
{
	struct secret *text, *der, *again;
	struct keyfile f;
	struct key *k;

	(void)state;
	for (size_t t = 0; t < COUNT(types); t++) {
		k = fixture_key(types[t].type);
		assert_int_equal(key_to_file(k, "my key", &text, NULL), 0);
		assert_int_equal(keyfile_read(text, NULL, &f, NULL), 0);
		assert_int_equal(f.repairs, 0);
		assert_int_equal(f.format,
		    types[t].type == KEY_RSA ? KEYFILE_PKCS1 : KEYFILE_OPENSSH);
		assert_string_equal(
		    f.comment, types[t].type == KEY_RSA ? "" : "my key");
		der = fixture_pkcs8(k);
		again = fixture_pkcs8(f.key);
		assert_true(secret_equal(der, again));
		secret_free(der);
		secret_free(again);
		secret_free(text);
		keyfile_clear(&f);
		key_free(k);
	}
}

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

static void
ec2_sha1_is_for_rsa(void **state)
{
	uint8_t out[20];
	struct key *k;

	(void)state;
	for (size_t t = 1; t < COUNT(types); t++) {
		k = fixture_key(types[t].type);
		memset(out, 1, sizeof(out));
		assert_int_equal(key_ec2_sha1(k, out, NULL), ERR_UNSUPPORTED);
		assert_int_equal(out[0], 0);
		key_free(k);
	}
	/* The right digest is compared with openssl's in interop/keys.sh. */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(generate_refuses_sizes),
		cmocka_unit_test(generate_and_facts),
		cmocka_unit_test(pkcs8_truncated_or_longer),
		cmocka_unit_test(pkcs8_bit_flips),
		cmocka_unit_test(pkcs8_round_trip),
		cmocka_unit_test(file_round_trip),
		cmocka_unit_test(rsa_numbers_that_do_not_fit),
		cmocka_unit_test(rsa_swapped_primes),
		cmocka_unit_test(rsa_composite_prime),
		cmocka_unit_test(ecdsa_numbers),
		cmocka_unit_test(ed25519_numbers),
		cmocka_unit_test(ec2_sha1_is_for_rsa),
	};

	if (keyfile_askpass_main())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
