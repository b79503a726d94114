/* SPDX-License-Identifier: ISC */

/* vault/vault.h: a handle that is kept while the file changes under it. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault_fixture.h"

/* The vault as another machine has it, which remembers nothing. */
static struct fixture
elsewhere(const struct fixture *f)
{
	struct fixture there = *f;

	there.place.path = f->vault;
	there.place.seen = NULL;
	return there;
}

/* Another process opens the vault, adds a key and closes it. */
static void
add_elsewhere(const struct fixture *f, const char *name)
{
	struct vault *v = fixture_open(f, OLD_PASS);

	fixture_add(v, name);
	vault_close(v);
}

static void
reload(struct vault *v, int wanted)
{
	struct vault_error e;

	expect_code(vault_reload(v, &e), wanted, &e);
}

static void
unchanged(void **state)
{
	const struct fixture *f = *state;
	struct vault *v;
	struct copy seen;

	fixture_generations(f);
	v = fixture_open(f, OLD_PASS);
	seen = file_copy(f->seen);
	for (size_t i = 0; i < 3; i++) {
		reload(v, 0);
		expect_names(v, "one two");
		expect_payload(v, "two", "two");
		assert_int_equal(vault_generation(v), 3);
		assert_int_equal(vault_notes(v), 0);
	}
	assert_true(file_is(f->seen, seen));
	copy_free(&seen);
	vault_close(v);
}

static void
saved_by_another(void **state)
{
	const struct fixture *f = *state;
	struct vault *v;

	fixture_generations(f);
	v = fixture_open(f, OLD_PASS);
	/* More saves than a header has ancestors: the memory has seen them. */
	for (size_t i = 0; i < 20; i++) {
		char name[16];

		snprintf(name, sizeof(name), "more%zu", i);
		add_elsewhere(f, name);
	}
	expect_names(v, "one two");
	reload(v, 0);
	assert_int_equal(vault_count(v), 22);
	expect_payload(v, "more19", "more19");
	assert_int_equal(vault_generation(v), 23);
	assert_int_equal(vault_notes(v), 0);
	fixture_add(v, "mine");
	assert_int_equal(vault_generation(v), 24);
	vault_close(v);
	v = fixture_open(f, OLD_PASS);
	assert_int_equal(vault_count(v), 23);
	assert_int_equal(vault_notes(v), 0);
	vault_close(v);
}

/* What another machine has saved is remembered by reading it. */
static void
remembers(void **state)
{
	const struct fixture *f = *state;
	const struct fixture there = elsewhere(f);
	struct vault *v;

	fixture_generations(f);
	v = fixture_open(f, OLD_PASS);
	add_elsewhere(&there, "three");
	reload(v, 0);
	assert_int_equal(vault_notes(v), 0);
	assert_int_equal(rename(fixture_path(f, ".bak"), f->vault), 0);
	reload(v, 0);
	assert_int_equal(vault_notes(v), VAULT_NOTE_ROLLBACK);
	expect_names(v, "one two");
	vault_close(v);
}

static void
rolled_back(void **state)
{
	const struct fixture *f = *state;
	struct copy newest, old;
	struct vault_error e;
	struct vault *v;

	fixture_generations(f);
	newest = file_copy(f->vault);
	old = file_copy(fixture_path(f, ".old"));
	v = fixture_open(f, OLD_PASS);
	for (size_t i = 0; i < 2; i++) {
		file_make(f->vault, old, 0400);
		reload(v, 0);
		assert_int_equal(vault_notes(v), VAULT_NOTE_ROLLBACK);
		expect_names(v, "one");
		expect_code(vault_begin(v, &e), VAULT_EROLLBACK, &e);
		reload(v, 0);
		assert_int_equal(vault_notes(v), VAULT_NOTE_ROLLBACK);
		file_make(f->vault, newest, 0400);
		reload(v, 0);
		assert_int_equal(vault_notes(v), 0);
		expect_names(v, "one two");
	}
	fixture_add(v, "three");
	vault_close(v);
	copy_free(&newest);
	copy_free(&old);
}

static void
forked(void **state)
{
	const struct fixture *f = *state;
	const struct fixture there = elsewhere(f);
	struct copy newest, old;
	struct vault_error e;
	struct vault *v;

	fixture_generations(f);
	newest = file_copy(f->vault);
	old = file_copy(fixture_path(f, ".old"));
	v = fixture_open(f, OLD_PASS);
	file_make(f->vault, old, 0400);
	add_elsewhere(&there, "2b");
	reload(v, 0);
	assert_int_equal(vault_notes(v), VAULT_NOTE_FORK);
	expect_names(v, "one 2b");
	expect_code(vault_begin(v, &e), VAULT_EFORK, &e);
	add_elsewhere(&there, "2c");
	reload(v, 0);
	assert_int_equal(vault_notes(v), VAULT_NOTE_FORK);
	file_make(f->vault, newest, 0400);
	reload(v, 0);
	assert_int_equal(vault_notes(v), 0);
	vault_close(v);
	copy_free(&newest);
	copy_free(&old);
}

