/* SPDX-License-Identifier: ISC */
/*
 * Decryption, into guarded memory.  Whether the padding was right is not to be
 * learnt from how long it took: libcrypto sees to that, in later versions by making
 * up a plaintext where there is none.
 */

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "pemkeep/base/err.h"
#include "src/keys/key_internal.h"
#include "vault/secret.h"

static bool
decrypt(EVP_PKEY_CTX *ctx, const void *data, size_t len, struct secret *plain)
{
	size_t size = secret_capacity(plain);

	return EVP_PKEY_decrypt_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_decrypt(ctx, secret_data(plain), &size, data, len) == 1 &&
	    secret_set_len(plain, size);
}

int
key_decrypt(const struct key *k, const void *data, size_t len,
    struct secret **plainp, struct err *e)
{
	struct secret *plain;
	EVP_PKEY_CTX *ctx;
	bool done;

	*plainp = NULL;
	if (k->type != KEY_RSA)
		return err_set(e, ERR_UNSUPPORTED, "only RSA keys can decrypt");
	if (len != (size_t)EVP_PKEY_get_size(k->pkey))
		return err_set(e, ERR_FORMAT,
		    "what is to be decrypted has %zu bytes, and the key has "
		    "%d",
		    len, EVP_PKEY_get_size(k->pkey));
	plain = secret_new(len);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
	if (plain == NULL || ctx == NULL) {
		EVP_PKEY_CTX_free(ctx);
		secret_free(plain);
		return key_crypto_failed(e, "out of memory");
	}
	done = decrypt(ctx, data, len, plain);
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	if (!done) {
		secret_free(plain);
		return err_set(
		    e, ERR_MISMATCH, "it was not encrypted for this key");
	}
	*plainp = plain;
	return 0;
}
