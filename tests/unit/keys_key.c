/* SPDX-License-Identifier: ISC */
/* Private keys: making them, their PKCS#8 form, their files. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "keys_fixture.h"
#include "pemkeep/keys/keyfile.h"
#include "pemkeep/keys/pubkey.h"

static const struct {
	enum key_type type;
	unsigned bits;
	const char *ssh, *word;
} types[] = {
	{ KEY_RSA, 2048, "ssh-rsa", "rsa" },
	{ KEY_ED25519, 256, "ssh-ed25519", "ed25519" },
	{ KEY_ECDSA_256, 256, "ecdsa-sha2-nistp256", "ecdsa" },
	{ KEY_ECDSA_384, 384, "ecdsa-sha2-nistp384", "ecdsa" },
	{ KEY_ECDSA_521, 521, "ecdsa-sha2-nistp521", "ecdsa" },
};

static void
generate_refuses_sizes(void **state)
{
	static const unsigned sizes[] = { 0, 1, 512, 1024, 2047, 16385,
		0x80000000u };
	struct err e;
	struct key *k;

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		k = (struct key *)&e;
		assert_int_equal(
		    key_generate(KEY_RSA, sizes[i], &k, &e), ERR_UNSUPPORTED);
		assert_null(k);
		assert_int_equal(e.code, ERR_UNSUPPORTED);
	}
}

static void
generate_and_facts(void **state)
{
	struct pubkey_facts facts;
	struct key *k, *other;

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		k = fixture_key(types[i].type);
		other = fixture_key(types[i].type);
		assert_int_equal(key_type(k), types[i].type);
		assert_int_equal(key_bits(k), types[i].bits);
		assert_string_equal(key_ssh_name(types[i].type), types[i].ssh);
		assert_string_equal(key_word(types[i].type), types[i].word);
		assert_int_equal(
		    pubkey_facts(k->blob.data, k->blob.len, &facts, NULL), 0);
		assert_int_equal(facts.type, types[i].type);
		assert_int_equal(facts.bits, types[i].bits);
		assert_int_equal(key_prove(k, NULL, NULL), 0);
		assert_int_equal(key_prove(k, &k->blob, NULL), 0);
		assert_int_equal(
		    key_prove(k, &other->blob, NULL), ERR_MISMATCH);
		key_free(k);
		key_free(other);
	}
	key_free(NULL);
}

/* Loading must fail; *kp must be NULL then. */
static void
refused(const struct secret *der, int want, const char *what, size_t i)
{
	struct err e = { 0 };
	struct key *k = (struct key *)&e;
	int r = key_from_pkcs8(der, &k, &e);

	if (r == 0 || k != NULL || (want != 0 && r != want))
		fail_msg("%s %zu: %d, %s", what, i, r, e.text);
	assert_int_equal(e.code, r);
}

static void
pkcs8_truncated_or_longer(void **state)
{
	struct secret *der, *cut;
	struct key *k;

	(void)state;
	for (size_t t = 0; t < COUNT(types); t++) {
		k = fixture_key(types[t].type);
		der = fixture_pkcs8(k);
		for (size_t len = 0; len < secret_len(der); len++) {
			cut = fixture_secret(secret_bytes(der), len);
			refused(cut, ERR_FORMAT, types[t].ssh, len);
			secret_free(cut);
		}
		cut = secret_new(secret_len(der) + 1);
		assert_true(
		    secret_append(cut, secret_bytes(der), secret_len(der)));
		assert_true(secret_append(cut, "", 1));
		refused(cut, ERR_FORMAT, "longer", 1);
		secret_free(cut);
		secret_free(der);
		key_free(k);
	}
}

/*
 * Any bit changed is refused, but in an Ed25519 seed (the last 32 bytes):
 * every seed is a key, of another public half.
 */
static void
pkcs8_bit_flips(void **state)
{
	struct key *k, *changed;
	struct secret *der;
	size_t len;

	(void)state;
	for (size_t t = 0; t < COUNT(types); t++) {
		k = fixture_key(types[t].type);
		der = fixture_pkcs8(k);
		len = secret_len(der);
		if (types[t].type == KEY_ED25519) {
			len -= 32;
			secret_data(der)[len] ^= 1;
			assert_int_equal(
			    key_from_pkcs8(der, &changed, NULL), 0);
			assert_memory_not_equal(
			    changed->blob.data, k->blob.data, k->blob.len);
			key_free(changed);
			secret_data(der)[len] ^= 1;
		}
		for (size_t i = 0; i < 8 * len; i += 3) {
			secret_data(der)[i / 8] ^= (uint8_t)(1 << i % 8);
			refused(der, 0, types[t].ssh, i);
			secret_data(der)[i / 8] ^= (uint8_t)(1 << i % 8);
		}
		assert_int_equal(key_from_pkcs8(der, &changed, NULL), 0);
		key_free(changed);
		secret_free(der);
		key_free(k);
	}
}

static void
pkcs8_round_trip(void **state)
{
	struct secret *der, *again;
	struct key *k, *copy;

	(void)state;
	for (size_t t = 0; t < COUNT(types); t++) {
		k = fixture_key(types[t].type);
		der = fixture_pkcs8(k);
		assert_int_equal(key_from_pkcs8(der, &copy, NULL), 0);
		again = fixture_pkcs8(copy);
		assert_true(secret_equal(der, again));
		assert_int_equal(key_bits(copy), types[t].bits);
		fixture_same_blob(k, copy);
		secret_free(der);
		secret_free(again);
		key_free(k);
		key_free(copy);
	}
}

/* A file that key_to_file() wrote is read as the same key. */
static void
file_round_trip(void **state)
{
	struct secret *text, *der, *again;
	struct keyfile f;
	struct key *k;

	(void)state;
	for (size_t t = 0; t < COUNT(types); t++) {
		k = fixture_key(types[t].type);
		assert_int_equal(key_to_file(k, "my key", &text, NULL), 0);
		assert_int_equal(keyfile_read(text, NULL, &f, NULL), 0);
		assert_int_equal(f.repairs, 0);
		assert_int_equal(f.format,
		    types[t].type == KEY_RSA ? KEYFILE_PKCS1 : KEYFILE_OPENSSH);
		assert_string_equal(
		    f.comment, types[t].type == KEY_RSA ? "" : "my key");
		der = fixture_pkcs8(k);
		again = fixture_pkcs8(f.key);
		assert_true(secret_equal(der, again));
		secret_free(der);
		secret_free(again);
		secret_free(text);
		keyfile_clear(&f);
		key_free(k);
	}
}

static void
ec2_sha1_is_for_rsa(void **state)
{
	uint8_t out[20];
	struct key *k;

	(void)state;
	for (size_t t = 1; t < COUNT(types); t++) {
		k = fixture_key(types[t].type);
		memset(out, 1, sizeof(out));
		assert_int_equal(key_ec2_sha1(k, out, NULL), ERR_UNSUPPORTED);
		assert_int_equal(out[0], 0);
		key_free(k);
	}
	/* The right digest is compared with openssl's in interop/keys.sh. */
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(generate_refuses_sizes),
		cmocka_unit_test(generate_and_facts),
		cmocka_unit_test(pkcs8_truncated_or_longer),
		cmocka_unit_test(pkcs8_bit_flips),
		cmocka_unit_test(pkcs8_round_trip),
		cmocka_unit_test(file_round_trip),
		cmocka_unit_test(ec2_sha1_is_for_rsa),
	};

	(void)argv;
	if (keyfile_askpass_main(argc))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
