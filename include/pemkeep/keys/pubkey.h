/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_KEYS_PUBKEY_H
#define PEMKEEP_KEYS_PUBKEY_H

/* Public keys in SSH wire form ("blob"): what they are, and their fingerprints. */

#include <stddef.h>
#include <stdint.h>

#include "pemkeep/keys/key.h"

struct buf;
struct err;

struct pubkey_facts {
	enum key_type type;
	unsigned bits;
};

/*
 * What a blob is.  All of it is checked: name, curve, lengths, nothing left
 * over, an RSA modulus of 1024 to 16384 bits, a point on the curve.
 * ERR_FORMAT; ERR_UNSUPPORTED for DSA, certificates, security keys, and RSA of
 * other sizes.  Costs some 10 µs.
 */
int pubkey_facts(
    const uint8_t *blob, size_t len, struct pubkey_facts *facts, struct err *e);

/* Append "SHA256:…", as ssh-keygen -l prints it. */
int pubkey_fingerprint(const uint8_t *blob, size_t len, struct buf *out);

/*
 * Append the fingerprint that EC2 shows for an imported key pair: RSA: MD5 of
 * the DER SubjectPublicKeyInfo in hex with ':'; Ed25519: SHA-256 of the blob in
 * base64 with '='.  ERR_UNSUPPORTED for ECDSA, which EC2 does not take, and
 * where MD5 is not to be had.
 */
int pubkey_ec2_imported(
    const uint8_t *blob, size_t len, struct buf *out, struct err *e);

/*
 * Append what EC2 shows for a pair it created: for Ed25519 the same as above;
 * for RSA the given SHA-1 of the private key (key_ec2_sha1()) in hex with ':'.
 */
int pubkey_ec2_created(const uint8_t *blob, size_t len, const uint8_t *sha1,
    struct buf *out, struct err *e);

/*
 * Append "ssh-rsa AAAA… comment" (RFC 4716 is not used); comment may be "".
 * Control characters in it become blanks: it stays one line.
 */
int pubkey_line(const uint8_t *blob, size_t len, const char *comment,
    struct buf *out, struct err *e);

/* Verify a signature blob over data.  0, or ERR_MISMATCH. */
int pubkey_verify(const uint8_t *blob, size_t len, const struct buf *signature,
    const void *data, size_t data_len, struct err *e);

#endif
