/* SPDX-License-Identifier: ISC */
/*
 * Public keys as SSH wire blobs: taking them apart, checking them, printing
 * their fingerprints.
 */

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>

#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/digest.h"
#include "pemkeep/base/err.h"
#include "pemkeep/keys/pubkey.h"
#include "src/keys/key_internal.h"

/* Names of keys that SSH has and pemkeep does not keep. */
static const struct {
	const char *prefix, *suffix, *what;
} unsupported[] = {
	{ "", "-cert-v01@openssh.com", "a certificate" },
	{ "", "-cert-v00@openssh.com", "a certificate" },
	{ "sk-", "@openssh.com", "a security key (FIDO)" },
	{ "ssh-dss", "", "a DSA key" },
	{ "ssh-ed448", "", "an Ed448 key" },
	{ "ssh-xmss", "@openssh.com", "an XMSS key" },
};

const char *
pubkey_unsupported(const uint8_t *name, size_t len)
{
	size_t pre, suf;

	for (size_t i = 0; i < sizeof(unsupported) / sizeof(unsupported[0]);
	     i++) {
		pre = strlen(unsupported[i].prefix);
		suf = strlen(unsupported[i].suffix);
		if (len >= pre + suf && (suf > 0 || len == pre) &&
		    memcmp(name, unsupported[i].prefix, pre) == 0 &&
		    memcmp(name + len - suf, unsupported[i].suffix, suf) == 0)
			return unsupported[i].what;
	}
	return NULL;
}

static int
no_public_key(struct err *e)
{
	return err_set(e, ERR_FORMAT, "not a sound SSH public key");
}

static int
find_type(struct wire *w, enum key_type *typep, struct err *e)
{
	const uint8_t *name;
	const char *what;
	size_t len;

	name = wire_string(w, &len);
	if (!wire_ok(w))
		return no_public_key(e);
	for (enum key_type t = KEY_RSA; t <= KEY_ECDSA_521; t++)
		if (strlen(key_ssh_name(t)) == len &&
		    memcmp(key_ssh_name(t), name, len) == 0) {
			*typep = t;
			return 0;
		}
	what = pubkey_unsupported(name, len);
	if (what == NULL)
		return no_public_key(e);
	(void)err_set(e, ERR_UNSUPPORTED, "%s", what);
	err_hint(e, "pemkeep keeps RSA, Ed25519 and ECDSA keys");
	return ERR_UNSUPPORTED;
}

int
pubkey_parse(
    const uint8_t *blob, size_t len, struct pubkey_parts *p, struct err *e)
{
	const struct key_kind *kind;
	struct wire w;
	int r;

	memset(p, 0, sizeof(*p));
	wire_init(&w, blob, len);
	r = find_type(&w, &p->type, e);
	if (r != 0)
		return r;
	kind = key_kind(p->type);
	p->bits = kind->bits;
	if (p->type == KEY_RSA) {
		p->e.at = wire_mpint(&w, &p->e.len);
		p->n.at = wire_mpint(&w, &p->n.len);
	} else {
		if (kind->curve != NULL && !wire_string_is(&w, kind->curve))
			return no_public_key(e);
		p->point.at = wire_string(&w, &p->point.len);
	}
	if (!wire_done(&w))
		return no_public_key(e);
	if (kind->curve != NULL ? p->point.len != 1 + 2 * (size_t)kind->field ||
		    p->point.at[0] != 4
				: p->point.len != kind->field)
		return no_public_key(e);
	return 0;
}

static int
check_rsa(struct pubkey_parts *p, struct err *err)
{
	BIGNUM *n, *e;
	int r;

	if (p->n.len > KEY_RSA_BYTES_MAX || p->e.len > KEY_RSA_BYTES_MAX)
		return err_set(err, ERR_UNSUPPORTED,
		    "an RSA key of more than %u bits", KEY_RSA_MAX);
	n = BN_bin2bn(p->n.at, (int)p->n.len, NULL);
	e = BN_bin2bn(p->e.at, (int)p->e.len, NULL);
	if (n == NULL || e == NULL) {
		r = key_crypto_failed(err, "out of memory");
	} else {
		r = key_rsa_check_public(n, e, err);
		p->bits = (unsigned)BN_num_bits(n);
	}
	BN_free(n);
	BN_free(e);
	return r;
}

static bool
on_nist_curve(const struct pubkey_parts *p)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(key_kind(p->type)->nid);
	EC_POINT *point = group == NULL ? NULL : EC_POINT_new(group);
	bool ok;

	ok = point != NULL &&
	    EC_POINT_oct2point(group, point, p->point.at, p->point.len, NULL) ==
		1;
	EC_POINT_free(point);
	EC_GROUP_free(group);
	ERR_clear_error();
	return ok;
}

/*
 * Is there an x for this y?  x^2 = (y^2 - 1) / (d y^2 + 1) (RFC 8032, 5.1.3),
 * so the product of both must be a square modulo 2^255 - 19.
 */
