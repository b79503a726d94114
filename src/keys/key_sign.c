/* SPDX-License-Identifier: ISC */
/*
 * Signing, in the forms that SSH has: libcrypto's ECDSA signatures are DER and
 * must be taken apart.
 */

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <string.h>

#include "pemkeep/base/err.h"
#include "src/keys/key_internal.h"

/* The digest that 'algorithm' means for a key of that type. */
static bool
find_digest(enum key_type type, const char *algorithm, const char **digestp)
{
	const struct key_kind *kind = key_kind(type);

	*digestp = kind->digest;
	if (type != KEY_RSA)
		return strcmp(algorithm, kind->ssh) == 0;
	if (strcmp(algorithm, "rsa-sha2-256") == 0)
		*digestp = "SHA256";
	else if (strcmp(algorithm, "rsa-sha2-512") == 0)
		*digestp = "SHA512";
	return *digestp != NULL;
}

/* DER to string(mpint r | mpint s). */
static bool
put_ecdsa(struct buf *out, const uint8_t *der, size_t len)
{
	uint8_t number[KEY_FIELD_MAX];
	struct buf inner = BUF_INIT;
	const BIGNUM *part[2];
	ECDSA_SIG *sig;
	bool ok = false;

	sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
	if (sig == NULL)
		return false;
	ECDSA_SIG_get0(sig, &part[0], &part[1]);
	for (int i = 0; i < 2; i++) {
		if (BN_num_bytes(part[i]) > (int)sizeof(number))
			goto out;
		buf_put_mpint(
		    &inner, number, (size_t)BN_bn2bin(part[i], number));
	}
	buf_put_string(out, inner.data, inner.len);
	ok = buf_ok(&inner);
out:
	buf_free(&inner);
	ECDSA_SIG_free(sig);
	return ok;
}

int
key_sign(const struct key *k, const char *algorithm, const void *data,
    size_t len, struct buf *out, struct err *e)
{
	uint8_t sig[KEY_RSA_BYTES_MAX];
	size_t sig_len = sizeof(sig);
	const char *digest_name;
	EVP_MD_CTX *ctx;
	bool ok;

	if (!find_digest(k->type, algorithm, &digest_name))
		return err_set(e, ERR_UNSUPPORTED,
		    "the signature algorithm '%s' does not fit this key",
		    algorithm);
	ctx = EVP_MD_CTX_new();
	ok = ctx != NULL &&
	    EVP_DigestSignInit_ex(
		ctx, NULL, digest_name, NULL, NULL, k->pkey, NULL) == 1 &&
	    EVP_DigestSign(ctx, sig, &sig_len, data, len) == 1;
	EVP_MD_CTX_free(ctx);
	if (!ok)
		return key_crypto_failed(e, "signing");
	buf_put_cstring(out, algorithm);
	if (key_kind(k->type)->curve == NULL)
		buf_put_string(out, sig, sig_len);
	else if (!put_ecdsa(out, sig, sig_len))
		return key_crypto_failed(e, "signing");
	ERR_clear_error();
	if (!buf_ok(out))
		return err_set(e, ERR_NOMEM, "out of memory");
	return 0;
}