static void
restored_by_another(void **state)
{
	const struct fixture *f = *state;
	struct vault *v;

	fixture_generations(f);
	v = fixture_open(f, OLD_PASS);
	assert_int_equal(
	    fixture_restore(f, fixture_path(f, ".old"), OLD_PASS), 0);
	reload(v, 0);
	assert_int_equal(vault_notes(v), 0);
	assert_int_equal(vault_generation(v), 4);
	expect_names(v, "one");
	fixture_add(v, "three");
	vault_close(v);
}

/* What stands in the vault's place instead.  vault.keep is what stood there. */

/* The byte at 'at' (from the end, if negative) is 'change' different. */
static void
alter(const struct fixture *f, long at, uint8_t change)
{
	struct copy c = file_copy(fixture_path(f, ".keep"));

	c.data[at < 0 ? at + (long)c.len : at] ^= change;
	file_make(f->vault, c, 0400);
	copy_free(&c);
}

static void
no_file(const struct fixture *f)
{
	assert_int_equal(unlink(f->vault), 0);
}

static void
a_link(const struct fixture *f)
{
	no_file(f);
	assert_int_equal(symlink(fixture_path(f, ".keep"), f->vault), 0);
}

static void
a_folder(const struct fixture *f)
{
	no_file(f);
	assert_int_equal(mkdir(f->vault, 0700), 0);
}

static void
loose(const struct fixture *f)
{
	assert_int_equal(chmod(f->vault, 0440), 0);
}

static void
folder_mode(const struct fixture *f, mode_t mode)
{
	char path[700];

	snprintf(path, sizeof(path), "%s/v", f->dir);
	assert_int_equal(chmod(path, mode), 0);
}

static void
loose_folder(const struct fixture *f)
{
	folder_mode(f, 0750);
}

static void
no_vault(const struct fixture *f)
{
	alter(f, 0, 1);
}

static void
newer(const struct fixture *f)
{
	alter(f, 8, 2);
}

static void
bad_header(const struct fixture *f)
{
	alter(f, 40, 1);
}

static void
bad_index(const struct fixture *f)
{
	alter(f, -2 * 624 - 1, 1);
}

static void
cut(const struct fixture *f)
{
	struct copy c = file_copy(fixture_path(f, ".keep"));

	c.len -= 100;
	file_make(f->vault, c, 0400);
	copy_free(&c);
}

static void
new_passphrase(const struct fixture *f)
{
	struct vault *v = fixture_open(f, OLD_PASS);

	assert_int_equal(vault_begin(v, NULL), 0);
	fixture_passwd(v, NEW_PASS);
	fixture_commit(v);
	vault_close(v);
}

/* Of the same passphrase, too. */
static void
another_vault(const struct fixture *f)
{
	no_file(f);
	assert_int_equal(unlink(fixture_path(f, ".bak")), 0);
	vault_close(fixture_create(f));
}

static const struct replaced {
	const char *what;
	void (*make)(const struct fixture *f);
	int code;
} replaced[] = {
	{ "no file", no_file, VAULT_ENOVAULT },
	{ "a link to it", a_link, VAULT_EKIND },
	{ "a folder", a_folder, VAULT_EKIND },
	{ "loose mode", loose, VAULT_EMODE },
	{ "loose folder", loose_folder, VAULT_EMODE },
	{ "no vault", no_vault, VAULT_ENOTVAULT },
	{ "newer version", newer, VAULT_EVERSION },
	{ "damaged header", bad_header, VAULT_EDAMAGED },
	{ "damaged index", bad_index, VAULT_EDAMAGED },
	{ "cut off", cut, VAULT_EDAMAGED },
	{ "new passphrase", new_passphrase, VAULT_ECHANGED },
	{ "another vault", another_vault, VAULT_ECHANGED },
};

/*
 * Refused: the handle is as it was, remembers nothing, changes nothing, and goes
 * on when its vault is there again.
 */
