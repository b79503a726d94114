/* SPDX-License-Identifier: ISC */
/*
 * libcrypto's heap in guarded memory: blocks keep their content when they grow,
 * do not touch each other, are wiped when freed, and are used again; and libcrypto
 * works with it.
 */

#include <openssl/crypto.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/keys/key.h"
#include "pemkeep/keys/memory.h"
#include "pemkeep/keys/pubkey.h"

#define BLOCKS 200

static void
guarded(void **state)
{
	(void)state;
	/* Memory that cannot be locked does not count. */
	if (!keymemory_guarded()) {
		print_message("SKIP guarded: memory cannot be locked here\n");
		skip();
	}
}

static void
sizes(void **state)
{
	(void)state;
	for (size_t size = 1; size < 100000; size += 1 + size / 7) {
		uint8_t *p = OPENSSL_malloc(size);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		memset(p, 0xa5, size);
		OPENSSL_free(p);
	}
}

static void
wiped_and_used_again(void **state)
{
	uint8_t *p = OPENSSL_malloc(300), *again;

	(void)state;
	memset(p, 0xa5, 300);
	OPENSSL_free(p);
	again = OPENSSL_malloc(300);
	assert_ptr_equal(again, p);
	for (size_t i = 0; i < 300; i++)
		assert_int_equal(again[i], 0);
	OPENSSL_free(again);
}

static void
grows(void **state)
{
	uint8_t *p = OPENSSL_malloc(10), *old;

	(void)state;
	memset(p, 7, 10);
	for (size_t size = 20; size < 200000; size *= 3) {
		old = p;
		p = OPENSSL_realloc(p, size);
		assert_non_null(p);
		for (size_t i = 0; i < size / 3 && i < 10; i++)
			assert_int_equal(p[i], 7);
		if (old != p) { /* nothing of it is left behind */
			uint8_t *there = OPENSSL_malloc(10);

			assert_int_equal(there[0], 0);
			OPENSSL_free(there);
		}
	}
	OPENSSL_free(p);
	assert_null(OPENSSL_realloc(OPENSSL_malloc(5), 0));
}

static void
blocks_are_apart(void **state)
{
	static uint8_t *block[BLOCKS];
	size_t size[BLOCKS];

	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		for (size_t i = 0; i < BLOCKS; i++) {
			size[i] = 1 + (i * 37 + round * 101) % 900;
			block[i] = OPENSSL_malloc(size[i]);
			assert_non_null(block[i]);
			memset(block[i], (int)i, size[i]);
		}
		for (size_t i = 0; i < BLOCKS; i++) {
			for (size_t n = 0; n < size[i]; n++)
				assert_int_equal(block[i][n], (uint8_t)i);
			OPENSSL_free(block[i]);
		}
	}
}

static void
keys_work(void **state)
{
	static const char data[] = "data";

	(void)state;
	for (int type = KEY_RSA; type <= KEY_ECDSA_521; type++) {
		struct buf blob = BUF_INIT, sig = BUF_INIT;
		struct key *k;

		assert_int_equal(key_generate((enum key_type)type,
				     type == KEY_RSA ? 2048 : 0, &k, NULL),
		    0);
		assert_int_equal(key_public_blob(k, &blob, NULL), 0);
		assert_int_equal(
		    key_sign(k,
			type == KEY_RSA ? "rsa-sha2-256"
					: key_ssh_name((enum key_type)type),
			data, sizeof(data), &sig, NULL),
		    0);
		assert_int_equal(pubkey_verify(blob.data, blob.len, &sig, data,
				     sizeof(data), NULL),
		    0);
		buf_free(&blob);
		buf_free(&sig);
		key_free(k);
	}
}

static void
signing_takes_no_more_each_time(void **state)
{
	struct buf sig = BUF_INIT;
	struct key *k;

	(void)state;
	assert_int_equal(key_generate(KEY_ECDSA_256, 0, &k, NULL), 0);
	for (int i = 0; i < 5000; i++) {
		buf_clear(&sig);
		assert_int_equal(
		    key_sign(k, "ecdsa-sha2-nistp256", "x", 1, &sig, NULL), 0);
	}
	buf_free(&sig);
	key_free(k);
	guarded(NULL); /* the arena was enough */
}

/* Last: from here on it is not guarded any more. */
static void
more_than_there_is(void **state)
{
	uint8_t *p = OPENSSL_malloc(8u << 20), *q;

	(void)state;
	assert_non_null(p);
	memset(p, 1, 8u << 20);
	assert_false(keymemory_guarded());
	q = OPENSSL_realloc(p, 9u << 20);
	assert_non_null(q);
	assert_int_equal(q[100], 1);
	OPENSSL_free(q);
}

static void
too_late(void **state)
{
	(void)state;
	assert_true(keymemory_guard()); /* it is done already */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guarded),
		cmocka_unit_test(sizes),
		cmocka_unit_test(wiped_and_used_again),
		cmocka_unit_test(grows),
		cmocka_unit_test(blocks_are_apart),
		cmocka_unit_test(keys_work),
		cmocka_unit_test(signing_takes_no_more_each_time),
		cmocka_unit_test(too_late),
		cmocka_unit_test(more_than_there_is),
	};

	if (!keymemory_guard())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
