/* SPDX-License-Identifier: ISC */
/* Verifying SSH signatures with a public key blob. */

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>

#include <string.h>

#include "pemkeep/base/err.h"
#include "pemkeep/keys/pubkey.h"
#include "src/keys/key_internal.h"

static EVP_PKEY *
rsa_pkey(const struct pubkey_parts *p)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *n = BN_bin2bn(p->n.at, (int)p->n.len, NULL);
	BIGNUM *e = BN_bin2bn(p->e.at, (int)p->e.len, NULL);
	OSSL_PARAM *params = NULL;

	if (bld != NULL && n != NULL && e != NULL &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		params = OSSL_PARAM_BLD_to_param(bld);
	BN_free(n);
	BN_free(e);
	OSSL_PARAM_BLD_free(bld);
	return key_from_params("RSA", EVP_PKEY_PUBLIC_KEY, params);
}

static EVP_PKEY *
ec_pkey(const struct pubkey_parts *p)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;

	if (bld != NULL &&
	    OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
		key_kind(p->type)->group, 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(
		bld, OSSL_PKEY_PARAM_PUB_KEY, p->point.at, p->point.len) == 1)
		params = OSSL_PARAM_BLD_to_param(bld);
	OSSL_PARAM_BLD_free(bld);
	return key_from_params("EC", EVP_PKEY_PUBLIC_KEY, params);
}

static EVP_PKEY *
public_pkey(const struct pubkey_parts *p)
{
	if (p->type == KEY_RSA)
		return rsa_pkey(p);
	if (p->type == KEY_ED25519)
		return EVP_PKEY_new_raw_public_key(
		    EVP_PKEY_ED25519, NULL, p->point.at, p->point.len);
	return ec_pkey(p);
}

/* The digest that the signature's algorithm names. */
static bool
read_algorithm(struct wire *w, enum key_type type, const char **digestp)
{
	const struct key_kind *kind = key_kind(type);
	struct wire copy = *w;

	*digestp = kind->digest;
	if (type != KEY_RSA)
		return wire_string_is(w, kind->ssh);
	*digestp = "SHA256";
	if (wire_string_is(w, "rsa-sha2-256"))
		return true;
	*w = copy;
	*digestp = "SHA512";
	return wire_string_is(w, "rsa-sha2-512");
}

/* string(mpint r | mpint s) to DER; freed with OPENSSL_free(). */
static uint8_t *
ecdsa_der(const uint8_t *bytes, size_t len, size_t *derlenp)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = NULL, *s = NULL;
	const uint8_t *at[2];
	size_t n[2];
	uint8_t *der = NULL;
	struct wire w;
	int der_len = 0;

	wire_init(&w, bytes, len);
	at[0] = wire_mpint(&w, &n[0]);
	at[1] = wire_mpint(&w, &n[1]);
	if (wire_done(&w) && n[0] <= KEY_FIELD_MAX && n[1] <= KEY_FIELD_MAX) {
		r = BN_bin2bn(at[0], (int)n[0], NULL);
		s = BN_bin2bn(at[1], (int)n[1], NULL);
	}
	if (sig != NULL && r != NULL && s != NULL &&
	    ECDSA_SIG_set0(sig, r, s) == 1) {
		r = s = NULL;
		der_len = i2d_ECDSA_SIG(sig, &der);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(sig);
	*derlenp = der_len > 0 ? (size_t)der_len : 0;
	return der;
}

static bool
verify(EVP_PKEY *pkey, const char *digest_name, struct key_bytes sig,
    const void *data, size_t len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	ok = ctx != NULL && pkey != NULL && sig.len > 0 &&
	    EVP_DigestVerifyInit_ex(
		ctx, NULL, digest_name, NULL, NULL, pkey, NULL) == 1 &&
	    EVP_DigestVerify(ctx, sig.at, sig.len, data, len) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

int
pubkey_verify(const uint8_t *blob, size_t len, const struct buf *signature,
    const void *data, size_t data_len, struct err *e)
{
	const char *digest_name;
	struct pubkey_parts p;
	struct key_bytes sig;
	EVP_PKEY *pkey = NULL;
	uint8_t *der = NULL;
	struct wire w;
	bool ok = false;

	if (pubkey_parse(blob, len, &p, NULL) != 0)
		goto out;
	wire_init(&w, signature->data, signature->len);
	if (!read_algorithm(&w, p.type, &digest_name))
		goto out;
	sig.at = wire_string(&w, &sig.len);
	if (!wire_done(&w))
		goto out;
	if (key_kind(p.type)->curve != NULL) {
		der = ecdsa_der(sig.at, sig.len, &sig.len);
		sig.at = der;
	}
	pkey = public_pkey(&p);
	ok = verify(pkey, digest_name, sig, data, data_len);
out:
	EVP_PKEY_free(pkey);
	OPENSSL_free(der);
	ERR_clear_error();
	if (!ok)
		return err_set(
		    e, ERR_MISMATCH, "the signature does not fit the key");
	return 0;
}
