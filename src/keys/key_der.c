/* SPDX-License-Identifier: ISC */
/*
 * The DER forms of private keys: PKCS#1 (RFC 8017), SEC1 (RFC 5915), PKCS#8
 * (RFC 5208, RFC 5958, RFC 8410).  What is written is what OpenSSL writes,
 * byte for byte: EC2's fingerprint of an RSA key pair is a hash of it.
 */

#include <string.h>

#include "pemkeep/base/err.h"
#include "src/keys/der.h"
#include "src/keys/key_internal.h"
#include "vault/secret.h"

#define OID(...) \
	{ \
		(const uint8_t[]){ __VA_ARGS__ }, \
		    sizeof((const uint8_t[]){ __VA_ARGS__ }) \
	}

static const struct key_bytes oid_rsa =
    OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1);
static const struct key_bytes oid_ec = OID(0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1);
static const struct key_bytes oid_ed25519 = OID(0x2b, 0x65, 0x70);

static const struct {
	enum key_type type;
	struct key_bytes oid;
} curves[] = {
	{ KEY_ECDSA_256, OID(0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7) },
	{ KEY_ECDSA_384, OID(0x2b, 0x81, 0x04, 0, 0x22) },
	{ KEY_ECDSA_521, OID(0x2b, 0x81, 0x04, 0, 0x23) },
};

static const struct {
	const char *what;
	struct key_bytes oid;
} refused[] = {
	{ "a DSA key", OID(0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1) },
	{ "an RSA-PSS key", OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10) },
	{ "a Diffie-Hellman key",
	    OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 3, 1) },
	{ "an X25519 key", OID(0x2b, 0x65, 0x6e) },
	{ "an X448 key", OID(0x2b, 0x65, 0x6f) },
	{ "an Ed448 key", OID(0x2b, 0x65, 0x71) },
};

static bool
is_oid(struct key_bytes a, struct key_bytes oid)
{
	return der_same(a, oid.at, oid.len);
}

static int
damaged(struct err *e, const char *what)
{
	return err_set(e, ERR_FORMAT, "damaged: no sound %s structure", what);
}

int
key_der_read_pkcs1(struct key_bytes bytes, struct key **kp, struct err *e)
{
	struct key_bytes part[RSA_PARTS];
	struct der all, in;
	uint64_t version;

	*kp = NULL;
	der_init(&all, bytes.at, bytes.len);
	in = der_enter(&all, DER_SEQUENCE);
	version = der_u64(&in);
	if (der_done(&all) && !in.failed && version == 1)
		return err_set(
		    e, ERR_UNSUPPORTED, "an RSA key of more than two primes");
	for (int i = 0; i < RSA_PARTS; i++)
		part[i] = der_uint(&in);
	if (!der_done(&all) || !der_done(&in) || version != 0)
		return damaged(e, "PKCS#1");
	return key_make_rsa(part, kp, e);
}

/* The curve of an OBJECT IDENTIFIER, or of parameters spelt out. */
static int
read_curve(struct der *in, enum key_type *typep, struct err *e)
{
	struct key_bytes oid;

	if (der_next_is(in, DER_SEQUENCE))
		return err_set(e, ERR_UNSUPPORTED,
		    "an elliptic curve given by its parameters, not by name");
	oid = der_take(in, DER_OID);
	if (in->failed)
		return damaged(e, "elliptic curve");
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (is_oid(oid, curves[i].oid)) {
			*typep = curves[i].type;
			return 0;
		}
	(void)err_set(e, ERR_UNSUPPORTED,
	    "a key on an elliptic curve that SSH does not have");
	err_hint(e, "pemkeep keeps ECDSA keys on P-256, P-384 and P-521");
	return ERR_UNSUPPORTED;
}

/*
 * ECPrivateKey.  'typep' holds the curve when 'known', as in PKCS#8; there
 * the curve may stand again inside, and must then be the same.
 */