static bool
on_edwards_curve(struct key_bytes point)
{
	static const char d_hex[] = "52036cee2b6ffe738cc740797779e898"
				    "00700a4d4141d8ab75eb4dca135978a3";
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *prime = NULL, *d = NULL, *y = NULL;
	uint8_t bytes[KEY_ED25519_BYTES];
	bool ok;

	memcpy(bytes, point.at, sizeof(bytes));
	bytes[31] &= 0x7f; /* the sign of x */
	y = BN_lebin2bn(bytes, sizeof(bytes), NULL);
	ok = ctx != NULL && y != NULL && BN_hex2bn(&d, d_hex) > 0 &&
	    BN_dec2bn(&prime, "1") > 0 && BN_lshift(prime, prime, 255) == 1 &&
	    BN_sub_word(prime, 19) == 1 && BN_cmp(y, prime) < 0 &&
	    BN_mod_sqr(y, y, prime, ctx) == 1 &&
	    BN_mod_mul(d, d, y, prime, ctx) == 1 && BN_add_word(d, 1) == 1 &&
	    BN_add(y, y, prime) == 1 && BN_sub_word(y, 1) == 1 &&
	    BN_mod_mul(y, y, d, prime, ctx) == 1 &&
	    (BN_is_zero(y) || BN_kronecker(y, prime, ctx) == 1);
	BN_free(y);
	BN_free(d);
	BN_free(prime);
	BN_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}

int
pubkey_facts(
    const uint8_t *blob, size_t len, struct pubkey_facts *facts, struct err *e)
{
	struct pubkey_parts p;
	int r;

	memset(facts, 0, sizeof(*facts));
	r = pubkey_parse(blob, len, &p, e);
	if (r == 0 && p.type == KEY_RSA)
		r = check_rsa(&p, e);
	else if (r == 0 &&
	    !(p.type == KEY_ED25519 ? on_edwards_curve(p.point)
				    : on_nist_curve(&p)))
		r = err_set(e, ERR_FORMAT,
		    "the public key is not a point of its curve");
	if (r != 0)
		return r;
	facts->type = p.type;
	facts->bits = p.bits;
	return 0;
}

int
pubkey_fingerprint(const uint8_t *blob, size_t len, struct buf *out)
{
	uint8_t d[DIGEST_MAX];
	size_t n = digest(DIGEST_SHA256, blob, len, d);

	if (n == 0)
		return ERR_FAILED;
	buf_put_text(out, "SHA256:");
	digest_put_base64(out, d, n, 0);
	return buf_ok(out) ? 0 : ERR_NOMEM;
}

static int
done(const struct buf *out, struct err *e)
{
	if (!buf_ok(out))
		return err_set(e, ERR_NOMEM, "out of memory");
	return 0;
}

static int
ec2_ed25519(const uint8_t *blob, size_t len, struct buf *out, struct err *e)
{
	uint8_t d[DIGEST_MAX];
	size_t n = digest(DIGEST_SHA256, blob, len, d);

	if (n == 0)
		return err_set(e, ERR_FAILED, "SHA-256 failed");
	digest_put_base64(out, d, n, 1);
	return done(out, e);
}

static int
ec2_rsa(const struct pubkey_parts *p, struct buf *out, struct err *e)
{
	struct buf der = BUF_INIT;
	uint8_t d[DIGEST_MAX];
	size_t n;

	if (key_der_put_rsa_public(p->n, p->e, true, &der) != 0) {
		buf_free(&der);
		return no_public_key(e);
	}
	n = digest(DIGEST_MD5, der.data, der.len, d);
	buf_free(&der);
	if (n == 0)
		return err_set(
		    e, ERR_UNSUPPORTED, "MD5 is switched off on this system");
	digest_put_hex(out, d, n, ':');
	return done(out, e);
}

static int
no_ec2_key(struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "EC2 takes no ECDSA keys");
}

int
pubkey_ec2_imported(
    const uint8_t *blob, size_t len, struct buf *out, struct err *e)
{
	struct pubkey_parts p;
	int r;

	r = pubkey_parse(blob, len, &p, e);
	if (r != 0)
		return r;
	if (p.type == KEY_RSA)
		return ec2_rsa(&p, out, e);
	if (p.type == KEY_ED25519)
		return ec2_ed25519(blob, len, out, e);
	return no_ec2_key(e);
}

int
pubkey_ec2_created(const uint8_t *blob, size_t len, const uint8_t *sha1,
    struct buf *out, struct err *e)
{
	struct pubkey_parts p;
	int r;

	r = pubkey_parse(blob, len, &p, e);
	if (r != 0)
		return r;
	if (p.type == KEY_ED25519)
		return ec2_ed25519(blob, len, out, e);
	if (p.type != KEY_RSA)
		return no_ec2_key(e);
	if (sha1 == NULL)
		return err_set(e, ERR_UNSUPPORTED,
		    "this fingerprint needs the private key");
	digest_put_hex(out, sha1, 20, ':');
	return done(out, e);
}

int
pubkey_line(const uint8_t *blob, size_t len, const char *comment,
    struct buf *out, struct err *e)
{
	struct pubkey_parts p;
	int r;

	r = pubkey_parse(blob, len, &p, e);
	if (r != 0)
		return r;
	buf_put_text(out, key_ssh_name(p.type));
	buf_put_text(out, " ");
	digest_put_base64(out, blob, len, 1);
	if (*comment != '\0')
		buf_put_text(out, " ");
	for (; *comment != '\0'; comment++)
		buf_put_u8(out,
		    (uint8_t)*comment < 0x20 || *comment == 0x7f
			? ' '
			: (uint8_t)*comment);
	return done(out, e);
}
