/* SPDX-License-Identifier: ISC */
/*
 * PuTTY's private keys, versions 2 and 3 (PuTTY manual, appendix C), not
 * encrypted: libcrypto 3.0 has no Argon2, and EC2 hands out plain ones.
 */

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/digest.h"
#include "pemkeep/base/err.h"
#include "src/keys/keyfile_internal.h"
#include "src/keys/pack.h"
#include "vault/secret.h"

#define LINES_MAX 1000u
#define MAC_MAX 32u

struct ppk {
	struct key_bytes algorithm, encryption, comment;
	struct secret *public, *private;
	uint8_t mac[MAC_MAX];
	size_t mac_len;
	struct key_bytes rest; /* lines behind the last one */
};

static int
damaged(struct err *e, const char *what)
{
	return err_set(
	    e, ERR_FORMAT, "cut off or damaged: no sound line '%s'", what);
}

/* The value of the next line, which must have that name. */
static bool
take_field(struct key_bytes *rest, const char *name, struct key_bytes *value)
{
	struct key_bytes line;
	size_t len = strlen(name);

	if (!keyfile_line(rest, &line))
		return false;
	while (line.len > 0 && (line.at[0] == ' ' || line.at[0] == '\t')) {
		line.at++;
		line.len--;
	}
	if (!keyfile_starts(line, name) || line.len <= len ||
	    line.at[len] != ':')
		return false;
	line.at += len + 1;
	line.len -= len + 1;
	if (line.len > 0 && line.at[0] == ' ') {
		line.at++;
		line.len--;
	}
	*value = line;
	return true;
}

/* "Public-Lines: 4" and that many lines of base64. */
static int
take_lines(
    struct key_bytes *rest, const char *name, struct secret **sp, struct err *e)
{
	struct key_bytes value, body, line;
	unsigned count = 0;

	if (!take_field(rest, name, &value))
		return damaged(e, name);
	value = keyfile_trim(value);
	if (value.len == 0 || value.len > 4)
		return damaged(e, name);
	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			return damaged(e, name);
		count = count * 10 + (value.at[i] - (unsigned)'0');
	}
	if (count == 0 || count > LINES_MAX)
		return damaged(e, name);
	body.at = rest->at;
	while (count-- > 0)
		if (!keyfile_line(rest, &line))
			return damaged(e, name);
	body.len = (size_t)(rest->at - body.at);
	*sp = secret_from_base64(body.at, body.len);
	return *sp == NULL ? damaged(e, name) : 0;
}

static bool
hex_digit(uint8_t c, uint8_t *v)
{
	if (c >= '0' && c <= '9')
		*v = (uint8_t)(c - '0');
	else if (c >= 'a' && c <= 'f')
		*v = (uint8_t)(c - 'a' + 10);
	else if (c >= 'A' && c <= 'F')
		*v = (uint8_t)(c - 'A' + 10);
	else
		return false;
	return true;
}

