/* SPDX-License-Identifier: ISC */
/*
 * Facts about key files that are not going to be used.  What keyfile_read() takes
 * is asked of the key itself; of the rest the public half is looked for, which
 * OpenSSH and PuTTY leave in the clear, and the kind.
 */

#include <string.h>

#include "pemkeep/base/base64.h"
#include "pemkeep/base/err.h"
#include "pemkeep/keys/keyfile_facts.h"
#include "pemkeep/keys/pubkey.h"
#include "src/keys/der.h"
#include "src/keys/keyfile_internal.h"
#include "vault/secret.h"

#define BLOB_MAX 8192u /* bytes of a public key; RSA of 16384 bits has 2077 */

void
keyfile_facts_clear(struct keyfile_facts *facts)
{
	buf_free(&facts->blob);
	memset(facts, 0, sizeof(*facts));
}

static bool
holds(struct key_bytes text, const char *what)
{
	return text.len > 0 &&
	    memmem(text.at, text.len, what, strlen(what)) != NULL;
}

/* Of a number, big-endian. */
static unsigned
bits_of(struct key_bytes n)
{
	unsigned bits;

	while (n.len > 0 && n.at[0] == 0) {
		n.at++;
		n.len--;
	}
	if (n.len == 0 || n.len > BLOB_MAX)
		return 0;
	bits = (unsigned)n.len * 8;
	for (uint8_t top = n.at[0]; (top & 0x80) == 0;
	     top = (uint8_t)(top << 1))
		bits--;
	return bits;
}

/* A public key that may be of a kind that pemkeep does not keep. */
static int
take_blob(struct key_bytes blob, struct keyfile_facts *f, struct err *e)
{
	struct pubkey_facts public;
	struct key_bytes name, number;
	struct wire w;

	if (blob.len == 0 || blob.len > BLOB_MAX)
		return err_set(e, ERR_FORMAT, "no sound public key in it");
	if (pubkey_facts(blob.at, blob.len, &public, NULL) == 0) {
		f->type = key_word(public.type);
		f->bits = public.bits;
		buf_put(&f->blob, blob.at, blob.len);
		return 0;
	}
	wire_init(&w, blob.at, blob.len);
	name.at = wire_string(&w, &name.len);
	if (name.len > 3 && keyfile_starts(name, "sk-"))
		return err_set(e, ERR_FORMAT,
		    "no private key: it is the handle of a security key");
	number.at = wire_mpint(&w, &number.len); /* p of DSA, e of RSA */
	if (keyfile_is(name, "ssh-dss")) {
		f->type = "dsa";
	} else if (keyfile_is(name, "ssh-rsa")) {
		f->type = key_word(KEY_RSA);
		number.at = wire_mpint(&w, &number.len);
	} else {
		return 0;
	}
	f->bits = wire_ok(&w) ? bits_of(number) : 0;
	return 0;
}

/* openssh-key-v1: the public half stands before all that may be encrypted. */
static int
look_openssh(struct key_bytes body, struct keyfile_facts *f, struct err *e)
{
	static const char magic[] = "openssh-key-v1"; /* with its zero byte */
	struct secret *bytes = secret_from_base64(body.at, body.len);
	struct key_bytes cipher, blob;
	const uint8_t *head;
	struct wire w;
	size_t ignored;
	int r;

	if (bytes == NULL)
		return err_set(e, ERR_FORMAT, "damaged: not base64");
	wire_init(&w, secret_bytes(bytes), secret_len(bytes));
	head = wire_bytes(&w, sizeof(magic));
	cipher.at = wire_string(&w, &cipher.len);
	(void)wire_string(&w, &ignored);
	(void)wire_string(&w, &ignored);
	(void)wire_u32(&w);
	blob.at = wire_string(&w, &blob.len);
	if (!wire_ok(&w) || head == NULL ||
	    memcmp(head, magic, sizeof(magic)) != 0) {
		r = err_set(e, ERR_FORMAT, "damaged: no OpenSSH key inside");
	} else {
		f->encrypted = !keyfile_is(cipher, "none");
		r = take_blob(blob, f, e);
	}
	secret_free(bytes);
	return r;
}

/* The value of "NAME: value". */
static bool
is_field(struct key_bytes line, const char *name, struct key_bytes *value)
{
	size_t len = strlen(name);

	if (!keyfile_starts(line, name) || line.len <= len ||
	    line.at[len] != ':')
		return false;
	value->at = line.at + len + 1;
	value->len = line.len - len - 1;
	*value = keyfile_trim(*value);
	return true;
}

/* Lines of base64 up to the next field. */
static int
take_ppk_public(struct key_bytes rest, struct keyfile_facts *f, struct err *e)
{
	struct buf text = BUF_INIT, blob = BUF_INIT;
	struct key_bytes line;
	int r = 0;

	while (keyfile_line(&rest, &line) &&
	    memchr(line.at, ':', line.len) == NULL && text.len < 2 * BLOB_MAX)
		buf_put(&text, line.at, line.len);
	if (base64_decode(&blob, buf_text(&text), text.len))
		r = take_blob((struct key_bytes){ blob.data, blob.len }, f, e);
	buf_free(&text);
	buf_free(&blob);
	return r;
}

