/* SPDX-License-Identifier: ISC */
/*
 * PKCS#8 EncryptedPrivateKeyInfo: PBES2 (RFC 8018) with PBKDF2 or scrypt (RFC
 * 7914), and the one scheme of PKCS#12 that old OpenSSLs wrote and today's
 * still know.  The cost stands in the file, so it is capped before it is paid.
 */

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>

#include <limits.h>
#include <string.h>

#include "pemkeep/base/err.h"
#include "src/keys/der.h"
#include "src/keys/keyfile_internal.h"
#include "vault/secret.h"

#define ITERATIONS_MAX 10000000u       /* some 10 s of SHA-512 */
#define SCRYPT_MAX (0x10000000u / 128) /* N * r * p: 256 MiB */
#define SCRYPT_SIDE_MAX 1024u          /* r and p */
#define SCRYPT_MEMORY 0x20000000u      /* what libcrypto may take: 512 MiB */

static const uint8_t oid_pbes2[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5,
	13 };
static const uint8_t oid_pbkdf2[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5,
	12 };
static const uint8_t oid_scrypt[] = { 0x2b, 6, 1, 4, 1, 0xda, 0x47, 4, 11 };
static const uint8_t oid_pkcs12_3des[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,
	1, 12, 1, 3 };

/* hmacWithSHA… are 1.2.840.113549.2.N */
static const uint8_t oid_hmac[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2 };
static const char *const hmacs[] = { [7] = "SHA1",
	[8] = "SHA224",
	[9] = "SHA256",
	[10] = "SHA384",
	[11] = "SHA512" };

static const struct cipher {
	const char *name;
	size_t key_size, iv_size;
	size_t oid_len;
	uint8_t oid[9];
} ciphers[] = {
	{ "AES-128-CBC", 16, 16, 9, { 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 2 } },
	{ "AES-192-CBC", 24, 16, 9,
	    { 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 22 } },
	{ "AES-256-CBC", 32, 16, 9,
	    { 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42 } },
	{ "DES-EDE3-CBC", 24, 8, 8,
	    { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 3, 7 } },
};

enum kdf { KDF_PBKDF2, KDF_SCRYPT, KDF_PKCS12 };

struct pbes {
	enum kdf kdf;
	struct key_bytes salt;
	uint64_t iterations; /* PBKDF2, PKCS#12 */
	uint64_t n, r, p;    /* scrypt */
	uint64_t key_size;   /* 0 when it is not said */
	const char *digest;
	const struct cipher *cipher;
	struct key_bytes iv; /* not PKCS#12 */
	struct key_bytes data;
};

static int
damaged(struct err *e)
{
	return err_set(
	    e, ERR_FORMAT, "damaged: no sound encrypted PKCS#8 structure");
}

static int
unsupported(struct err *e, const char *what)
{
	(void)err_set(e, ERR_UNSUPPORTED,
	    "its encryption has %s that pemkeep does not know", what);
	err_hint(e,
	    "convert it: openssl pkcs8 -provider legacy -provider "
	    "default -in FILE | openssl pkcs8 -topk8 -out NEW");
	return ERR_UNSUPPORTED;
}

static int
too_costly(struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED,
	    "its passphrase hash costs more than any sound file would ask");
}

/* AlgorithmIdentifier of a HMAC. */
static int
read_hmac(struct der *in, struct pbes *b, struct err *e)
{
	struct der alg = der_enter(in, DER_SEQUENCE);
	struct key_bytes oid = der_take(&alg, DER_OID);
	uint8_t last;

	if (der_next_is(&alg, DER_NULL))
		(void)der_take(&alg, DER_NULL);
	if (!der_done(&alg))
		return damaged(e);
	if (oid.len != sizeof(oid_hmac) + 1 ||
	    memcmp(oid.at, oid_hmac, sizeof(oid_hmac)) != 0)
		return unsupported(e, "a digest");
	last = oid.at[sizeof(oid_hmac)];
	if (last >= sizeof(hmacs) / sizeof(hmacs[0]) || hmacs[last] == NULL)
		return unsupported(e, "a digest");
	b->digest = hmacs[last];
	return 0;
}

static int
read_pbkdf2(struct der *in, struct pbes *b, struct err *e)
{
	int r;

	b->kdf = KDF_PBKDF2;
	b->digest = "SHA1";
	b->salt = der_take(in, DER_OCTETS);
	b->iterations = der_u64(in);
	if (der_next_is(in, DER_INTEGER))
		b->key_size = der_u64(in);
	if (der_next_is(in, DER_SEQUENCE)) {
		r = read_hmac(in, b, e);
		if (r != 0)
			return r;
	}
	if (!der_done(in) || b->iterations == 0)
		return damaged(e);
	return b->iterations > ITERATIONS_MAX ? too_costly(e) : 0;
}

static int
read_scrypt(struct der *in, struct pbes *b, struct err *e)
{
	b->kdf = KDF_SCRYPT;
	b->salt = der_take(in, DER_OCTETS);
	b->n = der_u64(in);
	b->r = der_u64(in);
	b->p = der_u64(in);
	if (der_next_is(in, DER_INTEGER))
		b->key_size = der_u64(in);
	if (!der_done(in) || b->n < 2 || (b->n & (b->n - 1)) != 0 ||
	    b->r == 0 || b->p == 0)
		return b->n == UINT64_MAX ? too_costly(e) : damaged(e);
	if (b->r > SCRYPT_SIDE_MAX || b->p > SCRYPT_SIDE_MAX ||
	    b->n > SCRYPT_MAX || b->n * b->r > SCRYPT_MAX ||
	    b->n * b->r * b->p > SCRYPT_MAX)
		return too_costly(e);
	return 0;
}

