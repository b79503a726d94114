/* SPDX-License-Identifier: ISC */
/* What is no private key, more than one, or one among other things. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "keys_forge.h"

static void
not_a_key(void **state)
{
#define B "-----BEGIN "
#define E "-----END "
#define K "-----\nAAAA\n"
	static const struct {
		const char *text;
		int want;
		const char *words;
	} cases[] = {
		{ "", ERR_FORMAT, "empty" },
		{ "\n", ERR_FORMAT, "empty" },
		{ " \r\n\t\n", ERR_FORMAT, "empty" },
		{ "\xef\xbb\xbf", ERR_FORMAT, "empty" },
		{ "hello\n", ERR_FORMAT, "no private key" },
		{ "ssh-rsa AAAAB3Nz me\n", ERR_FORMAT, "a public key" },
		{ "ssh-ed25519 AAAAC3Nz\n", ERR_FORMAT, "a public key" },
		{ "sk-ssh-ed25519@openssh.com AAAA x", ERR_FORMAT,
		    "a public key" },
		{ "ssh-rsa-cert-v01@openssh.com AAAA", ERR_FORMAT,
		    "a certificate" },
		{ B "CERTIFICATE" K E "CERTIFICATE-----\n", ERR_FORMAT,
		    "a certificate" },
		{ B "PUBLIC KEY" K E "PUBLIC KEY-----\n", ERR_FORMAT,
		    "a public key" },
		{ B "RSA PUBLIC KEY" K E "RSA PUBLIC KEY-----\n", ERR_FORMAT,
		    "a public key" },
		{ B "SOMETHING" K E "SOMETHING-----\n", ERR_FORMAT,
		    "'SOMETHING'" },
		{ "---- BEGIN SSH2 PUBLIC KEY ----\n", ERR_FORMAT,
		    "a public key" },
		{ "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n",
		    ERR_UNSUPPORTED, "ssh.com" },
		{ "SSH PRIVATE KEY FILE FORMAT 1.1\n", ERR_UNSUPPORTED,
		    "SSH 1" },
		{ B "DSA PRIVATE KEY" K E "DSA PRIVATE KEY-----\n",
		    ERR_UNSUPPORTED, "DSA" },
		{ B "FOO PRIVATE KEY" K E "FOO PRIVATE KEY-----\n",
		    ERR_UNSUPPORTED, "FOO" },
		{ B "PRIVATE KEY-----\n", ERR_FORMAT, "cut off" },
		{ B "PRIVATE KEY" K, ERR_FORMAT, "cut off" },
		{ B "PRIVATE KEY" K E "RSA PRIVATE KEY-----\n", ERR_FORMAT,
		    "cut off" },
		{ B "PRIVATE KEY" K B "PRIVATE KEY" K E "PRIVATE KEY-----\n",
		    ERR_FORMAT, "cut off" },
		{ B "PRIVATE KEY", ERR_FORMAT, "cut off" },
		{ B "PRIVATE KEY----- AAAA " E "PRIVATE KEY-----", ERR_FORMAT,
		    "line breaks" },
		{ B "PRIVATE KEY-----\n" E "PRIVATE KEY-----\n", ERR_FORMAT,
		    "damaged" },
		{ B "PRIVATE KEY-----\n!!!!\n" E "PRIVATE KEY-----\n",
		    ERR_FORMAT, "base64" },
		{ B "PRIVATE KEY-----\nAAA\n" E "PRIVATE KEY-----\n",
		    ERR_FORMAT, "base64" },
		{ B "PRIVATE KEY" K E "PRIVATE KEY-----\n", ERR_FORMAT,
		    "damaged" },
		{ B "OPENSSH PRIVATE KEY" K E "OPENSSH PRIVATE KEY-----\n",
		    ERR_FORMAT, "damaged" },
		{ B "PRIVATE KEY" K E "PRIVATE KEY-----\n" B
		    "EC PRIVATE KEY" K E "EC PRIVATE KEY-----\n",
		    ERR_UNSUPPORTED, "more than one" },
		{ "PuTTY-User-Key-File-3: x\nPuTTY-User-Key-File-3: x\n",
		    ERR_UNSUPPORTED, "more than one" },
		{ "PuTTY-User-Key-File-", ERR_UNSUPPORTED, "PPK" },
		{ "{\"KeyMaterial\": \"" B "RSA PRIVATE KEY-----\\nAA\"}",
		    ERR_FORMAT, "lines of its own" },
		{ B "RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n" E
		    "RSA PRIVATE KEY-----\n",
		    ERR_FORMAT, "damaged" },
		{ B "RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
		    "DEK-Info: ROT-13,00\n\nAAAA\n" E "RSA PRIVATE KEY-----\n",
		    ERR_UNSUPPORTED, "ROT-13" },
		{ B "RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
		    "DEK-Info: AES-128-CBC,00\n\nAAAA\n" E
		    "RSA PRIVATE KEY-----\n",
		    ERR_FORMAT, "damaged" },
		{ B "PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
		    "DEK-Info: AES-128-CBC,00112233445566778899aabbccddeeff\n"
		    "\nAAAA\n" E "PRIVATE KEY-----\n",
		    ERR_FORMAT, "damaged" },
		{ B "RSA PRIVATE KEY-----\nX: y\n\nAAAA\n" E
		    "RSA PRIVATE KEY-----\n",
		    ERR_FORMAT, "damaged" },
	};
	struct keyfile f;
	struct err e;
	int r;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		r = read_text(
		    cases[i].text, strlen(cases[i].text), NULL, &f, &e);
		if (r != cases[i].want ||
		    strstr(e.text, cases[i].words) == NULL)
			fail_msg("'%s': %d %s", cases[i].text, r, e.text);
	}
}

static void
bytes_that_are_no_text(void **state)
{
	static char big[KEYFILE_MAX + 1];
	struct secret *key, *text;
	struct keyfile f;
	struct err e;
	unsigned seed = 1;

	(void)state;
	memset(big, 'A', sizeof(big));
	assert_int_equal(read_text(big, sizeof(big), NULL, &f, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "too long"));
	assert_int_equal(
	    read_text(big, sizeof(big) - 1, NULL, &f, &e), ERR_FORMAT);
	assert_int_equal(read_text("\0\0\0\0", 4, NULL, &f, &e), ERR_FORMAT);
	assert_int_equal(read_text("\xff\xfe\0", 3, NULL, &f, &e), ERR_FORMAT);
	assert_int_equal(
	    read_text("\xff\xfe\0\xd8", 4, NULL, &f, &e), ERR_FORMAT);
	assert_int_equal(
	    read_text("\xff\xfe\0\xdc", 4, NULL, &f, &e), ERR_FORMAT);
	assert_int_equal(
	    read_text("\xff\xfe\0\xd8\0\0", 6, NULL, &f, &e), ERR_FORMAT);
	for (int round = 0; round < 2000; round++) {
		for (size_t i = 0; i < 200; i++) {
			seed = seed * 1103515245u + 12345u;
			big[i] = (char)(seed >> 16);
		}
		assert_int_not_equal(
		    read_text(big, (size_t)round % 200, NULL, &f, &e), 0);
	}
	/* A zero byte in an otherwise sound file. */
	assert_int_equal(key_to_file(one[KEY_ED25519], "", &text, NULL), 0);
	key = secret_new(secret_len(text) + 1);
	assert_true(secret_append(key, secret_bytes(text), secret_len(text)));
	assert_true(secret_append(key, "", 1));
	assert_int_equal(keyfile_read(key, NULL, &f, &e), ERR_FORMAT);
	secret_data(key)[40] = 0;
	assert_true(secret_set_len(key, secret_len(text)));
	assert_int_equal(keyfile_read(key, NULL, &f, &e), ERR_FORMAT);
	secret_free(key);
	secret_free(text);
}

