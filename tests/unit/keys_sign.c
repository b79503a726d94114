/* SPDX-License-Identifier: ISC */
/* Signatures: the right algorithms, and nothing but the right signature. */

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
	const char *algorithm;
} pairs[] = {
	{ KEY_RSA, "rsa-sha2-256" },
	{ KEY_RSA, "rsa-sha2-512" },
	{ KEY_ED25519, "ssh-ed25519" },
	{ KEY_ECDSA_256, "ecdsa-sha2-nistp256" },
	{ KEY_ECDSA_384, "ecdsa-sha2-nistp384" },
	{ KEY_ECDSA_521, "ecdsa-sha2-nistp521" },
};

static void
algorithms_that_do_not_fit(void **state)
{
	static const char *const more[] = { "", "ssh-rsa", "ssh-dss",
		"rsa-sha2-256 ", "rsa-sha2-25", "RSA-SHA2-256",
		"ssh-rsa-cert-v01@openssh.com", "sk-ssh-ed25519@openssh.com" };
	struct buf out = BUF_INIT;
	struct err e;
	struct key *k;

	(void)state;
	for (enum key_type t = KEY_RSA; t <= KEY_ECDSA_521; t++) {
		k = fixture_key(t);
		for (size_t i = 0; i < COUNT(pairs); i++) {
			if (pairs[i].type == t)
				continue;
			assert_int_equal(
			    key_sign(k, pairs[i].algorithm, "x", 1, &out, &e),
			    ERR_UNSUPPORTED);
			assert_int_equal(e.code, ERR_UNSUPPORTED);
		}
		for (size_t i = 0; i < COUNT(more); i++)
			assert_int_equal(key_sign(k, more[i], "x", 1, &out, &e),
			    ERR_UNSUPPORTED);
		assert_int_equal(out.len, 0);
		key_free(k);
	}
	buf_free(&out);
}

static int
verify(const struct key *k, const uint8_t *sig, size_t len, const char *data)
{
	uint8_t *copy = malloc(len + 1); /* exact, for the sanitizer */
	struct buf b = BUF_INIT;
	int r;

	assert_non_null(copy);
	memcpy(copy, sig, len);
	b.data = copy;
	b.len = len;
	r = pubkey_verify(
	    k->blob.data, k->blob.len, &b, data, strlen(data), NULL);
	free(copy);
	return r;
}

static void
sign_and_verify(void **state)
{
	struct key *k, *other;
	struct buf sig;
	struct wire w;

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		k = fixture_key(pairs[i].type);
		other = fixture_key(pairs[i].type);
		memset(&sig, 0, sizeof(sig));
		assert_int_equal(
		    key_sign(k, pairs[i].algorithm, "hello", 5, &sig, NULL), 0);
		wire_init(&w, sig.data, sig.len);
		assert_true(wire_string_is(&w, pairs[i].algorithm));
		assert_int_equal(verify(k, sig.data, sig.len, "hello"), 0);
		assert_int_equal(
		    verify(k, sig.data, sig.len, "hellp"), ERR_MISMATCH);
		assert_int_equal(
		    verify(k, sig.data, sig.len, ""), ERR_MISMATCH);
		assert_int_equal(
		    verify(other, sig.data, sig.len, "hello"), ERR_MISMATCH);
		for (size_t len = 0; len < sig.len; len++)
			assert_int_equal(
			    verify(k, sig.data, len, "hello"), ERR_MISMATCH);
		for (size_t bit = 0; bit < 8 * sig.len; bit++) {
			sig.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(verify(k, sig.data, sig.len, "hello"),
			    ERR_MISMATCH);
			sig.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		buf_put_u8(&sig, 0);
		assert_int_equal(
		    verify(k, sig.data, sig.len, "hello"), ERR_MISMATCH);
		buf_free(&sig);
		key_free(k);
		key_free(other);
	}
}

