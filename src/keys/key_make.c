/* SPDX-License-Identifier: ISC */
/*
 * Keys from raw numbers, all of them checked: OpenSSL 3.0 itself takes any
 * public point along with any private number.
 */

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>

#include "pemkeep/base/err.h"
#include "src/keys/key_internal.h"

EVP_PKEY *
key_from_params(const char *algorithm, int selection, OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, algorithm, NULL);
	EVP_PKEY *pkey = NULL;

	if (ctx != NULL && params != NULL && EVP_PKEY_fromdata_init(ctx) == 1)
		(void)EVP_PKEY_fromdata(ctx, &pkey, selection, params);
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return pkey;
}

static EVP_PKEY *
rsa_pkey(const struct key_rsa *r)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	bool ok = bld != NULL;

	for (int i = 0; ok && i < RSA_PARTS; i++)
		ok = OSSL_PARAM_BLD_push_BN(bld, key_rsa_name(i), r->part[i]) ==
		    1;
	if (ok)
		params = OSSL_PARAM_BLD_to_param(bld);
	OSSL_PARAM_BLD_free(bld);
	return key_from_params("RSA", EVP_PKEY_KEYPAIR, params);
}

int
key_make_rsa(
    const struct key_bytes part[RSA_PARTS], struct key **kp, struct err *e)
{
	struct key_rsa rsa;
	EVP_PKEY *pkey;
	int r;

	*kp = NULL;
	r = key_rsa_load(&rsa, part, e);
	if (r == 0)
		r = key_rsa_check(&rsa, e);
	if (r != 0)
		goto out;
	pkey = rsa_pkey(&rsa);
	if (pkey == NULL) {
		r = key_crypto_failed(e, "making an RSA key");
		goto out;
	}
	r = key_wrap(KEY_RSA, pkey, kp, e);
out:
	key_rsa_clear(&rsa);
	return r;
}

static int
halves_differ(struct err *e)
{
	return err_set(e, ERR_MISMATCH,
	    "its private and public half do not belong together");
}

int
key_make_ed25519(struct key_bytes seed, struct key_bytes claimed,
    struct key **kp, struct err *e)
{
	struct key_bytes own;
	EVP_PKEY *pkey;
	int r;

	*kp = NULL;
	if (seed.len != KEY_ED25519_BYTES)
		return err_set(e, ERR_FORMAT,
		    "damaged: an Ed25519 key has 32 bytes, not %zu", seed.len);
	pkey = EVP_PKEY_new_raw_private_key(
	    EVP_PKEY_ED25519, NULL, seed.at, seed.len);
	if (pkey == NULL)
		return key_crypto_failed(e, "making an Ed25519 key");
	r = key_wrap(KEY_ED25519, pkey, kp, e);
	if (r != 0 || claimed.at == NULL)
		return r;
	own = key_public_bytes(*kp);
	if (own.len == claimed.len &&
	    CRYPTO_memcmp(own.at, claimed.at, own.len) == 0)
		return 0;
	key_free(*kp);
	*kp = NULL;
	return halves_differ(e);
}

/* What the way from a private number to its point needs. */
struct curve {
	EC_GROUP *group;
	EC_POINT *own, *claimed;
	BIGNUM *number;
	BN_CTX *ctx;
};

static bool
curve_open(
    struct curve *c, const struct key_kind *kind, struct key_bytes number)
{
	c->group = EC_GROUP_new_by_curve_name(kind->nid);
	c->ctx = BN_CTX_secure_new();
	c->number = BN_secure_new();
	if (c->group == NULL || c->ctx == NULL || c->number == NULL)
		return false;
	c->own = EC_POINT_new(c->group);
	c->claimed = EC_POINT_new(c->group);
	BN_set_flags(c->number, BN_FLG_CONSTTIME);
	return c->own != NULL && c->claimed != NULL &&
	    BN_bin2bn(number.at, (int)number.len, c->number) != NULL;
}

static void
curve_close(struct curve *c)
{
	EC_POINT_clear_free(c->own);
	EC_POINT_clear_free(c->claimed);
	EC_GROUP_free(c->group);
	BN_clear_free(c->number);
	BN_CTX_free(c->ctx);
}

/* In plain or compressed form; "hybrid" (06, 07) is nobody's. */
static bool
same_point(struct curve *c, struct key_bytes claimed)
{
	return claimed.len > 0 && claimed.at[0] >= 2 && claimed.at[0] <= 4 &&
	    EC_POINT_oct2point(
		c->group, c->claimed, claimed.at, claimed.len, c->ctx) == 1 &&
	    EC_POINT_cmp(c->group, c->own, c->claimed, c->ctx) == 0;
}

/* The point of the private number, compared with what is claimed. */
static int
curve_point(struct curve *c, struct key_bytes claimed,
    uint8_t point[KEY_POINT_MAX], size_t *lenp, struct err *e)
{
	if (BN_is_zero(c->number) ||
	    BN_cmp(c->number, EC_GROUP_get0_order(c->group)) >= 0)
		return err_set(e, ERR_MISMATCH,
		    "the private number is not one of this curve");
	if (EC_POINT_mul(c->group, c->own, c->number, NULL, NULL, c->ctx) != 1)
		return key_crypto_failed(e, "finding the public point");
	if (claimed.at != NULL && !same_point(c, claimed)) {
		ERR_clear_error();
		return halves_differ(e);
	}
	*lenp = EC_POINT_point2oct(c->group, c->own,
	    POINT_CONVERSION_UNCOMPRESSED, point, KEY_POINT_MAX, c->ctx);
	if (*lenp == 0)
		return key_crypto_failed(e, "writing the public point");
	return 0;
}

static EVP_PKEY *
ec_pkey(const struct key_kind *kind, const BIGNUM *number, const uint8_t *point,
    size_t len)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;

	if (bld != NULL &&
	    OSSL_PARAM_BLD_push_utf8_string(bld, "group", kind->group, 0) ==
		1 &&
	    OSSL_PARAM_BLD_push_octet_string(bld, "pub", point, len) == 1 &&
	    OSSL_PARAM_BLD_push_BN_pad(bld, "priv", number, kind->field) == 1)
		params = OSSL_PARAM_BLD_to_param(bld);
	OSSL_PARAM_BLD_free(bld);
	return key_from_params("EC", EVP_PKEY_KEYPAIR, params);
}

int
key_make_ecdsa(enum key_type type, struct key_bytes number,
    struct key_bytes claimed, struct key **kp, struct err *e)
{
	const struct key_kind *kind = key_kind(type);
	struct curve c = { NULL, NULL, NULL, NULL, NULL };
	uint8_t point[KEY_POINT_MAX];
	EVP_PKEY *pkey;
	size_t len;
	int r;

	*kp = NULL;
	while (number.len > 0 && number.at[0] == 0) {
		number.at++;
		number.len--;
	}
	if (number.len > kind->field)
		return err_set(e, ERR_MISMATCH,
		    "the private number is not one of this curve");
	if (!curve_open(&c, kind, number)) {
		r = key_crypto_failed(e, "out of memory");
		goto out;
	}
	r = curve_point(&c, claimed, point, &len, e);
	if (r != 0)
		goto out;
	pkey = ec_pkey(kind, c.number, point, len);
	if (pkey == NULL) {
		r = key_crypto_failed(e, "making an ECDSA key");
		goto out;
	}
	r = key_wrap(type, pkey, kp, e);
out:
	curve_close(&c);
	return r;
}
