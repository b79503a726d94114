/* SPDX-License-Identifier: ISC */

/* vault/vault.h: what a machine says of a vault that it has seen before. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vault_fixture.h"

static void
put_back(const struct fixture *f)
{
	struct copy old = file_copy(fixture_path(f, ".old"));

	file_make(f->vault, old, 0400);
	copy_free(&old);
}

static void
rolled_back(void **state)
{
	const struct fixture *f = *state;
	struct copy seen, now;
	struct vault_error e;
	struct vault *v;

	fixture_generations(f);
	put_back(f);
	seen = file_copy(f->seen);
	now = file_copy(f->vault);
	v = fixture_open(f, OLD_PASS);
	assert_int_equal(vault_notes(v), VAULT_NOTE_ROLLBACK);
	expect_names(v, "one");
	expect_payload(v, "one", "one");
	expect_code(vault_begin(v, &e), VAULT_EROLLBACK, &e);
	expect_code(vault_commit(v, &e), VAULT_EUSE, &e);
	vault_close(v);
	assert_true(file_is(f->seen, seen));
	assert_true(file_is(f->vault, now));
	/* The way on. */
	assert_int_equal(fixture_restore(f, f->vault, OLD_PASS), 0);
	v = fixture_open(f, OLD_PASS);
	assert_int_equal(vault_notes(v), 0);
	fixture_add(v, "two");
	vault_close(v);
	copy_free(&seen);
	copy_free(&now);
}

/* Rolled back while a handle is open; and put right again. */
static void
rolled_back_meanwhile(void **state)
{
	const struct fixture *f = *state;
	struct vault_error e;
	struct copy newest;
	struct vault *v;

	fixture_generations(f);
	newest = file_copy(f->vault);
	v = fixture_open(f, OLD_PASS);
	assert_int_equal(vault_notes(v), 0);
	put_back(f);
	expect_code(vault_begin(v, &e), VAULT_EROLLBACK, &e);
	assert_int_equal(vault_notes(v), VAULT_NOTE_ROLLBACK);
	expect_names(v, "one two");
	file_make(f->vault, newest, 0400);
	fixture_add(v, "three");
	assert_int_equal(vault_notes(v), 0);
	copy_free(&newest);
	vault_close(v);
}

static void
forked(void **state)
{
	const struct fixture *f = *state;
	struct fixture elsewhere = *f;
	struct vault_error e;
	struct vault *v;

	fixture_generations(f);
	put_back(f);
	/* Another machine goes on from generation 2. */
	snprintf(elsewhere.seen, sizeof(elsewhere.seen), "%s/seen2", f->dir);
	elsewhere.place.path = elsewhere.vault;
	elsewhere.place.seen = elsewhere.seen;
	v = fixture_open(&elsewhere, OLD_PASS);
	assert_int_equal(vault_notes(v), 0);
	for (size_t i = 0; i < 2; i++) { /* of equal, then of greater age */
		fixture_add(v, i == 0 ? "2b" : "2c");
		struct vault *here = fixture_open(f, OLD_PASS);

		assert_int_equal(vault_notes(here), VAULT_NOTE_FORK);
		expect_names(here, i == 0 ? "one 2b" : "one 2b 2c");
		expect_code(vault_begin(here, &e), VAULT_EFORK, &e);
		vault_close(here);
	}
	vault_close(v);
	/* Without a memory nobody minds. */
	elsewhere.place.seen = NULL;
	v = fixture_open(&elsewhere, OLD_PASS);
	assert_int_equal(vault_notes(v), 0);
	fixture_add(v, "2d");
	vault_close(v);
	/* The way on. */
	assert_int_equal(fixture_restore(f, f->vault, OLD_PASS), 0);
	v = fixture_open(f, OLD_PASS);
	assert_int_equal(vault_notes(v), 0);
	expect_names(v, "one 2b 2c 2d");
	vault_close(v);
}

/* Saved elsewhere, and read here: remembered by reading alone. */
static void
remembers_what_it_reads(void **state)
{
	const struct fixture *f = *state;
	struct fixture elsewhere = *f;
	struct vault *v;

	fixture_generations(f);
	elsewhere.place.path = elsewhere.vault;
	elsewhere.place.seen = NULL;
	v = fixture_open(&elsewhere, OLD_PASS);
	fixture_add(v, "three");
	vault_close(v);
	v = fixture_open(f, OLD_PASS);
	assert_int_equal(vault_notes(v), 0);
	vault_close(v);
	assert_int_equal(rename(fixture_path(f, ".bak"), f->vault), 0);
	v = fixture_open(f, OLD_PASS);
	assert_int_equal(vault_notes(v), VAULT_NOTE_ROLLBACK);
	vault_close(v);
}

static void
damaged_memory(void **state)
{
	static const char *const texts[] = { "", "pemkeep-seen 2\n",
		"pemkeep-seen 1", "pemkeep-seen 1\n0011 1 22\n", "rubbish\n" };
	const struct fixture *f = *state;
	struct vault *v = fixture_create(f);

	vault_close(v);
	for (size_t i = 0; i < COUNT(texts); i++) {
		/* A copy, for the cast. */
		char *text = strdup(texts[i]);
		const struct copy c = { (uint8_t *)text, strlen(text) };

		file_make(f->seen, c, 0600);
		v = fixture_open(f, OLD_PASS);
		assert_true(vault_notes(v) & VAULT_NOTE_SEEN_BAD);
		assert_int_equal(
		    vault_notes(v) & ~(unsigned)VAULT_NOTE_SEEN_BAD, 0);
		fixture_add(v, texts[i][0] != '\0' ? "key" : "empty");
		vault_close(v);
		v = fixture_open(f, OLD_PASS);
		assert_int_equal(vault_notes(v), 0); /* written anew */
		assert_int_equal(vault_begin(v, NULL), 0);
		assert_int_equal(vault_remove(v, vault_at(v, 0)->id, NULL), 0);
		fixture_commit(v);
		vault_close(v);
		free(text);
	}
}

static void
memory_cannot_be_written(void **state)
{
	struct fixture *f = *state;
	struct vault *v;

	snprintf(f->seen, sizeof(f->seen), "%s/nowhere/seen", f->dir);
	v = fixture_create(f);
	assert_int_equal(vault_notes(v), VAULT_NOTE_SEEN_UNSAVED);
	fixture_add(v, "one");
	assert_int_equal(vault_notes(v), VAULT_NOTE_SEEN_UNSAVED);
	vault_close(v);
	v = fixture_open(f, OLD_PASS);
	assert_int_equal(vault_notes(v), VAULT_NOTE_SEEN_UNSAVED);
	expect_names(v, "one");
	vault_close(v);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rolled_back),
		TEST(rolled_back_meanwhile),
		TEST(forked),
		TEST(remembers_what_it_reads),
		TEST(damaged_memory),
		TEST(memory_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