static int
read_ec(struct key_bytes bytes, enum key_type type, bool known, struct key **kp,
    struct err *e)
{
	struct key_bytes number, point = { NULL, 0 };
	enum key_type inner = type;
	struct der all, in, sub;
	uint64_t version;
	int r;

	der_init(&all, bytes.at, bytes.len);
	in = der_enter(&all, DER_SEQUENCE);
	version = der_u64(&in);
	number = der_take(&in, DER_OCTETS);
	if (in.failed || version != 1)
		return damaged(e, "SEC1");
	if (der_next_is(&in, DER_CONTEXT_0)) {
		sub = der_enter(&in, DER_CONTEXT_0);
		r = read_curve(&sub, &inner, e);
		if (r != 0)
			return r;
		if (!der_done(&sub))
			return damaged(e, "SEC1");
	} else if (!known) {
		return err_set(e, ERR_FORMAT,
		    "damaged: it does not say on which elliptic curve");
	}
	if (der_next_is(&in, DER_CONTEXT_1)) {
		sub = der_enter(&in, DER_CONTEXT_1);
		point = der_bits(&sub, DER_BITS);
		if (!der_done(&sub))
			return damaged(e, "SEC1");
	}
	if (!der_done(&in) || !der_done(&all) || (known && inner != type))
		return damaged(e, "SEC1");
	return key_make_ecdsa(inner, number, point, kp, e);
}

int
key_der_read_sec1(struct key_bytes der, struct key **kp, struct err *e)
{
	*kp = NULL;
	return read_ec(der, KEY_ECDSA_256, false, kp, e);
}

static int
read_ed25519(struct key_bytes bytes, struct key_bytes claimed, struct key **kp,
    struct err *e)
{
	struct key_bytes seed;
	struct der in;

	der_init(&in, bytes.at, bytes.len);
	seed = der_take(&in, DER_OCTETS);
	if (!der_done(&in))
		return damaged(e, "Ed25519");
	return key_make_ed25519(seed, claimed, kp, e);
}

static int
unknown_algorithm(struct key_bytes oid, struct err *e)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (is_oid(oid, refused[i].oid)) {
			(void)err_set(
			    e, ERR_UNSUPPORTED, "%s", refused[i].what);
			err_hint(
			    e, "pemkeep keeps RSA, Ed25519 and ECDSA keys");
			return ERR_UNSUPPORTED;
		}
	return err_set(e, ERR_UNSUPPORTED, "a key of an unknown kind");
}

/* PrivateKeyInfo, taken apart. */
struct pkcs8 {
	struct key_bytes algorithm;
	struct der parameters;
	struct key_bytes key;
	struct key_bytes claimed; /* public half, RFC 5958 */
};

static bool
split_pkcs8(struct key_bytes bytes, struct pkcs8 *p)
{
	struct der all, in;
	uint64_t version;

	der_init(&all, bytes.at, bytes.len);
	in = der_enter(&all, DER_SEQUENCE);
	version = der_u64(&in);
	p->parameters = der_enter(&in, DER_SEQUENCE);
	p->algorithm = der_take(&p->parameters, DER_OID);
	p->key = der_take(&in, DER_OCTETS);
	p->claimed.at = NULL;
	p->claimed.len = 0;
	if (der_next_is(&in, DER_CONTEXT_0)) /* attributes: not ours */
		(void)der_take(&in, DER_CONTEXT_0);
	if (version == 1) /* that is what the number means */
		p->claimed = der_bits(&in, DER_IMPLICIT_1);
	return der_done(&all) && der_done(&in) && !p->parameters.failed &&
	    version <= 1;
}

static int
read_rsa(struct pkcs8 *p, struct key **kp, struct err *e)
{
	if (der_next_is(&p->parameters, DER_NULL))
		(void)der_take(&p->parameters, DER_NULL);
	if (!der_done(&p->parameters))
		return damaged(e, "PKCS#8");
	return key_der_read_pkcs1(p->key, kp, e);
}

