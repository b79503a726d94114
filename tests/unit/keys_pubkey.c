/* SPDX-License-Identifier: ISC */
/* Public key blobs: what is refused, and how keys are called. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "keys_fixture.h"
#include "pemkeep/keys/pubkey.h"

static int
facts_of(const uint8_t *blob, size_t len, struct err *e)
{
	uint8_t *copy = malloc(len + 1); /* exact, for the sanitizer */
	struct pubkey_facts facts;
	int r;

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, blob, len);
	memset(e, 0, sizeof(*e));
	r = pubkey_facts(copy, len, &facts, e);
	assert_int_equal(e->code, r);
	free(copy);
	return r;
}

static void
truncated_or_longer(void **state)
{
	struct key *k;
	struct buf b;
	struct err e;

	(void)state;
	for (enum key_type t = KEY_RSA; t <= KEY_ECDSA_521; t++) {
		k = fixture_key(t);
		assert_int_equal(facts_of(k->blob.data, k->blob.len, &e), 0);
		for (size_t len = 0; len < k->blob.len; len++)
			assert_int_equal(
			    facts_of(k->blob.data, len, &e), ERR_FORMAT);
		memset(&b, 0, sizeof(b));
		buf_put(&b, k->blob.data, k->blob.len);
		buf_put_u8(&b, 0);
		assert_int_equal(facts_of(b.data, b.len, &e), ERR_FORMAT);
		buf_free(&b);
		key_free(k);
	}
}

static void
kinds_that_are_not_kept(void **state)
{
	static const struct {
		const char *name, *what;
		int want;
	} cases[] = {
		{ "ssh-dss", "DSA", ERR_UNSUPPORTED },
		{ "ssh-ed448", "Ed448", ERR_UNSUPPORTED },
		{ "ssh-rsa-cert-v01@openssh.com", "certificate",
		    ERR_UNSUPPORTED },
		{ "ssh-ed25519-cert-v01@openssh.com", "certificate",
		    ERR_UNSUPPORTED },
		{ "sk-ssh-ed25519-cert-v01@openssh.com", "certificate",
		    ERR_UNSUPPORTED },
		{ "sk-ssh-ed25519@openssh.com", "security key",
		    ERR_UNSUPPORTED },
		{ "sk-ecdsa-sha2-nistp256@openssh.com", "security key",
		    ERR_UNSUPPORTED },
		{ "ssh-dss2", "", ERR_FORMAT },
		{ "ssh-rsa1", "", ERR_FORMAT },
		{ "rsa-sha2-256", "", ERR_FORMAT },
		{ "ecdsa-sha2-nistp224", "", ERR_FORMAT },
		{ "", "", ERR_FORMAT },
	};
	struct buf b = BUF_INIT;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		buf_clear(&b);
		buf_put_cstring(&b, cases[i].name);
		buf_put_cstring(&b, "whatever");
		if (facts_of(b.data, b.len, &e) != cases[i].want)
			fail_msg("%s: %d", cases[i].name, (int)e.code);
		assert_non_null(strstr(e.text, cases[i].what));
	}
	buf_free(&b);
}

/* 'bits' bits, all set: odd. */
static void
put_ones(struct buf *b, size_t bits)
{
	uint8_t number[KEY_RSA_BYTES_MAX + 8];

	memset(number, 0xff, sizeof(number));
	if (bits % 8 != 0)
		number[0] = (uint8_t)(0xff >> (8 - bits % 8));
	buf_put_mpint(b, number, (bits + 7) / 8);
}

static void
rsa_sizes(void **state)
{
	static const struct {
		size_t n, e;
		int want;
	} cases[] = {
		{ 1024, 17, 0 },
		{ 2048, 2, 0 },
		{ 16384, 17, 0 },
		{ 1023, 17, ERR_UNSUPPORTED },
		{ 512, 17, ERR_UNSUPPORTED },
		{ 16385, 17, ERR_UNSUPPORTED },
		{ 16440, 17, ERR_UNSUPPORTED },
		{ 2048, 1, ERR_FORMAT },
		{ 2048, 0, ERR_FORMAT },
		{ 2048, 2048, ERR_FORMAT },
		{ 2048, 2049, ERR_FORMAT },
		{ 3072, 100, 0 },
		{ 3080, 64, 0 },
		{ 3080, 65, ERR_UNSUPPORTED },
	};
	struct buf b = BUF_INIT;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		buf_clear(&b);
		buf_put_cstring(&b, "ssh-rsa");
		put_ones(&b, cases[i].e);
		put_ones(&b, cases[i].n);
		if (facts_of(b.data, b.len, &e) != cases[i].want)
			fail_msg("case %zu: %d %s", i, (int)e.code, e.text);
	}
	buf_free(&b);
}