/* A key among other blocks is found, and that is said. */
static void
key_among_others(void **state)
{
	static const char cert[] = B "CERTIFICATE" K E "CERTIFICATE-----\n";
	static const char params[] =
	    B "EC PARAMETERS" K E "EC PARAMETERS-----\n";
	struct buf b = BUF_INIT;
	struct secret *text;
	struct keyfile f;
	struct err e;

	(void)state;
	assert_int_equal(key_to_file(one[KEY_RSA], "", &text, NULL), 0);
	for (int i = 0; i < 3; i++) {
		buf_clear(&b);
		buf_put_text(&b, i == 0 ? cert : i == 1 ? params : "");
		buf_put(&b, secret_bytes(text), secret_len(text));
		buf_put_text(&b, i == 2 ? cert : "");
		assert_int_equal(
		    read_text(buf_text(&b), b.len, NULL, &f, &e), 0);
		assert_int_equal(f.repairs, i == 1 ? 0 : KEYFILE_TEXT);
		fixture_same_blob(f.key, one[KEY_RSA]);
		keyfile_clear(&f);
	}
	buf_free(&b);
	secret_free(text);
}

/* Comments are cut at 255 bytes, not inside a character. */
static void
long_comments(void **state)
{
	char comment[600];
	struct secret *text;
	struct keyfile f;

	(void)state;
	for (size_t len = 253; len < 260; len++) {
		memset(comment, 'c', sizeof(comment));
		for (size_t i = 3; i + 3 <= len; i += 3)
			memcpy(comment + i, "\xed\x95\x9c", 3); /* Hangul */
		comment[len] = '\0';
		assert_int_equal(
		    key_to_file(one[KEY_ED25519], comment, &text, NULL), 0);
		assert_int_equal(keyfile_read(text, NULL, &f, NULL), 0);
		assert_int_equal(strlen(f.comment), len < 255 ? len : 255);
		assert_memory_equal(f.comment, comment, strlen(f.comment));
		keyfile_clear(&f);
		secret_free(text);
	}
	memset(comment, 'c', sizeof(comment));
	memcpy(comment + 254, "\xed\x95\x9c", 4);
	assert_int_equal(
	    key_to_file(one[KEY_ED25519], comment, &text, NULL), 0);
	assert_int_equal(keyfile_read(text, NULL, &f, NULL), 0);
	assert_int_equal(strlen(f.comment), 254);
	keyfile_clear(&f);
	secret_free(text);
}