static int
read_named_ec(struct pkcs8 *p, struct key **kp, struct err *e)
{
	enum key_type type;
	int r;

	r = read_curve(&p->parameters, &type, e);
	if (r != 0)
		return r;
	if (!der_done(&p->parameters))
		return damaged(e, "PKCS#8");
	return read_ec(p->key, type, true, kp, e);
}

/* Is the public half of a version 1 structure that of the key? */
static bool
claim_holds(const struct key *k, struct key_bytes claimed)
{
	struct buf own = BUF_INIT;
	struct pubkey_parts p;
	struct key_bytes bytes;
	bool same;

	if (k->type == KEY_RSA) {
		same = pubkey_parse(k->blob.data, k->blob.len, &p, NULL) == 0 &&
		    key_der_put_rsa_public(p.n, p.e, false, &own) == 0 &&
		    der_same(claimed, own.data, own.len);
		buf_free(&own);
		return same;
	}
	bytes = key_public_bytes(k);
	return der_same(claimed, bytes.at, bytes.len);
}

int
key_der_read_pkcs8(struct key_bytes der, struct key **kp, struct err *e)
{
	struct key_bytes none = { NULL, 0 };
	struct pkcs8 p;
	int r;

	*kp = NULL;
	if (!split_pkcs8(der, &p))
		return damaged(e, "PKCS#8");
	if (is_oid(p.algorithm, oid_rsa))
		r = read_rsa(&p, kp, e);
	else if (is_oid(p.algorithm, oid_ec))
		r = read_named_ec(&p, kp, e);
	else if (!is_oid(p.algorithm, oid_ed25519))
		r = unknown_algorithm(p.algorithm, e);
	else if (!der_done(&p.parameters))
		r = damaged(e, "PKCS#8");
	else
		r = read_ed25519(p.key, none, kp, e);
	if (r == 0 && p.claimed.at != NULL && !claim_holds(*kp, p.claimed)) {
		key_free(*kp);
		*kp = NULL;
		r = err_set(e, ERR_MISMATCH,
		    "its private and public half do not belong together");
	}
	return r;
}

int
key_from_pkcs8(const struct secret *der, struct key **kp, struct err *e)
{
	struct key_bytes bytes = { secret_bytes(der), secret_len(der) };

	return key_der_read_pkcs8(bytes, kp, e);
}

static void
put_version(struct der_out *o, uint8_t version)
{
	struct key_bytes one = { &version, 1 };

	der_put_uint(o, one);
}