/* Numbers that are even, negative, or have leading zeros. */
static void
rsa_encodings(void **state)
{
	static const struct {
		const char *what;
		uint8_t head[2];
		uint8_t last;
		int want;
	} cases[] = {
		{ "sound", { 0, 0xff }, 1, 0 },
		{ "even", { 0, 0xff }, 2, ERR_FORMAT },
		{ "negative", { 0xff, 0xff }, 1, ERR_FORMAT },
		{ "leading zero", { 0, 0x7f }, 1, ERR_FORMAT },
		{ "two leading zeros", { 0, 0 }, 1, ERR_FORMAT },
	};
	uint8_t number[257];
	struct buf b = BUF_INIT;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		memset(number, 0x55, sizeof(number));
		memcpy(number, cases[i].head, 2);
		number[256] = cases[i].last;
		buf_clear(&b);
		buf_put_cstring(&b, "ssh-rsa");
		buf_put_mpint(&b, "\x03", 1);
		buf_put_string(&b, number, sizeof(number));
		if (facts_of(b.data, b.len, &e) != cases[i].want)
			fail_msg("%s: %d", cases[i].what, (int)e.code);
	}
	buf_free(&b);
}

static void
points_off_the_curve(void **state)
{
	uint8_t point[KEY_POINT_MAX + 1];
	const struct key_kind *kind;
	struct key_bytes own;
	struct buf b = BUF_INIT;
	struct err e;
	struct key *k;

	(void)state;
	for (enum key_type t = KEY_ECDSA_256; t <= KEY_ECDSA_521; t++) {
		k = fixture_key(t);
		kind = key_kind(t);
		own = key_public_bytes(k);
		/* each case leaves another point or curve */
		for (int i = 0; i < 7; i++) {
			size_t len = own.len;
			const char *curve = kind->curve;

			memcpy(point, own.at, own.len);
			if (i == 1)
				point[len - 1] ^= 1;
			else if (i == 2)
				memset(point + 1, 0xff, len - 1);
			else if (i == 3)
				memset(point, 0, len = 1); /* infinity */
			else if (i == 4)
				point[0] = 2 | (point[len - 1] & 1),
				len = 1 + kind->field; /* compressed */
			else if (i == 5)
				point[len++] = 0;
			else if (i == 6)
				curve = "nistp224";
			buf_clear(&b);
			buf_put_cstring(&b, kind->ssh);
			buf_put_cstring(&b, curve);
			buf_put_string(&b, point, len);
			if (facts_of(b.data, b.len, &e) !=
			    (i == 0 ? 0 : ERR_FORMAT))
				fail_msg("%s case %d", kind->ssh, i);
		}
		key_free(k);
	}
	buf_free(&b);
}

static void
ed25519_points(void **state)
{
	static const struct {
		const char *what;
		uint8_t first, last;
		size_t len;
		int want;
	} cases[] = {
		{ "y = 1, the neutral element", 1, 0, 32, 0 },
		{ "y = 0", 0, 0, 32, 0 },
		{ "y = 3", 3, 0, 32, 0 },
		{ "y = 2 has no x", 2, 0, 32, ERR_FORMAT },
		{ "y = 7 has no x", 7, 0, 32, ERR_FORMAT },
		{ "31 bytes", 1, 0, 31, ERR_FORMAT },
		{ "33 bytes", 1, 0, 33, ERR_FORMAT },
		{ "empty", 0, 0, 0, ERR_FORMAT },
	};
	struct buf b = BUF_INIT;
	uint8_t point[33];
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		memset(point, 0, sizeof(point));
		point[0] = cases[i].first;
		point[31] = cases[i].last;
		buf_clear(&b);
		buf_put_cstring(&b, "ssh-ed25519");
		buf_put_string(&b, point, cases[i].len);
		if (facts_of(b.data, b.len, &e) != cases[i].want)
			fail_msg("%s: %d", cases[i].what, (int)e.code);
	}
	/* y beyond the prime */
	memset(point, 0xff, sizeof(point));
	buf_clear(&b);
	buf_put_cstring(&b, "ssh-ed25519");
	buf_put_string(&b, point, 32);
	assert_int_equal(facts_of(b.data, b.len, &e), ERR_FORMAT);
	buf_free(&b);
}

