/* SPDX-License-Identifier: ISC */
/*
 * PEM files with DER inside: PKCS#1, SEC1, PKCS#8; and the two ways in which
 * they are encrypted.  Deciphering is done here rather than by libcrypto's
 * readers, because a wrong passphrase, an unknown cipher and an absurd cost
 * must be told apart, and nothing may stay behind in unwiped memory.
 */

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <limits.h>
#include <string.h>

#include "pemkeep/base/err.h"
#include "src/keys/der.h"
#include "src/keys/keyfile_internal.h"
#include "vault/secret.h"

int
keyfile_cbc_decrypt(const struct keyfile_cipher *c, struct key_bytes in,
    struct secret **plainp, struct err *e)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, c->name, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	struct secret *plain = secret_new(in.len + EVP_MAX_BLOCK_LENGTH);
	int first = 0, last = 0, r;
	struct der all;
	bool ok;

	*plainp = NULL;
	if (cipher == NULL) {
		ERR_clear_error();
		r = err_set(e, ERR_UNSUPPORTED,
		    "the cipher %s is switched off on this system", c->name);
		goto out;
	}
	if (ctx == NULL || plain == NULL || in.len > KEYFILE_MAX) {
		r = err_set(e, ERR_NOMEM, "out of memory");
		goto out;
	}
	ok = EVP_DecryptInit_ex2(ctx, cipher, c->key, c->iv, NULL) == 1 &&
	    EVP_DecryptUpdate(
		ctx, secret_data(plain), &first, in.at, (int)in.len) == 1 &&
	    EVP_DecryptFinal_ex(ctx, secret_data(plain) + first, &last) == 1 &&
	    secret_set_len(plain, (size_t)first + (size_t)last);
	ERR_clear_error();
	der_init(&all, secret_bytes(plain), secret_len(plain));
	(void)der_enter(&all, DER_SEQUENCE);
	if (!ok || !der_done(&all)) {
		r = keyfile_wrong_passphrase(e);
		goto out;
	}
	*plainp = plain;
	plain = NULL;
	r = 0;
out:
	secret_free(plain);
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return r;
}

/* What "DEK-Info:" may name; sizes in bytes. */
static const struct dek {
	const char *name;
	int key_size, iv_size;
} deks[] = {
	{ "AES-128-CBC", 16, 16 },
	{ "AES-192-CBC", 24, 16 },
	{ "AES-256-CBC", 32, 16 },
	{ "DES-EDE3-CBC", 24, 8 },
};

struct headers {
	bool encrypted;
	struct key_bytes dek; /* "AES-128-CBC,0011…" */
};

static int
bad_headers(struct err *e)
{
	return err_set(
	    e, ERR_FORMAT, "damaged: the lines before the key make no sense");
}

/* RFC 1421 headers, if any, up to their empty line; 'body' is what follows. */
static int
read_headers(struct key_bytes *body, struct headers *h, struct err *e)
{
	struct key_bytes rest = *body, line;

	memset(h, 0, sizeof(*h));
	if (!keyfile_line(&rest, &line) ||
	    memchr(line.at, ':', line.len) == NULL)
		return 0;
	do {
		line = keyfile_trim(line);
		if (line.len == 0) {
			*body = rest;
			return h->encrypted && h->dek.at != NULL
			    ? 0
			    : bad_headers(e);
		}
		if (keyfile_is(line, "Proc-Type: 4,ENCRYPTED")) {
			h->encrypted = true;
		} else if (keyfile_starts(line, "DEK-Info: ")) {
			h->dek.at = line.at + 10;
			h->dek.len = line.len - 10;
		} else {
			return bad_headers(e);
		}
	} while (keyfile_line(&rest, &line));
	return bad_headers(e);
}

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static int
read_dek(struct key_bytes text, const struct dek **dekp,
    uint8_t iv[EVP_MAX_IV_LENGTH], struct err *e)
{
	const struct dek *dek = NULL;
	int high, low;

	*dekp = NULL;
	for (size_t i = 0; i < sizeof(deks) / sizeof(deks[0]); i++)
		if (keyfile_starts(text, deks[i].name))
			dek = &deks[i];
	if (dek == NULL) {
		(void)err_set(e, ERR_UNSUPPORTED,
		    "encrypted with '%.*s', which is not supported",
		    (int)(text.len < 64 ? text.len : 64),
		    (const char *)text.at);
		err_hint(e,
		    "convert it: openssl pkey -provider legacy "
		    "-provider default -in FILE -aes256 -out NEW");
		return ERR_UNSUPPORTED;
	}
	text.at += strlen(dek->name);
	text.len -= strlen(dek->name);
	if (text.len != 1 + 2 * (size_t)dek->iv_size || text.at[0] != ',')
		return bad_headers(e);
	for (int i = 0; i < dek->iv_size; i++) {
		high = hex_value(text.at[1 + 2 * i]);
		low = hex_value(text.at[2 + 2 * i]);
		if (high < 0 || low < 0)
			return bad_headers(e);
		iv[i] = (uint8_t)(high << 4 | low);
	}
	*dekp = dek;
	return 0;
}

