/* SPDX-License-Identifier: ISC */
/*
 * OpenSSH's own format, openssh-key-v1 (PROTOCOL.key).  Unencrypted files are
 * read here; encrypted ones need bcrypt_pbkdf, which neither libcrypto nor
 * libsodium has, so ssh-keygen decrypts them first (keyfile_ssh_keygen.c).
 */

#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "src/keys/keyfile_internal.h"
#include "vault/secret.h"

#define BLOCK 8u                /* of an unencrypted list */
#define BCRYPT_ROUNDS_MAX 4096u /* about a minute; ssh-keygen's default is 16 */

static const char magic[] = "openssh-key-v1"; /* with its zero byte */

struct outer {
	struct key_bytes cipher, kdf, options, public, list;
};

static int
damaged(struct err *e, const char *what)
{
	return err_set(e, ERR_FORMAT, "damaged: %s", what);
}

static struct key_bytes
take_string(struct wire *w)
{
	struct key_bytes b;

	b.at = wire_string(w, &b.len);
	return b;
}

static struct key_bytes
take_mpint(struct wire *w)
{
	struct key_bytes b;

	b.at = wire_mpint(w, &b.len);
	return b;
}

static bool
same(struct key_bytes a, struct key_bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static int
split(const struct secret *bytes, struct outer *o, struct err *e)
{
	struct pubkey_parts parts;
	const uint8_t *head;
	uint32_t count;
	struct wire w;
	int r;

	wire_init(&w, secret_bytes(bytes), secret_len(bytes));
	head = wire_bytes(&w, sizeof(magic));
	if (head == NULL || memcmp(head, magic, sizeof(magic)) != 0)
		return damaged(e, "no OpenSSH key inside");
	o->cipher = take_string(&w);
	o->kdf = take_string(&w);
	o->options = take_string(&w);
	count = wire_u32(&w);
	if (wire_ok(&w) && count != 1)
		return err_set(e, count == 0 ? ERR_FORMAT : ERR_UNSUPPORTED,
		    "not one key in the file, but %u", count);
	o->public = take_string(&w);
	o->list = take_string(&w);
	if (!wire_ok(&w))
		return damaged(e, "the OpenSSH key is cut off");
	r = pubkey_parse(o->public.at, o->public.len, &parts, e);
	if (r != 0)
		return r;
	/* With AES-GCM and ChaCha20 an authentication tag follows. */
	if (w.left != 0 && keyfile_is(o->cipher, "none"))
		return damaged(e, "bytes behind the OpenSSH key");
	return 0;
}

/* Is it encrypted in a way that is worth asking for a passphrase? */
static int
check_encryption(const struct outer *o, struct err *e)
{
	static const char *const ciphers[] = { "aes128-ctr", "aes192-ctr",
		"aes256-ctr", "aes128-cbc", "aes192-cbc", "aes256-cbc",
		"3des-cbc", "aes128-gcm@openssh.com", "aes256-gcm@openssh.com",
		"chacha20-poly1305@openssh.com" };
	bool known = keyfile_is(o->kdf, "bcrypt");
	struct wire w;
	uint32_t rounds;
	size_t salt, i;

	for (i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		if (keyfile_is(o->cipher, ciphers[i]))
			break;
	if (!known || i == sizeof(ciphers) / sizeof(ciphers[0]))
		return err_set(e, ERR_UNSUPPORTED,
		    "encrypted in an unknown way ('%.*s', '%.*s')",
		    (int)(o->cipher.len < 64 ? o->cipher.len : 64),
		    (const char *)o->cipher.at,
		    (int)(o->kdf.len < 64 ? o->kdf.len : 64),
		    (const char *)o->kdf.at);
	wire_init(&w, o->options.at, o->options.len);
	(void)wire_string(&w, &salt);
	rounds = wire_u32(&w);
	if (!wire_done(&w) || salt == 0 || rounds == 0)
		return damaged(e, "no sound bcrypt options");
	if (rounds > BCRYPT_ROUNDS_MAX)
		return err_set(e, ERR_UNSUPPORTED,
		    "its passphrase hash costs more than any sound file "
		    "would ask (%u rounds)",
		    rounds);
	return 0;
}

static int
read_ed25519(
    struct wire *w, struct key_bytes public, struct key **kp, struct err *e)
{
	struct key_bytes again = take_string(w), both = take_string(w), seed;
	struct key_bytes half;

	if (!wire_ok(w) || both.len != 2 * KEY_ED25519_BYTES)
		return damaged(e, "no sound Ed25519 key");
	seed.at = both.at;
	half.at = both.at + KEY_ED25519_BYTES;
	seed.len = half.len = KEY_ED25519_BYTES;
	if (!same(again, public) || !same(half, public))
		return err_set(e, ERR_MISMATCH,
		    "its private and public half do not belong together");
	return key_make_ed25519(seed, public, kp, e);
}

static int
read_ecdsa(struct wire *w, enum key_type type, struct key **kp, struct err *e)
{
	struct key_bytes point, number;
	bool curve = wire_string_is(w, key_kind(type)->curve);

	point = take_string(w);
	number = take_mpint(w);
	if (!wire_ok(w) || !curve)
		return damaged(e, "no sound ECDSA key");
	return key_make_ecdsa(type, number, point, kp, e);
}

static int
read_rsa(struct wire *w, struct key **kp, struct err *e)
{
	struct key_bytes part[RSA_PARTS] = { 0 };

	part[RSA_N] = take_mpint(w);
	part[RSA_E] = take_mpint(w);
	part[RSA_D] = take_mpint(w);
	part[RSA_QI] = take_mpint(w);
	part[RSA_P] = take_mpint(w);
	part[RSA_Q] = take_mpint(w);
	if (!wire_ok(w))
		return damaged(e, "no sound RSA key");
	return key_make_rsa(part, kp, e);
}

static bool
padding_ok(struct wire *w)
{
	size_t left = w->left;

	for (size_t i = 1; i <= left; i++)
		if (i > 255 || wire_u8(w) != i)
			return false;
	return wire_done(w);
}

static int
read_list(const struct outer *o, struct keyfile *out, struct err *e)
{
	struct key_bytes comment, name;
	struct pubkey_parts public;
	uint32_t check[2];
	struct wire w;
	int r;

	r = pubkey_parse(o->public.at, o->public.len, &public, e);
	if (r != 0)
		return r;
	wire_init(&w, o->list.at, o->list.len);
	check[0] = wire_u32(&w);
	check[1] = wire_u32(&w);
	if (o->list.len % BLOCK != 0 || check[0] != check[1] || !wire_ok(&w))
		return damaged(e, "the check numbers of the OpenSSH key");
	name = take_string(&w);
	if (!keyfile_is(name, key_ssh_name(public.type)))
		return err_set(e, ERR_MISMATCH,
		    "its private and public half are of different types");
	if (public.type == KEY_RSA)
		r = read_rsa(&w, &out->key, e);
	else if (public.type == KEY_ED25519)
		r = read_ed25519(&w, public.point, &out->key, e);
	else
		r = read_ecdsa(&w, public.type, &out->key, e);
	if (r != 0)
		return r;
	comment = take_string(&w);
	if (!wire_ok(&w) || !padding_ok(&w))
		return damaged(e, "the padding of the OpenSSH key");
	keyfile_set_comment(out, comment);
	if (o->public.len != out->key->blob.len ||
	    memcmp(o->public.at, out->key->blob.data, o->public.len) != 0)
		return err_set(e, ERR_MISMATCH,
		    "its private and public half do not belong together");
	return 0;
}

static int
read_encrypted(const struct keyfile_block *b, const struct outer *o,
    const struct secret *passphrase, struct keyfile *out, struct err *e)
{
	struct secret *text = NULL, *bytes = NULL;
	struct keyfile_block plain;
	struct outer inner;
	unsigned repairs = 0;
	int r;

	out->encrypted = true;
	r = check_encryption(o, e);
	if (r != 0)
		return r;
	if (passphrase == NULL)
		return keyfile_need_passphrase(e);
	r = keyfile_ssh_keygen(b->whole, passphrase, &text, e);
	if (r != 0)
		return r;
	r = keyfile_armour_find(text, &plain, &repairs, e);
	if (r != 0)
		goto out;
	bytes = secret_from_base64(plain.body.at, plain.body.len);
	r = bytes == NULL ? damaged(e, "not base64") : split(bytes, &inner, e);
	if (r != 0)
		goto out;
	if (keyfile_is(inner.cipher, "none") && same(inner.public, o->public))
		r = read_list(&inner, out, e);
	else
		r = keyfile_wrong_passphrase(e);
out:
	secret_free(bytes);
	secret_free(text);
	return r;
}

int
keyfile_openssh_read(const struct keyfile_block *b,
    const struct secret *passphrase, struct keyfile *out, struct err *e)
{
	struct secret *bytes;
	struct outer o;
	int r;

	bytes = secret_from_base64(b->body.at, b->body.len);
	if (bytes == NULL)
		return damaged(e, "not base64");
	r = split(bytes, &o, e);
	if (r != 0)
		goto out;
	if (!keyfile_is(o.cipher, "none"))
		r = read_encrypted(b, &o, passphrase, out, e);
	else if (!keyfile_is(o.kdf, "none") || o.options.len != 0)
		r = damaged(e, "a passphrase hash without a cipher");
	else
		r = read_list(&o, out, e);
out:
	secret_free(bytes);
	return r;
}