static int
look_ppk(struct key_bytes body, struct keyfile_facts *f, struct err *e)
{
	struct key_bytes line, value;

	while (keyfile_line(&body, &line)) {
		line = keyfile_trim(line);
		if (is_field(line, "Encryption", &value))
			f->encrypted = !keyfile_is(value, "none");
		else if (is_field(line, "Public-Lines", &value))
			return take_ppk_public(body, f, e);
	}
	return 0;
}

/* SEQUENCE { 0, n … } of PKCS#1. */
static unsigned
pkcs1_bits(struct der seq)
{
	(void)der_u64(&seq);
	return bits_of(der_uint(&seq));
}

/* RSA of a size that is not kept, and DSA, in the clear. */
static void
look_der(struct key_bytes der, struct keyfile_facts *f)
{
	static const uint8_t rsa[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
		0x01, 0x01 };
	static const uint8_t dsa[] = { 0x2a, 0x86, 0x48, 0xce, 0x38, 0x04,
		0x01 };
	struct der all, seq, kind, inner;
	struct key_bytes oid, octets;

	der_init(&all, der.at, der.len);
	seq = der_enter(&all, DER_SEQUENCE);
	if (f->format == KEYFILE_PKCS1) {
		f->type = key_word(KEY_RSA);
		f->bits = pkcs1_bits(seq);
		return;
	}
	(void)der_u64(&seq);
	kind = der_enter(&seq, DER_SEQUENCE);
	oid = der_take(&kind, DER_OID);
	octets = der_take(&seq, DER_OCTETS);
	if (der_same(oid, dsa, sizeof(dsa))) {
		f->type = "dsa";
	} else if (der_same(oid, rsa, sizeof(rsa)) && octets.at != NULL) {
		f->type = key_word(KEY_RSA);
		der_init(&inner, octets.at, octets.len);
		f->bits = pkcs1_bits(der_enter(&inner, DER_SEQUENCE));
	}
}

static int
look_pem(const struct keyfile_block *b, struct keyfile_facts *f, struct err *e)
{
	struct secret *der;

	if (holds(b->body, "Proc-Type: 4,ENCRYPTED"))
		f->encrypted = true;
	if (keyfile_is(b->label, "DSA PRIVATE KEY"))
		f->type = "dsa";
	else if (keyfile_is(b->label, "RSA PRIVATE KEY"))
		f->type = key_word(KEY_RSA);
	else if (keyfile_is(b->label, "EC PRIVATE KEY"))
		f->type = key_word(KEY_ECDSA_256);
	if (f->encrypted)
		return 0;
	if ((der = secret_from_base64(b->body.at, b->body.len)) == NULL)
		return err_set(e, ERR_FORMAT, "damaged: not base64");
	if (f->format == KEYFILE_PKCS1 || f->format == KEYFILE_PKCS8)
		look_der(
		    (struct key_bytes){ secret_bytes(der), secret_len(der) },
		    f);
	secret_free(der);
	return 0;
}

/* What keyfile_read() did not give a key for. */
static int
look_closer(const struct secret *file, struct keyfile_facts *f, struct err *e)
{
	struct keyfile_block b;
	struct secret *text;
	unsigned repairs = 0;
	int r;

	if ((r = keyfile_text_open(file, &text, &repairs, e)) != 0)
		return r;
	r = keyfile_armour_find(text, &b, &repairs, e);
	if (r == ERR_UNSUPPORTED) { /* several, or one of an old format */
		f->more = true;
		r = 0;
	} else if (r == 0 && keyfile_is(b.label, "OPENSSH PRIVATE KEY")) {
		r = look_openssh(b.body, f, e);
	} else if (r == 0 && keyfile_is(b.label, "PuTTY")) {
		r = look_ppk(b.body, f, e);
	} else if (r == 0) {
		r = look_pem(&b, f, e);
	}
	secret_free(text);
	return r;
}

static int
take_key(const struct key *k, struct keyfile_facts *f, struct err *e)
{
	f->type = key_word(key_type(k));
	f->bits = key_bits(k);
	f->sha1_known =
	    key_type(k) == KEY_RSA && key_ec2_sha1(k, f->sha1, NULL) == 0;
	return key_public_blob(k, &f->blob, e);
}

int
keyfile_facts(
    const struct secret *file, struct keyfile_facts *facts, struct err *e)
{
	struct keyfile k;
	int r;

	memset(facts, 0, sizeof(*facts));
	facts->type = "";
	r = keyfile_read(file, NULL, &k, e);
	facts->format = k.format;
	facts->encrypted = k.encrypted;
	facts->more = (k.repairs & KEYFILE_TEXT) != 0;
	facts->readable = r == 0 || r == ERR_NEED_PASSPHRASE;
	facts->certificate =
	    holds((struct key_bytes){ secret_bytes(file), secret_len(file) },
		"-----BEGIN CERTIFICATE-----");
	if (r == 0)
		r = take_key(k.key, facts, e);
	else if (r != ERR_FORMAT && r != ERR_NOMEM)
		r = look_closer(file, facts, e);
	keyfile_clear(&k);
	if (r == 0 && !buf_ok(&facts->blob))
		r = err_set(e, ERR_NOMEM, "out of memory");
	return r;
}
