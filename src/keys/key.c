/* SPDX-License-Identifier: ISC */
/*
 * struct key: an EVP_PKEY, its type, and its public half in SSH wire form,
 * which everybody asks for.  Making one of raw numbers is key_make.c.
 */

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/digest.h"
#include "pemkeep/base/err.h"
#include "pemkeep/keys/key.h"
#include "src/keys/key_internal.h"
#include "vault/secret.h"

static const struct key_kind kinds[] = {
	[KEY_RSA] = { "ssh-rsa", "rsa", NULL, NULL, 0, 0, 0, NULL },
	[KEY_ED25519] = { "ssh-ed25519", "ed25519", NULL, NULL, 0, 256,
	    KEY_ED25519_BYTES, NULL },
	[KEY_ECDSA_256] = { "ecdsa-sha2-nistp256", "ecdsa", "nistp256",
	    "prime256v1", NID_X9_62_prime256v1, 256, 32, "SHA256" },
	[KEY_ECDSA_384] = { "ecdsa-sha2-nistp384", "ecdsa", "nistp384",
	    "secp384r1", NID_secp384r1, 384, 48, "SHA384" },
	[KEY_ECDSA_521] = { "ecdsa-sha2-nistp521", "ecdsa", "nistp521",
	    "secp521r1", NID_secp521r1, 521, KEY_FIELD_MAX, "SHA512" },
};

const struct key_kind *
key_kind(enum key_type type)
{
	return &kinds[type];
}

int
key_crypto_failed(struct err *e, const char *what)
{
	ERR_clear_error();
	return err_set(e, ERR_FAILED, "libcrypto failed: %s", what);
}

static EVP_PKEY *
generate(enum key_type type, unsigned bits)
{
	if (type == KEY_RSA)
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
	if (type == KEY_ED25519)
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return EVP_PKEY_Q_keygen(NULL, NULL, "EC", kinds[type].group);
}

int
key_generate(enum key_type type, unsigned bits, struct key **kp, struct err *e)
{
	EVP_PKEY *pkey;
	int r;

	*kp = NULL;
	if (type == KEY_RSA && (bits < 2048 || bits > KEY_RSA_MAX))
		return err_set(e, ERR_UNSUPPORTED,
		    "an RSA key of %u bits cannot be made (2048 to %u)", bits,
		    KEY_RSA_MAX);
	pkey = generate(type, bits);
	if (pkey == NULL)
		return key_crypto_failed(e, "making a key");
	r = key_wrap(type, pkey, kp, e);
	if (r != 0)
		return r;
	r = key_prove(*kp, NULL, e);
	if (r != 0) {
		key_free(*kp);
		*kp = NULL;
	}
	return r;
}

void
key_free(struct key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->pkey);
	buf_free(&k->blob);
	OPENSSL_cleanse(k, sizeof(*k));
	free(k);
}

static bool
put_rsa(struct buf *b, const EVP_PKEY *pkey)
{
	uint8_t bytes[KEY_RSA_BYTES_MAX];
	BIGNUM *n = NULL, *e = NULL;
	bool ok = false;

	if (EVP_PKEY_get_bn_param(pkey, "n", &n) != 1 ||
	    EVP_PKEY_get_bn_param(pkey, "e", &e) != 1 ||
	    BN_num_bytes(n) > (int)sizeof(bytes) ||
	    BN_num_bytes(e) > (int)sizeof(bytes))
		goto out;
	buf_put_mpint(b, bytes, (size_t)BN_bn2bin(e, bytes));
	buf_put_mpint(b, bytes, (size_t)BN_bn2bin(n, bytes));
	ok = true;
out:
	BN_free(n);
	BN_free(e);
	return ok;
}

