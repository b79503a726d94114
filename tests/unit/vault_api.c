/* SPDX-License-Identifier: ISC */

/*
 * vault/vault.h, one handle: calls out of order, names, caps, abort.  Two
 * handles and the files around the vault are vault_files.c; bad files are the
 * vectors' business, failing system calls the fault tests'.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "vault_fixture.h"

/* Every change must say EUSE. */
static void
changes_refused(struct vault *v)
{
	struct secret *s = fixture_secret("x");
	const struct vault_put put = { "new", 1, NULL, 0, s };
	const uint8_t *id = vault_at(v, 0)->id;
	uint8_t before[VAULT_ID_BYTES] = { 1 }, new_id[VAULT_ID_BYTES] = { 1 };
	struct vault_error e;

	expect_code(vault_put(v, &put, new_id, &e), VAULT_EUSE, &e);
	assert_memory_equal(new_id, before, sizeof(new_id));
	expect_code(vault_rename(v, id, "new", &e), VAULT_EUSE, &e);
	expect_code(vault_set_info(v, id, NULL, 0, &e), VAULT_EUSE, &e);
	expect_code(vault_remove(v, id, &e), VAULT_EUSE, &e);
	expect_code(
	    vault_set_passphrase(v, s, &fixture_kdf, &e), VAULT_EUSE, &e);
	expect_code(vault_commit(v, &e), VAULT_EUSE, &e);
	assert_int_equal(vault_commit(v, NULL), VAULT_EUSE);
	vault_abort(v);
	expect_names(v, "one");
	secret_free(s);
}

static void
out_of_order(void **state)
{
	const struct fixture *f = *state;
	struct vault *v = fixture_create(f);
	struct vault_error e;

	fixture_add(v, "one");
	changes_refused(v);
	expect_code(vault_begin(v, &e), 0, &e);
	expect_code(vault_begin(v, &e), VAULT_EUSE, &e);
	fixture_put(v, "two"); /* the transaction is still open */
	vault_abort(v);
	changes_refused(v);
	assert_int_equal(vault_generation(v), 2);
	vault_close(v);
	vault_close(NULL);
}

static void
nothing_of_that_id(void **state)
{
	const uint8_t id[VAULT_ID_BYTES] = { 0 };
	struct vault *v = fixture_create(*state);
	struct secret *s = (struct secret *)&v;
	struct vault_error e;

	expect_code(vault_get(v, id, &s, &e), VAULT_ENOTFOUND, &e);
	assert_null(s);
	assert_null(vault_find(v, "one"));
	assert_null(vault_find(v, ""));
	expect_code(vault_begin(v, &e), 0, &e);
	fixture_put(v, "one");
	expect_code(vault_rename(v, id, "new", &e), VAULT_ENOTFOUND, &e);
	expect_code(vault_set_info(v, id, NULL, 0, &e), VAULT_ENOTFOUND, &e);
	expect_code(vault_remove(v, id, &e), VAULT_ENOTFOUND, &e);
	fixture_commit(v);
	expect_names(v, "one");
	assert_null(vault_find(v, "on"));
	assert_null(vault_find(v, "one "));
	vault_close(v);
}

static char long_name[VAULT_NAME_MAX + 2]; /* filled by main() */

static void
bad_names(void **state)
{
	static const char *const names[] = { "", ".", "..", "/", "../web",
		"a/b", "a\nb", "\033[2J", "\x7f", "\xc2\x80", "\xe2\x80\xa8",
		"\xe2\x80\xae", "\xe2\x81\xa9", "caf\xe9", "\xed\xa0\x80",
		"\xc0\xaf", "\xf4\x90\x80\x80", long_name };
	struct vault *v = fixture_create(*state);
	struct secret *s = fixture_secret("x");
	struct vault_put put = { NULL, 1, NULL, 0, s };
	struct vault_error e;

	expect_code(vault_begin(v, &e), 0, &e);
	fixture_put(v, "one");
	for (size_t i = 0; i < COUNT(names); i++) {
		put.name = names[i];
		assert_false(vault_name_ok(names[i]));
		expect_code(vault_put(v, &put, NULL, &e), VAULT_ENAME, &e);
		expect_code(vault_rename(v, vault_at(v, 0)->id, names[i], &e),
		    VAULT_ENAME, &e);
	}
	fixture_commit(v);
	expect_names(v, "one");
	secret_free(s);
	vault_close(v);
}

