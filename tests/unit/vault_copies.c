/* SPDX-License-Identifier: ISC */

/*
 * vault/vault.h: what .bak and .replaced hold after each kind of save, and
 * restoring.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault_fixture.h"

static bool
same_file(const char *a, const char *b)
{
	struct stat x, y;

	assert_int_equal(stat(a, &x), 0);
	assert_int_equal(stat(b, &y), 0);
	return x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

/* The kinds of save. */

static void
do_put(struct vault *v)
{
	fixture_put(v, "new");
}

static void
do_rename(struct vault *v)
{
	assert_int_equal(vault_rename(v, vault_at(v, 0)->id, "new", NULL), 0);
}

static void
do_info(struct vault *v)
{
	assert_int_equal(
	    vault_set_info(v, vault_at(v, 0)->id, NULL, 0, NULL), 0);
}

static void
do_nothing(struct vault *v)
{
	(void)v;
}

static void
do_remove(struct vault *v)
{
	assert_int_equal(vault_remove(v, vault_at(v, 0)->id, NULL), 0);
}

static void
do_remove_and_put(struct vault *v)
{
	do_remove(v);
	do_put(v);
}

static void
do_passwd(struct vault *v)
{
	fixture_passwd(v, NEW_PASS);
}

static void
do_remove_and_passwd(struct vault *v)
{
	do_remove(v);
	do_passwd(v);
}

enum bak { OLD, COPY, GONE };

static const struct {
	const char *name;
	void (*fn)(struct vault *);
	enum bak bak;
} saves[] = {
	{ "remove", do_remove, COPY },
	{ "remove and put", do_remove_and_put, COPY },
	{ "passwd", do_passwd, GONE },
	{ "remove and passwd", do_remove_and_passwd, GONE },
	{ "put", do_put, OLD },
	{ "rename", do_rename, OLD },
	{ "info", do_info, OLD },
	{ "nothing", do_nothing, OLD },
};

static void
check_bak(const struct fixture *f, enum bak bak, struct copy before)
{
	const char *path = fixture_path(f, ".bak");
	struct copy now = file_copy(f->vault);

	assert_int_equal(file_mode_of(f->vault), 0400);
	assert_false(file_is(f->vault, before));
	assert_int_equal(file_exists(path), bak != GONE);
	if (bak != GONE) {
		assert_int_equal(file_mode_of(path), 0400);
		assert_true(file_is(path, bak == OLD ? before : now));
		assert_false(same_file(path, f->vault));
	}
	copy_free(&now);
}

/* .replaced, which restoring leaves, goes where a key or passphrase went. */
static void
bak_and_replaced(void **state)
{
	const struct copy replaced = { (uint8_t *)"replaced", 8 };
	struct fixture *f;
	struct vault_error e;
	struct vault *v;
	struct copy before;
	void *fresh;

	(void)state;
	for (size_t i = 0; i < COUNT(saves); i++) {
		print_message("# %s\n", saves[i].name);
		assert_int_equal(fixture_up(&fresh), 0);
		f = fresh;
		v = fixture_create(f);
		assert_false(file_exists(fixture_path(f, ".bak")));
		fixture_add(v, "one");
		fixture_add(v, "two");
		before = file_copy(f->vault);
		file_make(fixture_path(f, ".replaced"), replaced, 0400);
		expect_code(vault_begin(v, &e), 0, &e);
		saves[i].fn(v);
		fixture_commit(v);
		check_bak(f, saves[i].bak, before);
		assert_int_equal(file_exists(fixture_path(f, ".replaced")),
		    saves[i].bak == OLD);
		/* The next ordinary save is an ordinary one. */
		copy_free(&before);
		before = file_copy(f->vault);
		fixture_add(v, "later");
		check_bak(f, OLD, before);
		vault_close(v);
		copy_free(&before);
		assert_int_equal(fixture_down(&fresh), 0);
	}
}

/* The state of a transaction does not reach into the next one. */
static void
aborted_remove(void **state)
{
	const struct fixture *f = *state;
	struct vault *v = fixture_create(f);
	struct vault_error e;
	struct copy before;

	fixture_add(v, "one");
	before = file_copy(f->vault);
	expect_code(vault_begin(v, &e), 0, &e);
	do_remove_and_passwd(v);
	vault_abort(v);
	fixture_add(v, "two");
	check_bak(f, OLD, before);
	expect_names(v, "one two");
	copy_free(&before);
	vault_close(v);
}

/* Restoring. */

static void
restore_refuses(void **state)
{
	const struct fixture *f = *state;
	const char *old = fixture_path(f, ".old");
	struct copy now, seen, c;

	fixture_generations(f);
	now = file_copy(f->vault);
	seen = file_copy(f->seen);
	assert_int_equal(fixture_restore(f, old, NEW_PASS), VAULT_EPASSPHRASE);
	assert_int_equal(fixture_restore(f, fixture_path(f, ".no"), OLD_PASS),
	    VAULT_ENOVAULT);
	assert_int_equal(
	    fixture_restore(f, f->seen, OLD_PASS), VAULT_ENOTVAULT);
	assert_int_equal(fixture_restore(f, f->dir, OLD_PASS), VAULT_EKIND);
	c = file_copy(old);
	for (size_t i = 0; i < 3; i++) { /* sum, index, record */
		const size_t at[] = { 300, 400, c.len - 300 };

		c.data[at[i]] ^= 1;
		file_make(fixture_path(f, ".bad"), c, 0400);
		assert_int_equal(
		    fixture_restore(f, fixture_path(f, ".bad"), OLD_PASS),
		    VAULT_EDAMAGED);
		c.data[at[i]] ^= 1;
	}
	assert_true(file_is(f->vault, now));
	assert_true(file_is(f->seen, seen));
	assert_false(file_exists(fixture_path(f, ".replaced")));
	copy_free(&now);
	copy_free(&seen);
	copy_free(&c);
}

