/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_KEYS_KEY_H
#define PEMKEEP_KEYS_KEY_H

/*
 * A private key in memory: make one, turn it into its forms, ask what it is,
 * sign with it.  Reading key files is keyfile.h.
 *
 * Supported: RSA of 1024 to 16384 bits, Ed25519, ECDSA on P-256, P-384, P-521.
 * Whatever makes a struct key has proven that its private half belongs to its
 * public half (key_prove()).
 */

#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct key;
struct secret;

enum key_type {
	KEY_RSA,
	KEY_ED25519,
	KEY_ECDSA_256,
	KEY_ECDSA_384,
	KEY_ECDSA_521
};

#define KEY_RSA_MIN 1024u /* bits */
#define KEY_RSA_MAX 16384u

/*
 * A new key.  'bits' counts for RSA only (2048 to 16384).  ERR_UNSUPPORTED for other
 * sizes, ERR_FAILED when libcrypto fails.
 */
int key_generate(
    enum key_type type, unsigned bits, struct key **kp, struct err *e);

/* Wipe and free; NULL does nothing. */
void key_free(struct key *k);

enum key_type key_type(const struct key *k);
unsigned key_bits(const struct key *k); /* 2048, 256, 384, 521 … */

/* The SSH name, "ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256" … */
const char *key_ssh_name(enum key_type type);

/* A word for people and JSON: "rsa", "ed25519", "ecdsa". */
const char *key_word(enum key_type type);

/*
 * Unencrypted PKCS#8 DER (RFC 5208, RFC 8410) as EC2 hashes it.  The new secret
 * in *derp is the caller's.  key_from_pkcs8() accepts what key_to_pkcs8() writes
 * and nothing behind it (ERR_FORMAT), and proves the pair (ERR_MISMATCH): by
 * arithmetic, which costs microseconds; only key_prove() makes a signature.
 */
int key_to_pkcs8(const struct key *k, struct secret **derp, struct err *e);
int key_from_pkcs8(const struct secret *der, struct key **kp, struct err *e);

/*
 * The file a user would have: OpenSSH v1 for Ed25519 and ECDSA, PKCS#1 PEM for
 * RSA, as EC2 and ssh-keygen make them; unencrypted.  'comment' (OpenSSH v1
 * only) may be "".
 */
int key_to_file(const struct key *k, const char *comment, struct secret **textp,
    struct err *e);

/* Append the public key in SSH wire form (RFC 4253 6.6, RFC 5656, RFC 8709). */
int key_public_blob(const struct key *k, struct buf *out, struct err *e);

/*
 * Prove that the private half belongs to the public half: for RSA the numbers
 * must fit each other (n = pq, d, the CRT parts), and for all types a signature
 * made with the private half must verify with 'blob' (the public half as the
 * file claims it; NULL for the key's own).  ERR_MISMATCH.
 */
int key_prove(const struct key *k, const struct buf *blob, struct err *e);

/*
 * Sign.  'algorithm' is the SSH signature algorithm: "rsa-sha2-256",
 * "rsa-sha2-512" (RFC 8332), "ssh-ed25519" (RFC 8709), "ecdsa-sha2-nistp256" …
 * (RFC 5656).  Appends the whole signature blob (string algorithm, string
 * signature).  ERR_UNSUPPORTED when the algorithm does not fit the key ("ssh-rsa",
 * which is SHA-1, never does).
 */
int key_sign(const struct key *k, const char *algorithm, const void *data,
    size_t len, struct buf *out, struct err *e);

/*
 * Decrypt what was encrypted with the public half: RSA, PKCS#1 v1.5 (RFC 8017
 * 7.2), as EC2 does it with the passwords of Windows.  The new secret is the
 * caller's.  ERR_UNSUPPORTED for other types; ERR_FORMAT when it has not the length
 * of the key.  ERR_MISMATCH: it was for another key; but libcrypto may give random
 * bytes instead of saying so, so that the caller must know what to expect.
 */
int key_decrypt(const struct key *k, const void *data, size_t len,
    struct secret **plainp, struct err *e);

/*
 * SHA-1 of the PKCS#8 DER: what EC2 shows for an RSA key pair that it created
 * itself.  ERR_UNSUPPORTED for other types.
 */
int key_ec2_sha1(const struct key *k, uint8_t out[20], struct err *e);

#endif