static void
looks_like_a_key(void **state)
{
	static const struct {
		const char *head;
		bool want;
	} cases[] = {
		{ "-----BEGIN RSA PRIVATE KEY-----", true },
		{ "-----BEGIN PRIVATE KEY-----\r\n", true },
		{ "-----BEGIN OPENSSH PRIVATE KEY-----", true },
		{ "-----BEGIN ENCRYPTED PRIVATE KEY-----", true },
		{ "-----BEGIN DSA PRIVATE KEY-----", true },
		{ "text\n  -----BEGIN EC PRIVATE KEY-----", true },
		{ "PuTTY-User-Key-File-2: ssh-rsa", true },
		{ "PuTTY-User-Key-File-3: ssh-rsa", true },
		{ "SSH PRIVATE KEY FILE FORMAT 1.1\n", true },
		{ "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----", true },
		{ "", false },
		{ "-----BEGIN RSA PRIVATE KEY----", false },
		{ "-----BEGIN PUBLIC KEY-----", false },
		{ "-----BEGIN CERTIFICATE-----", false },
		{ "char *s = \"-----BEGIN RSA PRIVATE KEY-----\";", false },
		{ "ssh-rsa AAAA", false },
		{ "-----BEGIN rsa PRIVATE KEY-----", false },
		{ "-----BEGIN A VERY VERY VERY VERY VERY LONG PRIVATE "
		  "KEY-----",
		    false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (keyfile_looks_like_key(
			cases[i].head, strlen(cases[i].head)) != cases[i].want)
			fail_msg("%s", cases[i].head);
	assert_false(keyfile_looks_like_key("\0\0\0\0", 4));
	assert_false(keyfile_looks_like_key("\xff\xfe", 2));
}

static void
words(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_string_equal(keyfile_format_name(KEYFILE_PKCS1), "PKCS#1");
	assert_string_equal(keyfile_format_name(KEYFILE_PPK3), "PPK 3");
	assert_string_equal(
	    keyfile_format_name((enum keyfile_format)0), "unknown");
	assert_string_equal(
	    keyfile_format_name((enum keyfile_format)7), "unknown");
	keyfile_put_repairs(&b, 0);
	assert_int_equal(b.len, 0);
	keyfile_put_repairs(&b, KEYFILE_CRLF | KEYFILE_BOM);
	assert_string_equal(buf_text(&b), "CRLF line ends, byte order mark");
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(not_a_key),
		cmocka_unit_test(bytes_that_are_no_text),
		cmocka_unit_test(key_among_others),
		cmocka_unit_test(long_comments),
		cmocka_unit_test(looks_like_a_key),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
