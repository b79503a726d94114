/* SPDX-License-Identifier: ISC */
/* Digests against published values, and where there is no MD5. */

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <cmocka.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/digest.h"

/* RFC 1321 A.5, RFC 3174 and FIPS 180 examples. */
static void
known_values(void **state)
{
	static const struct {
		enum digest_alg alg;
		const char *text;
		const char *hex;
	} cases[] = {
		{ DIGEST_MD5, "", "d41d8cd98f00b204e9800998ecf8427e" },
		{ DIGEST_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72" },
		{ DIGEST_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
		{ DIGEST_SHA1, "abc",
		    "a9993e364706816aba3e25717850c26c9cd0d89d" },
		{ DIGEST_SHA256, "",
		    "e3b0c44298fc1c149afbf4c8996fb924"
		    "27ae41e4649b934ca495991b7852b855" },
		{ DIGEST_SHA256, "abc",
		    "ba7816bf8f01cfea414140de5dae2223"
		    "b00361a396177a9cb410ff61f20015ad" },
	};
	uint8_t out[DIGEST_MAX];
	struct buf b = BUF_INIT;
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		len = digest(
		    cases[i].alg, cases[i].text, strlen(cases[i].text), out);
		assert_int_equal(len, strlen(cases[i].hex) / 2);
		buf_clear(&b);
		digest_put_hex(&b, out, len, '\0');
		assert_string_equal(buf_text(&b), cases[i].hex);
	}
	assert_int_equal(digest(DIGEST_SHA1, NULL, 0, out), 20);
	buf_free(&b);
}

/* RFC 4231, cases 1, 2 and 6 (a key longer than a block). */
static void
hmac(void **state)
{
	static const struct {
		char fill;
		size_t key_len;
		const char *key, *text, *hex;
	} cases[] = {
		{ 0x0B, 20, NULL, "Hi There",
		    "b0344c61d8db38535ca8afceaf0bf12b"
		    "881dc200c9833da726e9376c2e32cff7" },
		{ 0, 4, "Jefe", "what do ya want for nothing?",
		    "5bdcc146bf60754e6a042426089575c7"
		    "5a003f089d2739839dec58b964ec3843" },
		{ (char)0xAA, 131, NULL,
		    "Test Using Larger Than Block-Size Key - Hash Key First",
		    "60e431591ee0b67f0d8a26aacbf5b77f"
		    "8e0bc6213728c5140546040f0ee37f54" },
	};
	uint8_t out[DIGEST_MAX];
	char key[131];
	struct buf b = BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(key, cases[i].fill, sizeof(key));
		assert_true(digest_hmac_sha256(
		    cases[i].key == NULL ? key : cases[i].key, cases[i].key_len,
		    cases[i].text, strlen(cases[i].text), out));
		buf_clear(&b);
		digest_put_hex(&b, out, 32, '\0');
		assert_string_equal(buf_text(&b), cases[i].hex);
	}
	assert_false(digest_hmac_sha256("k", (size_t)INT_MAX + 1, "", 0, out));
	buf_free(&b);
}

static void
no_such_algorithm(void **state)
{
	uint8_t out[DIGEST_MAX], zero[DIGEST_MAX] = { 0 };

	(void)state;
	memset(out, 0xAA, sizeof(out));
	assert_int_equal(digest((enum digest_alg)99, "abc", 3, out), 0);
	assert_memory_equal(out, zero, sizeof(zero));
}

/* Without a FIPS provider nothing at all is had under these properties. */
static void
no_md5(void **state)
{
	uint8_t out[DIGEST_MAX], zero[DIGEST_MAX] = { 0 };
	struct buf b = BUF_INIT;
	int i;

	(void)state;
	memset(out, 0xAA, sizeof(out));
	ERR_clear_error();
	assert_int_equal(EVP_set_default_properties(NULL, "fips=yes"), 1);
	for (i = 0; i < 3; i++) {
		assert_int_equal(digest(DIGEST_MD5, "abc", 3, out), 0);
		assert_memory_equal(out, zero, sizeof(zero));
		assert_int_equal(ERR_peek_error(), 0);
	}
	assert_int_equal(EVP_set_default_properties(NULL, ""), 1);
	assert_int_equal(digest(DIGEST_MD5, "abc", 3, out), 16);
	buf_free(&b);
}

static void
hex(void **state)
{
	static const uint8_t bytes[] = { 0x00, 0x0F, 0xA0, 0xFF };
	struct buf b = BUF_INIT;

	(void)state;
	digest_put_hex(&b, bytes, 0, ':');
	assert_string_equal(buf_text(&b), "");
	digest_put_hex(&b, bytes, 1, ':');
	assert_string_equal(buf_text(&b), "00");
	buf_put_text(&b, " ");
	digest_put_hex(&b, bytes, 4, ':');
	assert_string_equal(buf_text(&b), "00 00:0f:a0:ff");
	buf_clear(&b);
	digest_put_hex(&b, bytes, 4, '\0');
	assert_string_equal(buf_text(&b), "000fa0ff");
	buf_free(&b);
}

/* RFC 4648, section 10, and the two characters that it does not show. */
static void
base64(void **state)
{
	static const struct {
		const char *bytes;
		const char *bare, *padded;
	} cases[] = {
		{ "", "", "" },
		{ "f", "Zg", "Zg==" },
		{ "fo", "Zm8", "Zm8=" },
		{ "foo", "Zm9v", "Zm9v" },
		{ "foob", "Zm9vYg", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy", "Zm9vYmFy" },
		{ "\xFF\xFF\xFF", "////", "////" },
		{ "\xFB\xEF\xBE", "++++", "++++" },
		{ "\xFF", "/w", "/w==" },
		{ "\xFF\xFF", "//8", "//8=" },
	};
	struct buf b = BUF_INIT;
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		len = strlen(cases[i].bytes);
		buf_clear(&b);
		digest_put_base64(&b, (const uint8_t *)cases[i].bytes, len, 0);
		assert_string_equal(buf_text(&b), cases[i].bare);
		buf_clear(&b);
		digest_put_base64(&b, (const uint8_t *)cases[i].bytes, len, 1);
		assert_string_equal(buf_text(&b), cases[i].padded);
	}
	buf_free(&b);
}

/* Every byte in every place, against libcrypto's own encoder. */
static void
base64_like_libcrypto(void **state)
{
	unsigned char theirs[400];
	uint8_t bytes[256 + 2];
	struct buf b = BUF_INIT;
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 167 + 13);
	for (len = 0; len <= sizeof(bytes); len++) {
		(void)EVP_EncodeBlock(theirs, bytes, (int)len);
		buf_clear(&b);
		digest_put_base64(&b, bytes, len, 1);
		assert_string_equal(buf_text(&b), (const char *)theirs);
	}
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_such_algorithm),
		cmocka_unit_test(no_md5),
		cmocka_unit_test(known_values),
		cmocka_unit_test(hmac),
		cmocka_unit_test(hex),
		cmocka_unit_test(base64),
		cmocka_unit_test(base64_like_libcrypto),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