static void
restore_keeps_replaced(void **state)
{
	const struct fixture *f = *state;
	const char *replaced = fixture_path(f, ".replaced");
	struct copy now, bak, old;
	struct vault *v;

	fixture_generations(f);
	now = file_copy(f->vault);
	bak = file_copy(fixture_path(f, ".bak"));
	old = file_copy(fixture_path(f, ".old"));
	assert_int_equal(
	    fixture_restore(f, fixture_path(f, ".old"), OLD_PASS), 0);
	assert_true(file_is(replaced, now));
	assert_true(file_is(fixture_path(f, ".bak"), bak));
	assert_true(file_is(fixture_path(f, ".old"), old));
	assert_int_equal(file_mode_of(replaced), 0400);
	assert_int_equal(file_mode_of(f->vault), 0400);
	v = fixture_open(f, OLD_PASS);
	expect_names(v, "one");
	expect_payload(v, "one", "one");
	assert_int_equal(vault_generation(v), 4);
	assert_int_equal(vault_notes(v), 0);
	/* An ordinary save keeps it, and the next restore does not replace it. */
	fixture_add(v, "three");
	vault_close(v);
	assert_true(file_is(replaced, now));
	copy_free(&now);
	now = file_copy(f->vault);
	assert_int_equal(fixture_restore(f, fixture_path(f, ".bak"), OLD_PASS),
	    VAULT_EEXISTS);
	assert_true(file_is(f->vault, now));
	unlink(replaced);
	assert_int_equal(
	    fixture_restore(f, fixture_path(f, ".bak"), OLD_PASS), 0);
	assert_true(file_is(replaced, now));
	v = fixture_open(f, OLD_PASS);
	expect_names(v, "one");
	assert_int_equal(vault_generation(v), 6);
	assert_int_equal(vault_notes(v), 0);
	vault_close(v);
	copy_free(&now);
	copy_free(&bak);
	copy_free(&old);
}

/* What was replaced comes back the same way; the vault itself, too. */
static void
restore_undone(void **state)
{
	const struct fixture *f = *state;
	struct vault *v;

	fixture_generations(f);
	assert_int_equal(
	    fixture_restore(f, fixture_path(f, ".old"), OLD_PASS), 0);
	assert_int_equal(
	    fixture_restore(f, fixture_path(f, ".replaced"), OLD_PASS), 0);
	v = fixture_open(f, OLD_PASS);
	expect_names(v, "one two");
	assert_int_equal(vault_generation(v), 5);
	vault_close(v);
	assert_int_equal(fixture_restore(f, f->vault, OLD_PASS), 0);
	v = fixture_open(f, OLD_PASS);
	expect_names(v, "one two");
	assert_int_equal(vault_generation(v), 6);
	assert_int_equal(vault_notes(v), 0);
	vault_close(v);
}

/* Nothing there; and something there that is no vault. */
static void
restore_without_vault(void **state)
{
	const struct fixture *f = *state;
	const struct copy rubbish = { (uint8_t *)"rubbish", 7 };
	const char *replaced = fixture_path(f, ".replaced");
	struct vault *v;

	fixture_generations(f);
	unlink(f->vault);
	assert_int_equal(
	    fixture_restore(f, fixture_path(f, ".bak"), OLD_PASS), 0);
	assert_false(file_exists(replaced));
	file_make(f->vault, rubbish, 0400);
	assert_int_equal(
	    fixture_restore(f, fixture_path(f, ".bak"), OLD_PASS), 0);
	assert_true(file_is(replaced, rubbish));
	v = fixture_open(f, OLD_PASS);
	expect_names(v, "one");
	/* Greater than what was seen, though that file is gone. */
	assert_int_equal(vault_generation(v), 5);
	assert_int_equal(vault_notes(v), 0);
	vault_close(v);
}

/* Without a memory, still greater than what is replaced. */
static void
restore_without_memory(void **state)
{
	const struct fixture *f = *state;
	struct vault *v;

	fixture_generations(f);
	unlink(f->seen);
	assert_int_equal(
	    fixture_restore(f, fixture_path(f, ".old"), OLD_PASS), 0);
	v = fixture_open(f, OLD_PASS);
	expect_names(v, "one");
	assert_int_equal(vault_generation(v), 4);
	vault_close(v);
}

/* Another handle has read what is restored over. */
static void
restore_under_a_handle(void **state)
{
	const struct fixture *f = *state;
	struct vault *v;

	fixture_generations(f);
	v = fixture_open(f, OLD_PASS);
	assert_int_equal(
	    fixture_restore(f, fixture_path(f, ".old"), OLD_PASS), 0);
	expect_names(v, "one two");
	fixture_add(v, "three");
	expect_names(v, "one three");
	vault_close(v);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bak_and_replaced),
		TEST(aborted_remove),
		TEST(restore_refuses),
		TEST(restore_keeps_replaced),
		TEST(restore_undone),
		TEST(restore_without_vault),
		TEST(restore_without_memory),
		TEST(restore_under_a_handle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