static void
good_names(void **state)
{
	static const char *const names[] = { " ", "a b", "...", ".profile",
		"..a", "-rf", "\\", "*", "서울-열쇠", "\xf4\x8f\xbf\xbf",
		long_name + 1 };
	struct vault *v = fixture_create(*state);
	struct vault_error e;

	expect_code(vault_begin(v, &e), 0, &e);
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_true(vault_name_ok(names[i]));
		fixture_put(v, names[i]);
	}
	fixture_commit(v);
	vault_close(v);
	v = fixture_open(*state, OLD_PASS);
	assert_int_equal(vault_count(v), COUNT(names));
	for (size_t i = 0; i < COUNT(names); i++)
		expect_payload(v, names[i], names[i]);
	vault_close(v);
}

static void
taken_names(void **state)
{
	struct vault *v = fixture_create(*state);
	struct secret *s = fixture_secret("other");
	const struct vault_put put = { "one", 1, NULL, 0, s };
	struct vault_error e;

	fixture_add(v, "one");
	expect_code(vault_begin(v, &e), 0, &e);
	fixture_put(v, "two");
	expect_code(vault_put(v, &put, NULL, &e), VAULT_ETAKEN, &e);
	expect_code(vault_rename(v, vault_find(v, "two")->id, "one", &e),
	    VAULT_ETAKEN, &e);
	expect_names(v, "one two");
	/* Its own name; and one that has become free. */
	expect_code(
	    vault_rename(v, vault_find(v, "one")->id, "one", &e), 0, &e);
	expect_code(
	    vault_rename(v, vault_find(v, "one")->id, "three", &e), 0, &e);
	expect_code(
	    vault_rename(v, vault_find(v, "two")->id, "one", &e), 0, &e);
	expect_code(vault_remove(v, vault_find(v, "three")->id, &e), 0, &e);
	fixture_put(v, "three");
	fixture_commit(v);
	expect_names(v, "one three");
	expect_payload(v, "one", "two");
	expect_payload(v, "three", "three");
	secret_free(s);
	vault_close(v);
}

/* A record of this many bytes; 0 or the library's code. */
static int
put_sized(struct vault *v, const char *name, size_t info, size_t payload)
{
	struct secret *s = secret_new(payload);
	struct vault_put put = { .name = name, .type = 0xffff, .payload = s };
	uint8_t *bytes = malloc(info + 1);
	struct vault_error e = { 0 };
	int r;

	assert_non_null(s);
	assert_non_null(bytes);
	memset(bytes, 'i', info);
	memset(secret_data(s), 'p', payload);
	secret_set_len(s, payload);
	put.info = bytes;
	put.info_len = info;
	r = vault_put(v, &put, NULL, &e);
	if (r != 0)
		assert_int_equal(r, e.code);
	free(bytes);
	secret_free(s);
	return r;
}

static void
beyond_caps(void **state)
{
	static const struct {
		size_t info, payload;
	} sizes[] = { { VAULT_INFO_MAX + 1, 0 }, { 0, VAULT_PAYLOAD_MAX + 1 },
		{ 1 << 20, 0 }, { 0, 1 << 20 },
		{ VAULT_INFO_MAX + 1, VAULT_PAYLOAD_MAX + 1 } };
	struct vault *v = fixture_create(*state);
	uint8_t *info = calloc(1, VAULT_INFO_MAX + 1);
	struct vault_error e;

	assert_non_null(info);
	expect_code(vault_begin(v, &e), 0, &e);
	fixture_put(v, "one");
	for (size_t i = 0; i < COUNT(sizes); i++)
		assert_int_equal(
		    put_sized(v, "big", sizes[i].info, sizes[i].payload),
		    VAULT_EFULL);
	expect_code(
	    vault_set_info(v, vault_at(v, 0)->id, info, VAULT_INFO_MAX + 1, &e),
	    VAULT_EFULL, &e);
	assert_int_equal(vault_at(v, 0)->info_len, 4);
	fixture_commit(v);
	expect_names(v, "one");
	assert_memory_equal(vault_at(v, 0)->info, "info", 4);
	free(info);
	vault_close(v);
}