static int
read_cipher(struct der *in, struct pbes *b, struct err *e)
{
	struct der alg = der_enter(in, DER_SEQUENCE);
	struct key_bytes oid = der_take(&alg, DER_OID);

	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		if (der_same(oid, ciphers[i].oid, ciphers[i].oid_len))
			b->cipher = &ciphers[i];
	if (!alg.failed && b->cipher == NULL)
		return unsupported(e, "a cipher");
	b->iv = der_take(&alg, DER_OCTETS);
	if (!der_done(&alg) || b->iv.len != b->cipher->iv_size ||
	    (b->key_size != 0 && b->key_size != b->cipher->key_size))
		return damaged(e);
	return 0;
}

static int
read_pbes2(struct der *alg, struct pbes *b, struct err *e)
{
	struct der in = der_enter(alg, DER_SEQUENCE);
	struct der kdf = der_enter(&in, DER_SEQUENCE);
	struct key_bytes oid = der_take(&kdf, DER_OID);
	struct der parameters = der_enter(&kdf, DER_SEQUENCE);
	int r;

	if (!der_done(&kdf))
		return damaged(e);
	if (der_same(oid, oid_pbkdf2, sizeof(oid_pbkdf2)))
		r = read_pbkdf2(&parameters, b, e);
	else if (der_same(oid, oid_scrypt, sizeof(oid_scrypt)))
		r = read_scrypt(&parameters, b, e);
	else
		r = unsupported(e, "a passphrase hash");
	if (r == 0)
		r = read_cipher(&in, b, e);
	if (r == 0 && !der_done(&in))
		r = damaged(e);
	return r;
}

static int
read_pkcs12(struct der *alg, struct pbes *b, struct err *e)
{
	struct der in = der_enter(alg, DER_SEQUENCE);

	b->kdf = KDF_PKCS12;
	b->digest = "SHA1";
	b->cipher = &ciphers[3];
	b->salt = der_take(&in, DER_OCTETS);
	b->iterations = der_u64(&in);
	if (!der_done(&in) || b->iterations == 0)
		return damaged(e);
	return b->iterations > ITERATIONS_MAX ? too_costly(e) : 0;
}

static int
read_all(struct key_bytes bytes, struct pbes *b, struct err *e)
{
	struct der all, in, alg;
	struct key_bytes oid;
	int r;

	memset(b, 0, sizeof(*b));
	der_init(&all, bytes.at, bytes.len);
	in = der_enter(&all, DER_SEQUENCE);
	alg = der_enter(&in, DER_SEQUENCE);
	oid = der_take(&alg, DER_OID);
	b->data = der_take(&in, DER_OCTETS);
	if (!der_done(&all) || !der_done(&in) || alg.failed)
		return damaged(e);
	if (der_same(oid, oid_pbes2, sizeof(oid_pbes2)))
		r = read_pbes2(&alg, b, e);
	else if (der_same(oid, oid_pkcs12_3des, sizeof(oid_pkcs12_3des)))
		r = read_pkcs12(&alg, b, e);
	else
		return unsupported(e, "a scheme");
	if (r == 0 &&
	    (!der_done(&alg) || b->data.len == 0 ||
		b->data.len % (b->cipher->iv_size) != 0))
		r = damaged(e);
	return r;
}

/* Key and initialisation vector for one of the passphrase hashes. */
static bool
derive(const struct pbes *b, const struct secret *pass,
    uint8_t key[EVP_MAX_KEY_LENGTH], uint8_t iv[EVP_MAX_IV_LENGTH])
{
	const char *text = (const char *)secret_bytes(pass);
	const EVP_MD *md =
	    b->digest == NULL ? NULL : EVP_get_digestbyname(b->digest);
	int len = (int)secret_len(pass), salt_len = (int)b->salt.len;
	int count = (int)b->iterations, size = (int)b->cipher->key_size;

	if (b->kdf == KDF_PKCS12)
		return PKCS12_key_gen_utf8(text, len, (uint8_t *)b->salt.at,
			   salt_len, PKCS12_KEY_ID, count, size, key,
			   md) == 1 &&
		    PKCS12_key_gen_utf8(text, len, (uint8_t *)b->salt.at,
			salt_len, PKCS12_IV_ID, count, (int)b->cipher->iv_size,
			iv, md) == 1;
	memcpy(iv, b->iv.at, b->iv.len);
	if (b->kdf == KDF_SCRYPT)
		return EVP_PBE_scrypt(text, secret_len(pass), b->salt.at,
			   b->salt.len, b->n, b->r, b->p, SCRYPT_MEMORY, key,
			   b->cipher->key_size) == 1;
	return PKCS5_PBKDF2_HMAC(
		   text, len, b->salt.at, salt_len, count, md, size, key) == 1;
}

int
keyfile_pbes_decrypt(struct key_bytes der, const struct secret *passphrase,
    struct secret **plainp, struct err *e)
{
	uint8_t key[EVP_MAX_KEY_LENGTH], iv[EVP_MAX_IV_LENGTH];
	struct keyfile_cipher c = { NULL, key, iv };
	struct pbes b;
	int r;

	*plainp = NULL;
	r = read_all(der, &b, e);
	if (r != 0)
		return r;
	if (passphrase == NULL)
		return keyfile_need_passphrase(e);
	if (secret_len(passphrase) > INT_MAX)
		return keyfile_wrong_passphrase(e);
	c.name = b.cipher->name;
	if (derive(&b, passphrase, key, iv))
		r = keyfile_cbc_decrypt(&c, b.data, plainp, e);
	else
		r = key_crypto_failed(e, "the key file's passphrase hash");
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(iv, sizeof(iv));
	return r;
}
