/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_BASE_DIGEST_H
#define PEMKEEP_BASE_DIGEST_H

/* Digests (libcrypto), for identification: fingerprints, cache names. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

enum digest_alg { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256 };

#define DIGEST_MAX 32

/*
 * Returns the digest's length (16, 20, 32), or 0 when the algorithm is not to
 * be had (MD5 under a FIPS provider).
 */
size_t digest(enum digest_alg alg, const void *bytes, size_t len,
    uint8_t out[DIGEST_MAX]);

/* HMAC with SHA-256 (RFC 2104) into 'out'.  False: it is not to be had. */
bool digest_hmac_sha256(const void *key, size_t key_len, const void *bytes,
    size_t len, uint8_t out[DIGEST_MAX]);

/*
 * Get libcrypto ready for its first use, random numbers, too: about a
 * millisecond that nobody misses while something else has to be waited for.
 */
void digest_warm(void);

/* Append as lower-case hex with ':' between the bytes (no ':' if sep is 0). */
void digest_put_hex(struct buf *b, const uint8_t *d, size_t len, char sep);

/* Append as base64 (RFC 4648), with '=' padding only if 'pad' is not 0. */
void digest_put_base64(struct buf *b, const uint8_t *d, size_t len, int pad);

#endif
