/* SPDX-License-Identifier: ISC */
#ifndef KEYS_KEY_INTERNAL_H
#define KEYS_KEY_INTERNAL_H

/* What the files of this folder share about keys; nobody else includes it. */

#include <openssl/bn.h>
#include <openssl/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/keys/key.h"

#define KEY_ED25519_BYTES 32u
#define KEY_FIELD_MAX 66u                       /* of P-521 */
#define KEY_POINT_MAX (1u + 2u * KEY_FIELD_MAX) /* 04 | x | y */
#define KEY_RSA_BYTES_MAX (KEY_RSA_MAX / 8u)
#define KEY_RSA_ANY_E 3072u /* bits; above, libcrypto takes e of 64 bits only */

struct err;
struct secret;

/* Bytes that lie somewhere else. */
struct key_bytes {
	const uint8_t *at;
	size_t len;
};

struct key {
	enum key_type type;
	unsigned bits;
	EVP_PKEY *pkey;
	struct buf blob; /* the public half in SSH wire form */
};

/* One row for each enum key_type. */
struct key_kind {
	const char *ssh; /* also the signature algorithm, but for RSA */
	const char *word;
	const char *curve; /* in SSH, or NULL */
	const char *group; /* in libcrypto, or NULL */
	int nid;
	unsigned bits;      /* 0 for RSA */
	unsigned field;     /* bytes of a coordinate */
	const char *digest; /* ECDSA only */
};

const struct key_kind *key_kind(enum key_type type);

/* Forget libcrypto's error queue and set "libcrypto failed: 'what'". */
int key_crypto_failed(struct err *e, const char *what);

/* The numbers of an RSA key, in the order of PKCS#1. */
enum key_rsa_part {
	RSA_N,
	RSA_E,
	RSA_D,
	RSA_P,
	RSA_Q,
	RSA_DP,
	RSA_DQ,
	RSA_QI,
	RSA_PARTS
};

struct key_rsa {
	BIGNUM *part[RSA_PARTS];
};

/*
 * Fill from big-endian bytes; dp and dq are computed where they are NULL.
 * key_rsa_fetch() fills from a key.  Clear it in any case.
 */
int key_rsa_load(
    struct key_rsa *r, const struct key_bytes part[RSA_PARTS], struct err *e);
int key_rsa_fetch(struct key_rsa *r, const struct key *k, struct err *e);
void key_rsa_clear(struct key_rsa *r);

/* What libcrypto calls the part. */
const char *key_rsa_name(int part);

/*
 * Do the numbers fit each other?  ERR_MISMATCH; ERR_UNSUPPORTED for sizes.
 * No test of primality: it would take seconds, and key_prove()'s signature
 * fails where it matters.
 */
int key_rsa_check(const struct key_rsa *r, struct err *e);

/* The sizes of an RSA public key, in bits; and whether both are odd, e >= 3. */
int key_rsa_check_public(const BIGNUM *n, const BIGNUM *e, struct err *err);

/*
 * Make a key of its numbers.  All check that the halves fit (ERR_MISMATCH).
 * 'claimed' is the public half as the file has it; at == NULL for none.
 */
int key_make_rsa(
    const struct key_bytes part[RSA_PARTS], struct key **kp, struct err *e);
int key_make_ed25519(struct key_bytes seed, struct key_bytes claimed,
    struct key **kp, struct err *e);
int key_make_ecdsa(enum key_type type, struct key_bytes number,
    struct key_bytes claimed, struct key **kp, struct err *e);

/* Wrap an EVP_PKEY that is known to be sound; takes it, also on failure. */
int key_wrap(
    enum key_type type, EVP_PKEY *pkey, struct key **kp, struct err *e);

/* An EVP_PKEY of parameters, or NULL.  Takes 'params', also on failure. */
EVP_PKEY *key_from_params(
    const char *algorithm, int selection, OSSL_PARAM *params);

/* ECDSA: the point (04 | x | y); Ed25519: the 32 bytes.  Lies in k->blob. */
struct key_bytes key_public_bytes(const struct key *k);

/*
 * The private number, big-endian and of full length (ECDSA), or the seed.
 * Not for RSA.  The new secret is the caller's.
 */
int key_private_bytes(const struct key *k, struct secret **sp, struct err *e);

/* The DER forms (key_der.c).  Whatever lies behind them is ERR_FORMAT. */
int key_der_read_pkcs1(struct key_bytes der, struct key **kp, struct err *e);
int key_der_read_sec1(struct key_bytes der, struct key **kp, struct err *e);
int key_der_read_pkcs8(struct key_bytes der, struct key **kp, struct err *e);
int key_der_write_pkcs1(const struct key *k, struct secret **sp, struct err *e);

/* SEQUENCE of n and e; with 'spki' as SubjectPublicKeyInfo. */
int key_der_put_rsa_public(
    struct key_bytes n, struct key_bytes e, bool spki, struct buf *out);

/* A public blob, taken apart (pubkey.c); the bytes lie in the blob. */
struct pubkey_parts {
	enum key_type type;
	unsigned bits;
	struct key_bytes n, e;  /* RSA */
	struct key_bytes point; /* ECDSA: 04 | x | y; Ed25519: 32 bytes */
};

/* Without the mathematics: lengths and names only. */
int pubkey_parse(
    const uint8_t *blob, size_t len, struct pubkey_parts *p, struct err *e);

/*
 * Is 'name' of a kind that is known and not kept ("a DSA key", "a security
 * key", "a certificate" …)?  NULL when it is not.
 */
const char *pubkey_unsupported(const uint8_t *name, size_t len);

#endif