/* Every key that is made is on the curve, whatever the sign of x. */
static void
ed25519_points_of_keys(void **state)
{
	struct key *k;
	struct err e;

	(void)state;
	for (int i = 0; i < 64; i++) {
		k = fixture_key(KEY_ED25519);
		assert_int_equal(facts_of(k->blob.data, k->blob.len, &e), 0);
		key_free(k);
	}
}

static void
ec2_forms(void **state)
{
	static const uint8_t sha1[20] = { 0xab, 0xcd };
	struct key *rsa = fixture_key(KEY_RSA);
	struct key *ec = fixture_key(KEY_ECDSA_256);
	struct buf b = BUF_INIT;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(
	    pubkey_ec2_imported(ec->blob.data, ec->blob.len, &b, &e),
	    ERR_UNSUPPORTED);
	assert_int_equal(
	    pubkey_ec2_created(ec->blob.data, ec->blob.len, sha1, &b, &e),
	    ERR_UNSUPPORTED);
	assert_int_equal(
	    pubkey_ec2_created(rsa->blob.data, rsa->blob.len, NULL, &b, &e),
	    ERR_UNSUPPORTED);
	assert_int_equal(
	    pubkey_ec2_imported(rsa->blob.data, 9, &b, &e), ERR_FORMAT);
	assert_int_equal(b.len, 0);
	assert_int_equal(
	    pubkey_ec2_created(rsa->blob.data, rsa->blob.len, sha1, &b, &e), 0);
	assert_string_equal(buf_text(&b),
	    "ab:cd:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00");
	buf_clear(&b);
	assert_int_equal(
	    pubkey_ec2_imported(rsa->blob.data, rsa->blob.len, &b, &e), 0);
	assert_int_equal(b.len, 47);
	buf_free(&b);
	key_free(rsa);
	key_free(ec);
}

/* RFC 8032's first key; the values are those of OpenSSH 9.2. */
static void
known_forms(void **state)
{
	static const char line[] =
	    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz"
	    "2qYjJa8CGmj3B1Ea me";
	static const uint8_t point[] = { 0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1,
		0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
		0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02,
		0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a };
	struct buf blob = BUF_INIT, text = BUF_INIT;

	(void)state;
	buf_put_cstring(&blob, "ssh-ed25519");
	buf_put_string(&blob, point, sizeof(point));
	assert_int_equal(
	    pubkey_line(blob.data, blob.len, "me", &text, NULL), 0);
	assert_string_equal(buf_text(&text), line);
	buf_clear(&text);
	assert_int_equal(pubkey_fingerprint(blob.data, blob.len, &text), 0);
	assert_string_equal(buf_text(&text),
	    "SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8");
	buf_clear(&text);
	assert_int_equal(
	    pubkey_ec2_imported(blob.data, blob.len, &text, NULL), 0);
	assert_string_equal(
	    buf_text(&text), "bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8=");
	buf_free(&blob);
	buf_free(&text);
}

/* A comment must not begin a second line of authorized_keys. */
static void
line_stays_one_line(void **state)
{
	struct key *k = fixture_key(KEY_ED25519);
	struct buf b = BUF_INIT;
	struct err e;

	(void)state;
	assert_int_equal(pubkey_line(k->blob.data, k->blob.len,
			     "a\nssh-rsa AAAA\r\tb\x7f", &b, &e),
	    0);
	assert_null(memchr(b.data, '\n', b.len));
	assert_non_null(strstr(buf_text(&b), " a ssh-rsa AAAA  b "));
	buf_clear(&b);
	assert_int_equal(pubkey_line(k->blob.data, k->blob.len, "", &b, &e), 0);
	assert_int_not_equal(b.data[b.len - 1], ' ');
	buf_clear(&b);
	assert_int_equal(pubkey_line(k->blob.data, 5, "", &b, &e), ERR_FORMAT);
	assert_int_equal(b.len, 0);
	buf_free(&b);
	key_free(k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(truncated_or_longer),
		cmocka_unit_test(kinds_that_are_not_kept),
		cmocka_unit_test(rsa_sizes),
		cmocka_unit_test(rsa_encodings),
		cmocka_unit_test(points_off_the_curve),
		cmocka_unit_test(ed25519_points),
		cmocka_unit_test(ed25519_points_of_keys),
		cmocka_unit_test(ec2_forms),
		cmocka_unit_test(known_forms),
		cmocka_unit_test(line_stays_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