static void
refuses(const struct fixture *f, const struct replaced *r)
{
	struct vault *v = fixture_open(f, OLD_PASS);
	struct copy good = file_copy(f->vault), seen;
	struct vault_error e;

	print_message("# %s\n", r->what);
	file_make(fixture_path(f, ".keep"), good, 0400);
	r->make(f);
	seen = file_copy(f->seen);
	for (size_t i = 0; i < 2; i++) {
		expect_code(vault_reload(v, &e), r->code, &e);
		expect_names(v, "one two");
		assert_int_equal(vault_generation(v), 3);
		assert_int_equal(vault_notes(v), 0);
	}
	/* Without anybody to hear why, it is the same. */
	assert_int_equal(vault_reload(v, NULL), r->code);
	expect_code(vault_begin(v, &e), r->code, &e);
	assert_true(file_is(f->seen, seen));
	folder_mode(f, 0700);
	(void)remove(f->vault);
	file_make(f->vault, good, 0400);
	reload(v, 0);
	expect_payload(v, "two", "two");
	vault_close(v);
	copy_free(&good);
	copy_free(&seen);
}

static void
not_what_it_was(void **state)
{
	const struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(replaced); i++) {
		fixture_generations(f);
		refuses(f, &replaced[i]);
		(void)unlink(f->vault);
		(void)unlink(fixture_path(f, ".bak"));
		(void)unlink(f->seen);
	}
}

static void
in_a_transaction(void **state)
{
	const struct fixture *f = *state;
	struct vault_error e;
	struct vault *v;

	fixture_generations(f);
	v = fixture_open(f, OLD_PASS);
	assert_int_equal(vault_begin(v, NULL), 0);
	fixture_put(v, "three");
	expect_code(vault_reload(v, &e), VAULT_EUSE, &e);
	assert_int_equal(vault_reload(v, NULL), VAULT_EUSE);
	fixture_commit(v);
	expect_names(v, "one two three");
	assert_int_equal(vault_begin(v, NULL), 0);
	fixture_put(v, "four");
	vault_abort(v);
	reload(v, 0);
	expect_names(v, "one two three");
	vault_close(v);
}

/* Notes are those of now: what was wrong with the memory may be mended. */
static void
the_memory(void **state)
{
	struct fixture *f = *state;
	uint8_t rubbish[] = "rubbish\n";
	const struct copy c = { rubbish, sizeof(rubbish) - 1 };
	struct copy good;
	struct vault *v;

	fixture_generations(f);
	good = file_copy(f->seen);
	v = fixture_open(f, OLD_PASS);
	file_make(f->seen, c, 0600);
	reload(v, 0);
	assert_int_equal(vault_notes(v), VAULT_NOTE_SEEN_BAD);
	assert_true(file_is(f->seen, c)); /* for people to see */
	file_make(f->seen, good, 0600);
	reload(v, 0);
	assert_int_equal(vault_notes(v), 0);
	file_make(f->seen, c, 0600);
	reload(v, 0);
	fixture_add(v, "three");
	assert_int_equal(vault_notes(v), 0); /* written anew */
	reload(v, 0);
	assert_int_equal(vault_notes(v), 0);
	assert_int_equal(unlink(f->seen), 0);
	reload(v, 0);
	assert_int_equal(vault_notes(v), 0);
	assert_true(file_exists(f->seen));
	copy_free(&good);
	vault_close(v);
}

static void
the_memory_cannot_be_written(void **state)
{
	struct fixture *f = *state;
	char folder[600];
	struct vault *v;

	snprintf(folder, sizeof(folder), "%s/later", f->dir);
	snprintf(f->seen, sizeof(f->seen), "%.500s/later/seen", f->dir);
	v = fixture_create(f);
	reload(v, 0);
	assert_int_equal(vault_notes(v), VAULT_NOTE_SEEN_UNSAVED);
	assert_int_equal(mkdir(folder, 0700), 0);
	reload(v, 0);
	assert_int_equal(vault_notes(v), 0);
	assert_true(file_exists(f->seen));
	vault_close(v);
}

/* No memory is asked for: then there is nothing to say. */
static void
without_a_memory(void **state)
{
	const struct fixture *f = *state;
	const struct fixture there = elsewhere(f);
	struct copy old;
	struct vault *v;

	fixture_generations(f);
	old = file_copy(fixture_path(f, ".old"));
	v = fixture_open(&there, OLD_PASS);
	file_make(f->vault, old, 0400);
	reload(v, 0);
	assert_int_equal(vault_notes(v), 0);
	expect_names(v, "one");
	copy_free(&old);
	vault_close(v);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(not_what_it_was),
		TEST(rolled_back),
		TEST(forked),
		TEST(in_a_transaction),
		TEST(the_memory),
		TEST(the_memory_cannot_be_written),
		TEST(unchanged),
		TEST(saved_by_another),
		TEST(remembers),
		TEST(restored_by_another),
		TEST(without_a_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