/* r = s = 0, and numbers longer than the curve's. */
static void
ecdsa_odd_numbers(void **state)
{
	struct key *k = fixture_key(KEY_ECDSA_256);
	struct buf sig = BUF_INIT, inner = BUF_INIT;
	uint8_t big[200];

	(void)state;
	memset(big, 0x7f, sizeof(big));
	for (size_t len = 0; len <= sizeof(big); len += 50) {
		buf_clear(&inner);
		buf_clear(&sig);
		buf_put_mpint(&inner, big, len);
		buf_put_mpint(&inner, big, len);
		buf_put_cstring(&sig, "ecdsa-sha2-nistp256");
		buf_put_string(&sig, inner.data, inner.len);
		assert_int_equal(
		    verify(k, sig.data, sig.len, "x"), ERR_MISMATCH);
	}
	buf_free(&sig);
	buf_free(&inner);
	key_free(k);
}

/* The agent's key says who it is: a blob that is no key never verifies. */
static void
verify_with_a_broken_blob(void **state)
{
	struct key *k = fixture_key(KEY_ED25519);
	struct buf sig = BUF_INIT;

	(void)state;
	assert_int_equal(key_sign(k, "ssh-ed25519", "x", 1, &sig, NULL), 0);
	for (size_t len = 0; len < k->blob.len; len++)
		assert_int_equal(
		    pubkey_verify(k->blob.data, len, &sig, "x", 1, NULL),
		    ERR_MISMATCH);
	assert_int_equal(
	    pubkey_verify(k->blob.data, k->blob.len, &sig, "x", 1, NULL), 0);
	buf_free(&sig);
	key_free(k);
}

/* Failed before: the buffer takes nothing, and that is said. */
static void
sign_into_a_failed_buffer(void **state)
{
	struct key *k = fixture_key(KEY_ED25519);
	struct buf out = BUF_INIT;

	(void)state;
	out.failed = true;
	assert_int_equal(
	    key_sign(k, "ssh-ed25519", "x", 1, &out, NULL), ERR_NOMEM);
	assert_int_equal(key_public_blob(k, &out, NULL), ERR_NOMEM);
	buf_free(&out);
	key_free(k);
}

/* RFC 8032, 7.1, tests 1 and 2. */
static void
ed25519_vectors(void **state)
{
	static const struct {
		const char *seed, *data, *sig;
	} vectors[] = {
		{ "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031c"
		  "ae7f60",
		    "",
		    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065"
		    "224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
		    "655141438e7a100b" },
		{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4f"
		  "b8a6fb",
		    "72",
		    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223"
		    "ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
		    "b00d291612bb0c00" },
	};
	uint8_t seed[32], want[64], data[1];
	struct key_bytes bytes = { seed, sizeof(seed) }, none = { NULL, 0 };
	struct buf sig = BUF_INIT;
	struct key *k;
	unsigned v;

	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		for (size_t j = 0; j < 32; j++) {
			assert_int_equal(
			    sscanf(vectors[i].seed + 2 * j, "%2x", &v), 1);
			seed[j] = (uint8_t)v;
		}
		for (size_t j = 0; j < 64; j++) {
			assert_int_equal(
			    sscanf(vectors[i].sig + 2 * j, "%2x", &v), 1);
			want[j] = (uint8_t)v;
		}
		data[0] = 0x72;
		assert_int_equal(key_make_ed25519(bytes, none, &k, NULL), 0);
		buf_clear(&sig);
		assert_int_equal(
		    key_sign(k, "ssh-ed25519", data, i, &sig, NULL), 0);
		assert_int_equal(sig.len, 4 + 11 + 4 + 64);
		assert_memory_equal(sig.data + 19, want, 64);
		key_free(k);
	}
	buf_free(&sig);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(algorithms_that_do_not_fit),
		cmocka_unit_test(sign_and_verify),
		cmocka_unit_test(ecdsa_odd_numbers),
		cmocka_unit_test(verify_with_a_broken_blob),
		cmocka_unit_test(sign_into_a_failed_buffer),
		cmocka_unit_test(ed25519_vectors),
	};

	(void)argv;
	if (keyfile_askpass_main(argc))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