static int
take_mac(struct ppk *p, struct err *e)
{
	struct key_bytes value;
	uint8_t high, low;

	if (!take_field(&p->rest, "Private-MAC", &value))
		return damaged(e, "Private-MAC");
	value = keyfile_trim(value);
	if (value.len != 2 * p->mac_len)
		return damaged(e, "Private-MAC");
	for (size_t i = 0; i < p->mac_len; i++) {
		if (!hex_digit(value.at[2 * i], &high) ||
		    !hex_digit(value.at[2 * i + 1], &low))
			return damaged(e, "Private-MAC");
		p->mac[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

/* The first two lines: which version, which key, encrypted or not. */
static int
take_head(struct ppk *p, struct keyfile *out, struct err *e)
{
	const char *what;
	uint8_t version = 0;

	if (p->rest.len > strlen("PuTTY-User-Key-File-"))
		version = p->rest.at[strlen("PuTTY-User-Key-File-")];
	if (version == '2' &&
	    take_field(&p->rest, "PuTTY-User-Key-File-2", &p->algorithm)) {
		out->format = KEYFILE_PPK2;
		p->mac_len = 20;
	} else if (version == '3' &&
	    take_field(&p->rest, "PuTTY-User-Key-File-3", &p->algorithm)) {
		out->format = KEYFILE_PPK3;
		p->mac_len = MAC_MAX;
	} else {
		(void)err_set(e, ERR_UNSUPPORTED,
		    "a PPK file of another version than 2 and 3");
		err_hint(e, "puttygen FILE -O private-openssh -o NEW");
		return ERR_UNSUPPORTED;
	}
	p->algorithm = keyfile_trim(p->algorithm);
	if (!take_field(&p->rest, "Encryption", &p->encryption))
		return damaged(e, "Encryption");
	p->encryption = keyfile_trim(p->encryption);
	out->encrypted = keyfile_is(p->encryption, "aes256-cbc");
	if (!out->encrypted && !keyfile_is(p->encryption, "none"))
		return damaged(e, "Encryption");
	what = pubkey_unsupported(p->algorithm.at, p->algorithm.len);
	if (what != NULL) {
		(void)err_set(e, ERR_UNSUPPORTED, "%s", what);
		err_hint(e, "pemkeep keeps RSA, Ed25519 and ECDSA keys");
		return ERR_UNSUPPORTED;
	}
	if (out->encrypted) {
		(void)err_set(e, ERR_UNSUPPORTED, "an encrypted PPK file");
		err_hint(e,
		    "convert it: puttygen FILE -O private-openssh-new "
		    "-o NEW");
		return ERR_UNSUPPORTED;
	}
	return 0;
}

static int
split(struct ppk *p, struct keyfile *out, struct err *e)
{
	int r;

	r = take_head(p, out, e);
	if (r != 0)
		return r;
	if (!take_field(&p->rest, "Comment", &p->comment))
		return damaged(e, "Comment");
	r = take_lines(&p->rest, "Public-Lines", &p->public, e);
	if (r == 0)
		r = take_lines(&p->rest, "Private-Lines", &p->private, e);
	if (r == 0)
		r = take_mac(p, e);
	return r;
}

static bool
compute_mac(
    const struct ppk *p, const struct secret *input, uint8_t mac[MAC_MAX])
{
	static const char word[] = "putty-private-key-file-mac-key";
	uint8_t key[DIGEST_MAX];
	size_t key_len = 0;
	unsigned len = 0;
	bool v2 = p->mac_len == 20;

	if (v2) {
		key_len = digest(DIGEST_SHA1, word, strlen(word), key);
		if (key_len == 0)
			return false;
	}
	return HMAC(v2 ? EVP_sha1() : EVP_sha256(), key, (int)key_len,
		   secret_bytes(input), secret_len(input), mac, &len) != NULL &&
	    len == p->mac_len;
}

/* 1 it fits, 0 it does not, -1 it could not be computed. */
static int
mac_fits(const struct ppk *p, struct key_bytes comment)
{
	struct secret *input;
	uint8_t mac[MAC_MAX];
	struct pack w;
	int fits = -1;

	input = secret_new(p->algorithm.len + p->encryption.len + comment.len +
	    secret_len(p->public) + secret_len(p->private) + 20);
	pack_init(&w, input);
	pack_string(&w, p->algorithm.at, p->algorithm.len);
	pack_string(&w, p->encryption.at, p->encryption.len);
	pack_string(&w, comment.at, comment.len);
	pack_string(&w, secret_bytes(p->public), secret_len(p->public));
	pack_string(&w, secret_bytes(p->private), secret_len(p->private));
	if (!w.failed && compute_mac(p, input, mac))
		fits = CRYPTO_memcmp(mac, p->mac, p->mac_len) == 0;
	secret_free(input);
	ERR_clear_error();
	return fits;
}

static int
check_mac(const struct ppk *p, struct err *e)
{
	struct key_bytes stripped = p->comment;
	int fits = mac_fits(p, p->comment);

	/* An editor may have added blanks to the comment, too. */
	while (stripped.len > 0 &&
	    (stripped.at[stripped.len - 1] == ' ' ||
		stripped.at[stripped.len - 1] == '\t'))
		stripped.len--;
	if (fits == 0 && stripped.len != p->comment.len)
		fits = mac_fits(p, stripped);
	if (fits < 0)
		return err_set(e, ERR_UNSUPPORTED,
		    "its Private-MAC cannot be computed on this system");
	if (fits == 0)
		return err_set(e, ERR_FORMAT,
		    "damaged: its Private-MAC does not fit its content");
	return 0;
}

static struct key_bytes
take_mpint(struct wire *w)
{
	struct key_bytes b;

	b.at = wire_mpint(w, &b.len);
	return b;
}

static int
read_rsa(struct wire *w, const struct pubkey_parts *public, struct key **kp,
    struct err *e)
{
	struct key_bytes part[RSA_PARTS] = { 0 };

	part[RSA_N] = public->n;
	part[RSA_E] = public->e;
	part[RSA_D] = take_mpint(w);
	part[RSA_P] = take_mpint(w);
	part[RSA_Q] = take_mpint(w);
	part[RSA_QI] = take_mpint(w);
	if (!wire_done(w))
		return err_set(e, ERR_FORMAT, "damaged: no sound RSA key");
	return key_make_rsa(part, kp, e);
}

static int
read_ecdsa(struct wire *w, const struct pubkey_parts *public, struct key **kp,
    struct err *e)
{
	struct key_bytes number = take_mpint(w);

	if (!wire_done(w))
		return err_set(e, ERR_FORMAT, "damaged: no sound ECDSA key");
	return key_make_ecdsa(public->type, number, public->point, kp, e);
}

/*
 * PuTTY writes the seed as a little-endian number without trailing zeros, so
 * that one key in 256 comes with fewer than 32 bytes.
 */
static int
read_ed25519(struct wire *w, const struct pubkey_parts *public, struct key **kp,
    struct err *e)
{
	uint8_t seed[KEY_ED25519_BYTES] = { 0 };
	struct key_bytes bytes = { seed, sizeof(seed) };
	const uint8_t *number;
	size_t len;
	int r;

	number = wire_string(w, &len);
	if (!wire_done(w) || len > sizeof(seed))
		return err_set(e, ERR_FORMAT, "damaged: no sound Ed25519 key");
	if (len > 0)
		memcpy(seed, number, len);
	r = key_make_ed25519(bytes, public->point, kp, e);
	OPENSSL_cleanse(seed, sizeof(seed));
	return r;
}

static int
read_key(const struct ppk *p, struct key **kp, struct err *e)
{
	struct pubkey_parts public;
	struct wire w;
	int r;

	r = pubkey_parse(
	    secret_bytes(p->public), secret_len(p->public), &public, e);
	if (r != 0)
		return r;
	if (!keyfile_is(p->algorithm, key_ssh_name(public.type)))
		return err_set(e, ERR_MISMATCH,
		    "its private and public half are of different types");
	wire_init(&w, secret_bytes(p->private), secret_len(p->private));
	if (public.type == KEY_RSA)
		return read_rsa(&w, &public, kp, e);
	if (public.type == KEY_ED25519)
		return read_ed25519(&w, &public, kp, e);
	return read_ecdsa(&w, &public, kp, e);
}

int
keyfile_ppk_read(const struct keyfile_block *b, const struct secret *passphrase,
    struct keyfile *out, struct err *e)
{
	struct key_bytes line;
	struct ppk p;
	int r;

	(void)passphrase;
	memset(&p, 0, sizeof(p));
	p.rest = b->body;
	r = split(&p, out, e);
	if (r == 0)
		r = check_mac(&p, e);
	if (r == 0)
		r = read_key(&p, &out->key, e);
	if (r == 0) {
		keyfile_set_comment(out, p.comment);
		while (keyfile_line(&p.rest, &line))
			if (keyfile_trim(line).len > 0)
				out->repairs |= KEYFILE_TEXT;
	}
	secret_free(p.public);
	secret_free(p.private);
	return r;
}