static bool
put_point(struct buf *b, const EVP_PKEY *pkey, const struct key_kind *kind)
{
	uint8_t point[KEY_POINT_MAX];
	size_t len = sizeof(point);

	if (kind->curve == NULL) {
		if (EVP_PKEY_get_raw_public_key(pkey, point, &len) != 1 ||
		    len != KEY_ED25519_BYTES)
			return false;
	} else {
		if (EVP_PKEY_get_octet_string_param(
			pkey, "pub", point, sizeof(point), &len) != 1 ||
		    len != 1 + 2 * (size_t)kind->field || point[0] != 4)
			return false;
		buf_put_cstring(b, kind->curve);
	}
	buf_put_string(b, point, len);
	return true;
}

int
key_wrap(enum key_type type, EVP_PKEY *pkey, struct key **kp, struct err *e)
{
	struct key *k;
	bool ok;

	*kp = NULL;
	k = calloc(1, sizeof(*k));
	if (k == NULL) {
		EVP_PKEY_free(pkey);
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	k->type = type;
	k->pkey = pkey;
	k->bits = kinds[type].bits;
	if (type == KEY_RSA)
		k->bits = (unsigned)EVP_PKEY_get_bits(pkey);
	buf_put_cstring(&k->blob, kinds[type].ssh);
	ok = type == KEY_RSA ? put_rsa(&k->blob, pkey)
			     : put_point(&k->blob, pkey, &kinds[type]);
	if (!ok || !buf_ok(&k->blob)) {
		key_free(k);
		return key_crypto_failed(e, "reading the public half");
	}
	ERR_clear_error();
	*kp = k;
	return 0;
}

enum key_type
key_type(const struct key *k)
{
	return k->type;
}

unsigned
key_bits(const struct key *k)
{
	return k->bits;
}

const char *
key_ssh_name(enum key_type type)
{
	return kinds[type].ssh;
}

const char *
key_word(enum key_type type)
{
	return kinds[type].word;
}

int
key_public_blob(const struct key *k, struct buf *out, struct err *e)
{
	buf_put(out, k->blob.data, k->blob.len);
	if (!buf_ok(out))
		return err_set(e, ERR_NOMEM, "out of memory");
	return 0;
}

struct key_bytes
key_public_bytes(const struct key *k)
{
	size_t len = kinds[k->type].field;
	struct key_bytes b;

	if (kinds[k->type].curve != NULL)
		len = 1 + 2 * len;
	b.at = k->blob.data + k->blob.len - len;
	b.len = len;
	return b;
}

int
key_private_bytes(const struct key *k, struct secret **sp, struct err *e)
{
	size_t len = kinds[k->type].field;
	BIGNUM *number = NULL;
	struct secret *s;
	bool ok;

	*sp = NULL;
	s = secret_new(len);
	if (s == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	if (k->type == KEY_ED25519) {
		/* Not ..._get_raw_private_key(), which leaves a copy behind. */
		ok = EVP_PKEY_get_octet_string_param(
			 k->pkey, "priv", secret_data(s), len, &len) == 1;
	} else {
		number = BN_secure_new();
		ok = number != NULL &&
		    EVP_PKEY_get_bn_param(k->pkey, "priv", &number) == 1 &&
		    BN_bn2binpad(number, secret_data(s), (int)len) == (int)len;
		BN_clear_free(number);
	}
	if (!ok || !secret_set_len(s, len)) {
		secret_free(s);
		return key_crypto_failed(e, "reading the private half");
	}
	*sp = s;
	return 0;
}

int
key_ec2_sha1(const struct key *k, uint8_t out[20], struct err *e)
{
	uint8_t d[DIGEST_MAX];
	struct secret *der;
	size_t len;
	int r;

	memset(out, 0, 20);
	if (k->type != KEY_RSA)
		return err_set(e, ERR_UNSUPPORTED,
		    "EC2 has this fingerprint for RSA keys only");
	r = key_to_pkcs8(k, &der, e);
	if (r != 0)
		return r;
	len = digest(DIGEST_SHA1, secret_bytes(der), secret_len(der), d);
	secret_free(der);
	if (len != 20)
		return err_set(
		    e, ERR_UNSUPPORTED, "SHA-1 is switched off on this system");
	memcpy(out, d, 20);
	return 0;
}