/* RSAPrivateKey */
static int
put_rsa(const struct key *k, struct der_out *o, struct err *e)
{
	struct key_rsa rsa;
	size_t mark = o->at, len;
	struct secret *s;
	struct key_bytes number;
	int r;

	s = secret_new(KEY_RSA_BYTES_MAX);
	if (s == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	r = key_rsa_fetch(&rsa, k, e);
	for (int i = RSA_PARTS; r == 0 && i-- > 0;) {
		len = (size_t)BN_num_bytes(rsa.part[i]);
		if (len > secret_capacity(s) ||
		    BN_bn2binpad(rsa.part[i], secret_data(s), (int)len) < 0) {
			r = key_crypto_failed(e, "writing RSA numbers");
			break;
		}
		number.at = secret_bytes(s);
		number.len = len;
		der_put_uint(o, number);
	}
	put_version(o, 0);
	der_wrap(o, DER_SEQUENCE, mark);
	key_rsa_clear(&rsa);
	secret_free(s);
	return r;
}

/* ECPrivateKey without the curve, which PKCS#8 has outside. */
static int
put_ec(const struct key *k, struct der_out *o, struct err *e)
{
	struct key_bytes point = key_public_bytes(k), number;
	size_t mark = o->at;
	struct secret *s;
	int r;

	r = key_private_bytes(k, &s, e);
	if (r != 0)
		return r;
	number.at = secret_bytes(s);
	number.len = secret_len(s);
	der_put(o, point.at, point.len);
	der_put(o, "", 1);
	der_wrap(o, DER_BITS, mark);
	der_wrap(o, DER_CONTEXT_1, mark);
	der_put_tlv(o, DER_OCTETS, number);
	put_version(o, 1);
	der_wrap(o, DER_SEQUENCE, mark);
	secret_free(s);
	return 0;
}

static int
put_ed25519(const struct key *k, struct der_out *o, struct err *e)
{
	struct key_bytes seed;
	struct secret *s;
	int r;

	r = key_private_bytes(k, &s, e);
	if (r != 0)
		return r;
	seed.at = secret_bytes(s);
	seed.len = secret_len(s);
	der_put_tlv(o, DER_OCTETS, seed);
	secret_free(s);
	return 0;
}

static void
put_algorithm(enum key_type type, struct der_out *o)
{
	struct key_bytes none = { NULL, 0 };
	size_t mark = o->at;

	if (type == KEY_RSA) {
		der_put_tlv(o, DER_NULL, none);
		der_put_tlv(o, DER_OID, oid_rsa);
	} else if (type == KEY_ED25519) {
		der_put_tlv(o, DER_OID, oid_ed25519);
	} else {
		for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
			if (curves[i].type == type)
				der_put_tlv(o, DER_OID, curves[i].oid);
		der_put_tlv(o, DER_OID, oid_ec);
	}
	der_wrap(o, DER_SEQUENCE, mark);
}

/* n, d and four halves more, or a point; tags, lengths, names */
static size_t
room(const struct key *k)
{
	return k->bits / 8 * 5 + k->blob.len + 512;
}

/* Move what was written to the front of its secret. */
static int
finish(struct der_out *o, struct secret *s, int r, struct secret **sp,
    struct err *e)
{
	size_t len = o->end - o->at;

	if (r == 0 && o->failed)
		r = err_set(e, ERR_FAILED, "a key too long to write");
	if (r == 0) {
		memmove(o->start, o->start + o->at, len);
		if (!secret_set_len(s, len))
			r = err_set(e, ERR_FAILED, "a key too long to write");
	}
	if (r != 0) {
		secret_free(s);
		return r;
	}
	*sp = s;
	return 0;
}

int
key_der_write_pkcs1(const struct key *k, struct secret **sp, struct err *e)
{
	struct der_out o;
	struct secret *s;

	*sp = NULL;
	s = secret_new(room(k));
	if (s == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	der_out_init(&o, secret_data(s), secret_capacity(s));
	return finish(&o, s, put_rsa(k, &o, e), sp, e);
}

int
key_to_pkcs8(const struct key *k, struct secret **derp, struct err *e)
{
	struct der_out o;
	struct secret *s;
	int r;

	*derp = NULL;
	s = secret_new(room(k));
	if (s == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	der_out_init(&o, secret_data(s), secret_capacity(s));
	if (k->type == KEY_RSA)
		r = put_rsa(k, &o, e);
	else if (k->type == KEY_ED25519)
		r = put_ed25519(k, &o, e);
	else
		r = put_ec(k, &o, e);
	der_wrap(&o, DER_OCTETS, o.end);
	put_algorithm(k->type, &o);
	put_version(&o, 0);
	der_wrap(&o, DER_SEQUENCE, o.end);
	return finish(&o, s, r, derp, e);
}

int
key_der_put_rsa_public(
    struct key_bytes n, struct key_bytes e, bool spki, struct buf *out)
{
	uint8_t memory[2 * KEY_RSA_BYTES_MAX + 64];
	struct der_out o;

	der_out_init(&o, memory, sizeof(memory));
	der_put_uint(&o, e); /* from the end to the front */
	der_put_uint(&o, n);
	der_wrap(&o, DER_SEQUENCE, o.end);
	if (spki) {
		der_put(&o, "", 1);
		der_wrap(&o, DER_BITS, o.end);
		put_algorithm(KEY_RSA, &o);
		der_wrap(&o, DER_SEQUENCE, o.end);
	}
	if (o.failed)
		return ERR_FAILED;
	buf_put(out, o.start + o.at, o.end - o.at);
	return buf_ok(out) ? 0 : ERR_NOMEM;
}