/* One round of MD5, as SSLeay had it: all that this format offers. */
static int
decrypt_legacy(struct key_bytes dek_info, const struct secret *in,
    const struct secret *passphrase, struct secret **plainp, struct err *e)
{
	struct key_bytes bytes = { secret_bytes(in), secret_len(in) };
	uint8_t iv[EVP_MAX_IV_LENGTH] = { 0 }, key[EVP_MAX_KEY_LENGTH];
	struct keyfile_cipher c = { NULL, key, iv };
	const struct dek *dek = NULL;
	int r;

	*plainp = NULL;
	r = read_dek(dek_info, &dek, iv, e);
	if (r != 0)
		return r;
	if (passphrase == NULL)
		return keyfile_need_passphrase(e);
	if (secret_len(passphrase) > INT_MAX)
		return keyfile_wrong_passphrase(e);
	c.name = dek->name;
	if (EVP_BytesToKey(EVP_get_cipherbyname(dek->name), EVP_md5(), iv,
		secret_bytes(passphrase), (int)secret_len(passphrase), 1, key,
		NULL) != dek->key_size) {
		ERR_clear_error();
		r = err_set(e, ERR_UNSUPPORTED,
		    "its encryption needs MD5, which is switched off");
	} else {
		r = keyfile_cbc_decrypt(&c, bytes, plainp, e);
	}
	OPENSSL_cleanse(key, sizeof(key));
	return r;
}

static int
read_der(enum keyfile_format format, const struct secret *s, struct key **kp,
    struct err *e)
{
	struct key_bytes der = { secret_bytes(s), secret_len(s) };

	if (format == KEYFILE_PKCS1)
		return key_der_read_pkcs1(der, kp, e);
	if (format == KEYFILE_SEC1)
		return key_der_read_sec1(der, kp, e);
	return key_der_read_pkcs8(der, kp, e);
}

int
keyfile_pem_read(const struct keyfile_block *b, const struct secret *passphrase,
    struct keyfile *out, struct err *e)
{
	struct secret *der = NULL, *plain = NULL;
	struct key_bytes body = b->body, bytes;
	struct headers h;
	int r;

	r = read_headers(&body, &h, e);
	if (r != 0)
		return r;
	if (h.encrypted && out->format == KEYFILE_PKCS8)
		return bad_headers(e);
	out->encrypted = out->encrypted || h.encrypted;
	der = secret_from_base64(body.at, body.len);
	if (der == NULL)
		return err_set(e, ERR_FORMAT, "damaged: not base64");
	bytes.at = secret_bytes(der);
	bytes.len = secret_len(der);
	if (h.encrypted)
		r = decrypt_legacy(h.dek, der, passphrase, &plain, e);
	else if (out->encrypted)
		r = keyfile_pbes_decrypt(bytes, passphrase, &plain, e);
	if (r == 0)
		r = read_der(
		    out->format, out->encrypted ? plain : der, &out->key, e);
	secret_free(plain);
	secret_free(der);
	return r;
}
