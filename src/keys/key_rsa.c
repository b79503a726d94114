/* SPDX-License-Identifier: ISC */
/*
 * The numbers of an RSA key, and whether they fit each other.  BN_secure_new()
 * is used throughout: libcrypto then wipes its own copies too.
 */

#include <openssl/err.h>
#include <openssl/evp.h>

#include <string.h>

#include "pemkeep/base/err.h"
#include "src/keys/key_internal.h"

/* The names that EVP_PKEY has for the numbers. */
static const char *const names[RSA_PARTS] = { "n", "e", "d", "rsa-factor1",
	"rsa-factor2", "rsa-exponent1", "rsa-exponent2", "rsa-coefficient1" };

const char *
key_rsa_name(int part)
{
	return names[part];
}

static bool
allocate(struct key_rsa *r)
{
	for (int i = 0; i < RSA_PARTS; i++) {
		r->part[i] = BN_secure_new();
		if (r->part[i] == NULL)
			return false;
		BN_set_flags(r->part[i], BN_FLG_CONSTTIME);
	}
	return true;
}

/* out = d mod (prime - 1) */
static bool
crt_exponent(BIGNUM *out, const BIGNUM *d, const BIGNUM *prime, BN_CTX *ctx)
{
	BIGNUM *less = BN_CTX_get(ctx);

	return less != NULL && BN_copy(less, prime) != NULL &&
	    BN_sub_word(less, 1) == 1 && !BN_is_zero(less) &&
	    BN_mod(out, d, less, ctx) == 1;
}

static bool
complete(struct key_rsa *r, const struct key_bytes part[RSA_PARTS])
{
	BN_CTX *ctx;
	bool ok = true;

	if (part[RSA_DP].at != NULL && part[RSA_DQ].at != NULL)
		return true;
	ctx = BN_CTX_secure_new();
	if (ctx == NULL)
		return false;
	BN_CTX_start(ctx);
	ok = crt_exponent(
		 r->part[RSA_DP], r->part[RSA_D], r->part[RSA_P], ctx) &&
	    crt_exponent(r->part[RSA_DQ], r->part[RSA_D], r->part[RSA_Q], ctx);
	BN_CTX_end(ctx);
	BN_CTX_free(ctx);
	return ok;
}

int
key_rsa_load(
    struct key_rsa *r, const struct key_bytes part[RSA_PARTS], struct err *e)
{
	memset(r, 0, sizeof(*r));
	if (!allocate(r))
		return key_crypto_failed(e, "out of memory");
	for (int i = 0; i < RSA_PARTS; i++) {
		/* A modulus bounds all others; key_rsa_check() compares. */
		if (part[i].len > KEY_RSA_BYTES_MAX)
			return err_set(e, ERR_UNSUPPORTED,
			    "an RSA key of more than %u bits", KEY_RSA_MAX);
		if (part[i].at != NULL &&
		    BN_bin2bn(part[i].at, (int)part[i].len, r->part[i]) == NULL)
			return key_crypto_failed(e, "reading RSA numbers");
	}
	if (!complete(r, part)) {
		ERR_clear_error();
		return err_set(e, ERR_MISMATCH,
		    "the numbers of the RSA key do not fit each other");
	}
	return 0;
}

int
key_rsa_fetch(struct key_rsa *r, const struct key *k, struct err *e)
{
	memset(r, 0, sizeof(*r));
	if (!allocate(r))
		return key_crypto_failed(e, "out of memory");
	for (int i = 0; i < RSA_PARTS; i++)
		if (EVP_PKEY_get_bn_param(k->pkey, names[i], &r->part[i]) != 1)
			return key_crypto_failed(e, "reading RSA numbers");
	return 0;
}

void
key_rsa_clear(struct key_rsa *r)
{
	for (int i = 0; i < RSA_PARTS; i++)
		BN_clear_free(r->part[i]);
	memset(r, 0, sizeof(*r));
}

int
key_rsa_check_public(const BIGNUM *n, const BIGNUM *e, struct err *err)
{
	int bits = BN_num_bits(n);

	if (bits < (int)KEY_RSA_MIN || bits > (int)KEY_RSA_MAX)
		return err_set(err, ERR_UNSUPPORTED,
		    "an RSA key of %d bits (pemkeep takes %u to %u)", bits,
		    KEY_RSA_MIN, KEY_RSA_MAX);
	if (!BN_is_odd(n) || !BN_is_odd(e) || BN_is_one(e) || BN_cmp(e, n) >= 0)
		return err_set(err, ERR_FORMAT,
		    "modulus and exponent are not those of an RSA key");
	if (bits > (int)KEY_RSA_ANY_E && BN_num_bits(e) > 64)
		return err_set(err, ERR_UNSUPPORTED,
		    "an RSA key with a public exponent of %d bits",
		    BN_num_bits(e));
	return 0;
}

/* Odd, at least 3, and smaller than n. */
static bool
possible_prime(const BIGNUM *p, const BIGNUM *n)
{
	return BN_is_odd(p) && !BN_is_one(p) && BN_cmp(p, n) < 0;
}

/* e * exponent = 1, and exponent = d, both modulo (prime - 1) */
static bool
exponent_fits(const struct key_rsa *r, const BIGNUM *prime,
    const BIGNUM *exponent, BN_CTX *ctx)
{
	BIGNUM *less = BN_CTX_get(ctx);
	BIGNUM *x = BN_CTX_get(ctx);

	return x != NULL && BN_copy(less, prime) != NULL &&
	    BN_sub_word(less, 1) == 1 && BN_cmp(exponent, less) < 0 &&
	    BN_mod(x, r->part[RSA_D], less, ctx) == 1 &&
	    BN_cmp(x, exponent) == 0 &&
	    BN_mod_mul(x, x, r->part[RSA_E], less, ctx) == 1 && BN_is_one(x);
}

static bool
numbers_fit(const struct key_rsa *r, BN_CTX *ctx)
{
	const BIGNUM *n = r->part[RSA_N];
	const BIGNUM *p = r->part[RSA_P], *q = r->part[RSA_Q];
	BIGNUM *x = BN_CTX_get(ctx);

	return x != NULL && possible_prime(p, n) && possible_prime(q, n) &&
	    BN_mul(x, p, q, ctx) == 1 && BN_cmp(x, n) == 0 &&
	    BN_cmp(r->part[RSA_D], n) < 0 &&
	    exponent_fits(r, p, r->part[RSA_DP], ctx) &&
	    exponent_fits(r, q, r->part[RSA_DQ], ctx) &&
	    BN_cmp(r->part[RSA_QI], p) < 0 &&
	    BN_mod_mul(x, r->part[RSA_QI], q, p, ctx) == 1 && BN_is_one(x);
}

int
key_rsa_check(const struct key_rsa *r, struct err *e)
{
	BN_CTX *ctx;
	bool fit;
	int result;

	result = key_rsa_check_public(r->part[RSA_N], r->part[RSA_E], e);
	if (result != 0)
		return result;
	ctx = BN_CTX_secure_new();
	if (ctx == NULL)
		return key_crypto_failed(e, "out of memory");
	BN_CTX_start(ctx);
	fit = numbers_fit(r, ctx);
	BN_CTX_end(ctx);
	BN_CTX_free(ctx);
	ERR_clear_error();
	if (!fit)
		return err_set(e, ERR_MISMATCH,
		    "the numbers of the RSA key do not fit each other");
	return 0;
}