static void
at_caps(void **state)
{
	/* Payloads around the steps of the padding, and what they take. */
	static const struct {
		const char *name;
		size_t info, payload, size;
	} sizes[] = { { "none", 0, 0, 624 }, { "511", 1, 511, 624 },
		{ "512", 0, 512, 1136 },
		{ "all", VAULT_INFO_MAX, VAULT_PAYLOAD_MAX, 65648 } };
	struct vault *v = fixture_create(*state);
	struct secret *s;
	struct vault_error e;

	expect_code(vault_begin(v, &e), 0, &e);
	for (size_t i = 0; i < COUNT(sizes); i++)
		assert_int_equal(put_sized(v, sizes[i].name, sizes[i].info,
				     sizes[i].payload),
		    0);
	fixture_commit(v);
	vault_close(v);
	v = fixture_open(*state, OLD_PASS);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		const struct vault_entry *entry = vault_at(v, i);

		assert_string_equal(entry->name, sizes[i].name);
		assert_int_equal(entry->type, 0xffff);
		assert_int_equal(entry->revision, 1);
		assert_int_equal(entry->info_len, sizes[i].info);
		assert_int_equal(entry->size, sizes[i].size);
		expect_code(vault_get(v, entry->id, &s, &e), 0, &e);
		assert_int_equal(secret_len(s), sizes[i].payload);
		for (size_t k = 0; k < secret_len(s); k++)
			assert_int_equal(secret_bytes(s)[k], 'p');
		secret_free(s);
	}
	vault_close(v);
}

static const struct vault_kdf absurd[] = {
	{ VAULT_KDF_MEMORY_MIN - 1, 1 },
	{ 0, 1 },
	{ VAULT_KDF_MEMORY_MAX + 1, 1 },
	{ UINT32_MAX, 1 },
	{ VAULT_KDF_MEMORY_MIN, VAULT_KDF_PASSES_MIN - 1 },
	{ VAULT_KDF_MEMORY_MIN, VAULT_KDF_PASSES_MAX + 1 },
	{ VAULT_KDF_MEMORY_MIN, UINT32_MAX },
};

static void
absurd_cost(void **state)
{
	const struct fixture *f = *state;
	struct secret *pass = fixture_secret(NEW_PASS);
	struct vault *v;
	struct vault_kdf kdf;
	struct vault_error e;

	for (size_t i = 0; i < COUNT(absurd); i++) {
		v = (struct vault *)&e;
		expect_code(vault_create(&f->place, pass, &absurd[i], &v, &e),
		    VAULT_ECOST, &e);
		assert_null(v);
		assert_false(file_exists(f->vault));
	}
	v = fixture_create(f);
	expect_code(vault_begin(v, &e), 0, &e);
	fixture_put(v, "one");
	for (size_t i = 0; i < COUNT(absurd); i++)
		expect_code(vault_set_passphrase(v, pass, &absurd[i], &e),
		    VAULT_ECOST, &e);
	fixture_commit(v);
	vault_kdf_cost(v, &kdf);
	assert_int_equal(kdf.memory_kib, fixture_kdf.memory_kib);
	assert_int_equal(kdf.passes, fixture_kdf.passes);
	vault_close(v);
	assert_int_equal(fixture_try(&f->place, NEW_PASS), VAULT_EPASSPHRASE);
	v = fixture_open(f, OLD_PASS);
	expect_names(v, "one");
	secret_free(pass);
	vault_close(v);
}

/* Every kind of change, together. */
static void
change_all(struct vault *v)
{
	struct vault_error e;

	expect_code(vault_begin(v, &e), 0, &e);
	expect_code(vault_remove(v, vault_find(v, "one")->id, &e), 0, &e);
	expect_code(
	    vault_rename(v, vault_find(v, "two")->id, "second", &e), 0, &e);
	expect_code(vault_set_info(v, vault_find(v, "three")->id,
			(const uint8_t *)"changed", 7, &e),
	    0, &e);
	fixture_put(v, "four");
	fixture_passwd(v, NEW_PASS);
	fixture_put(v, "one");
	expect_names(v, "second three four one");
	expect_payload(v, "second", "two");
	expect_payload(v, "one", "one");
}

