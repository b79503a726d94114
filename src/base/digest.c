/* SPDX-License-Identifier: ISC */
/*
 * Digests of libcrypto.  Its error queue is left as it was: that MD5 is not to
 * be had is an answer, not a fault.
 */

#include <limits.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/digest.h"

static const EVP_MD *
method(enum digest_alg alg)
{
	switch (alg) {
	case DIGEST_MD5:
		return EVP_md5();
	case DIGEST_SHA1:
		return EVP_sha1();
	case DIGEST_SHA256:
		return EVP_sha256();
	}
	return NULL;
}

size_t
digest(
    enum digest_alg alg, const void *bytes, size_t len, uint8_t out[DIGEST_MAX])
{
	const EVP_MD *md = method(alg);
	unsigned int n = 0;

	memset(out, 0, DIGEST_MAX);
	if (md == NULL)
		return 0;
	if (bytes == NULL)
		bytes = "";
	ERR_set_mark();
	if (EVP_Digest(bytes, len, out, &n, md, NULL) != 1)
		n = 0;
	ERR_pop_to_mark();
	return n;
}

bool
digest_hmac_sha256(const void *key, size_t key_len, const void *bytes,
    size_t len, uint8_t out[DIGEST_MAX])
{
	bool done = false;

	memset(out, 0, DIGEST_MAX);
	ERR_set_mark();
	if (key_len <= INT_MAX)
		done = HMAC(EVP_sha256(), key, (int)key_len, bytes, len, out,
			   NULL) != NULL;
	ERR_pop_to_mark();
	return done;
}

void
digest_warm(void)
{
	uint8_t out[DIGEST_MAX];

	(void)digest(DIGEST_SHA256, "", 0, out);
	ERR_set_mark();
	(void)RAND_bytes(out, sizeof(out));
	ERR_pop_to_mark();
}

void
digest_put_hex(struct buf *b, const uint8_t *d, size_t len, char sep)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < len; i++) {
		if (i > 0 && sep != '\0')
			buf_put(b, &sep, 1);
		buf_put(b, &digits[d[i] >> 4], 1);
		buf_put(b, &digits[d[i] & 15], 1);
	}
}

void
digest_put_base64(struct buf *b, const uint8_t *d, size_t len, int pad)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t v;
	size_t i, n;

	for (i = 0; i < len; i += n) {
		n = len - i < 3 ? len - i : 3;
		v = (uint32_t)d[i] << 16;
		if (n > 1)
			v |= (uint32_t)d[i + 1] << 8;
		if (n > 2)
			v |= d[i + 2];
		buf_put(b, &digits[v >> 18], 1);
		buf_put(b, &digits[v >> 12 & 63], 1);
		if (n > 1)
			buf_put(b, &digits[v >> 6 & 63], 1);
		if (n > 2)
			buf_put(b, &digits[v & 63], 1);
		if (n < 3 && pad)
			buf_put(b, "==", 3 - n);
	}
}