static void
abort_restores(void **state)
{
	const struct fixture *f = *state;
	struct vault *v = fixture_create(f);
	struct vault_entry was[3];
	struct vault_error e;
	struct copy c;

	expect_code(vault_begin(v, &e), 0, &e);
	fixture_put(v, "one");
	fixture_put(v, "two");
	fixture_put(v, "three");
	fixture_commit(v);
	for (size_t i = 0; i < 3; i++)
		was[i] = *vault_at(v, i);
	c = file_copy(f->vault);
	change_all(v);
	vault_abort(v);
	assert_true(file_is(f->vault, c));
	assert_false(file_exists(fixture_path(f, ".replaced")));
	expect_names(v, "one two three");
	assert_int_equal(vault_generation(v), 2);
	for (size_t i = 0; i < 3; i++) {
		const struct vault_entry *now = vault_at(v, i);

		assert_memory_equal(now->id, was[i].id, VAULT_ID_BYTES);
		assert_int_equal(now->revision, was[i].revision);
		assert_int_equal(now->type, 7);
		assert_int_equal(now->size, was[i].size);
		assert_int_equal(now->info_len, 4);
		assert_memory_equal(now->info, "info", 4);
		expect_payload(v, now->name, now->name);
	}
	fixture_add(v, "four");
	vault_close(v);
	v = fixture_open(f, OLD_PASS);
	expect_names(v, "one two three four");
	copy_free(&c);
	vault_close(v);
}

/* The same changes, saved. */
static void
commit_keeps(void **state)
{
	const struct fixture *f = *state;
	struct vault *v = fixture_create(f);
	struct vault_error e;

	expect_code(vault_begin(v, &e), 0, &e);
	fixture_put(v, "one");
	fixture_put(v, "two");
	fixture_put(v, "three");
	fixture_commit(v);
	change_all(v);
	fixture_commit(v);
	for (size_t i = 0; i < 2; i++) {
		expect_names(v, "second three four one");
		expect_payload(v, "second", "two");
		assert_int_equal(vault_find(v, "three")->info_len, 7);
		assert_memory_equal(vault_find(v, "three")->info, "changed", 7);
		assert_int_equal(vault_find(v, "three")->revision, 2);
		assert_int_equal(vault_find(v, "one")->revision, 1);
		assert_int_equal(vault_generation(v), 3);
		vault_close(v);
		v = fixture_open(f, NEW_PASS);
	}
	assert_int_equal(fixture_try(&f->place, OLD_PASS), VAULT_EPASSPHRASE);
	vault_close(v);
}

/* Closing in the middle is an abort; a second passphrase replaces the first. */
static void
close_forgets(void **state)
{
	const struct fixture *f = *state;
	struct vault *v = fixture_create(f);
	struct vault_error e;

	fixture_add(v, "one");
	expect_code(vault_begin(v, &e), 0, &e);
	fixture_passwd(v, NEW_PASS);
	vault_close(v);
	v = fixture_open(f, OLD_PASS);
	expect_names(v, "one");
	expect_code(vault_begin(v, &e), 0, &e);
	fixture_passwd(v, "first");
	fixture_passwd(v, NEW_PASS);
	fixture_commit(v);
	vault_close(v);
	assert_int_equal(fixture_try(&f->place, "first"), VAULT_EPASSPHRASE);
	v = fixture_open(f, NEW_PASS);
	expect_payload(v, "one", "one");
	assert_true(vault_at(v, 0)->revision > 1);
	vault_close(v);
}

/* Each code has words of its own, and they fit any space. */
static void
messages(void **state)
{
	char text[400], other[400], small[12];

	(void)state;
	for (int code = VAULT_EUSE; code < 0; code++) {
		struct vault_error e = { .code = (enum vault_result)code,
			.os_error = 2,
			.rule = 9,
			.number = 5,
			.where = "PLACE" };

		vault_message(&e, text, sizeof(text));
		assert_true(strlen(text) > 8);
		assert_null(strchr(text, '%'));
		assert_non_null(
		    memchr("abcdefghijklmnopqrstuvwxyz'P", *text, 28));
		assert_int_not_equal(text[strlen(text) - 1], '.');
		memset(small, 'x', sizeof(small));
		vault_message(&e, small, sizeof(small));
		assert_int_equal(small[sizeof(small) - 1], '\0');
		assert_memory_equal(small, text, strlen(small));
		e.code = (enum vault_result)(code + 1);
		vault_message(&e, other, sizeof(other));
		assert_string_not_equal(text, other);
	}
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(out_of_order),
		TEST(nothing_of_that_id),
		TEST(bad_names),
		TEST(good_names),
		TEST(taken_names),
		TEST(beyond_caps),
		TEST(at_caps),
		TEST(absurd_cost),
		TEST(abort_restores),
		TEST(commit_keeps),
		TEST(close_forgets),
		cmocka_unit_test(messages),
	};

	memset(long_name, 'n', sizeof(long_name) - 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
