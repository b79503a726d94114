/* SPDX-License-Identifier: ISC */

/*
 * vault/vault.h: two handles on one vault, where a vault may be, and how it
 * must lie there.  Its copies are vault_copies.c.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault_fixture.h"

/* Two handles. */

static void
sees_the_others_commit(void **state)
{
	const struct fixture *f = *state;
	struct vault *a = fixture_create(f), *b = fixture_open(f, OLD_PASS);
	struct secret *s = fixture_secret("x");
	const struct vault_put put = { "one", 1, NULL, 0, s };
	struct vault_error e;

	fixture_add(a, "one");
	expect_names(b, "");
	assert_int_equal(vault_generation(b), 1);
	expect_code(vault_begin(b, &e), 0, &e);
	expect_names(b, "one");
	assert_int_equal(vault_generation(b), 2);
	expect_code(vault_put(b, &put, NULL, &e), VAULT_ETAKEN, &e);
	fixture_put(b, "two");
	fixture_commit(b);
	fixture_add(a, "three");
	expect_names(a, "one two three");
	assert_int_equal(vault_generation(a), 4);
	/* What was refreshed stays, also when nothing is done. */
	expect_code(vault_begin(b, &e), 0, &e);
	vault_abort(b);
	expect_names(b, "one two three");
	assert_int_equal(vault_notes(a) | vault_notes(b), 0);
	secret_free(s);
	vault_close(a);
	vault_close(b);
}

static void
one_at_a_time(void **state)
{
	const struct fixture *f = *state;
	struct vault *a = fixture_create(f), *b = fixture_open(f, OLD_PASS);
	struct secret *pass = fixture_secret(OLD_PASS);
	struct vault_error e;

	expect_code(vault_begin(a, &e), 0, &e);
	for (size_t i = 0; i < 2; i++) {
		expect_code(vault_begin(b, &e), VAULT_ELOCKED, &e);
		assert_int_equal(e.number, getpid());
	}
	expect_code(
	    vault_restore(&f->place, f->vault, pass, &e), VAULT_ELOCKED, &e);
	assert_int_equal(fixture_try(&f->place, OLD_PASS), 0); /* may read */
	vault_abort(a);
	fixture_add(b, "one");
	expect_code(vault_begin(a, &e), 0, &e);
	vault_close(a);
	fixture_add(b, "two");
	secret_free(pass);
	vault_close(b);
}

static void
passphrase_changed_by_the_other(void **state)
{
	const struct fixture *f = *state;
	struct vault *a = fixture_create(f), *b;
	struct vault_error e;

	fixture_add(a, "one");
	b = fixture_open(f, OLD_PASS);
	expect_code(vault_begin(a, &e), 0, &e);
	fixture_passwd(a, NEW_PASS);
	fixture_commit(a);
	for (size_t i = 0; i < 2; i++)
		expect_code(vault_begin(b, &e), VAULT_ECHANGED, &e);
	assert_int_equal(vault_begin(b, NULL), VAULT_ECHANGED);
	expect_code(vault_commit(b, &e), VAULT_EUSE, &e);
	expect_names(b, "one"); /* what it had read */
	expect_payload(b, "one", "one");
	fixture_add(a, "two"); /* the lock is free */
	vault_close(b);
	b = fixture_open(f, NEW_PASS);
	expect_names(b, "one two");
	vault_close(a);
	vault_close(b);
}

/* Where a vault may be. */

static void
empty_file(const struct fixture *f)
{
	file_make(f->vault, (struct copy){ NULL, 0 }, 0400);
}

static void
loose_folder(const struct fixture *f)
{
	char folder[600];

	snprintf(folder, sizeof(folder), "%s/v", f->dir);
	assert_int_equal(chmod(folder, 0710), 0);
}

static void
no_folder(const struct fixture *f)
{
	char folder[600];

	snprintf(folder, sizeof(folder), "%s/v", f->dir);
	assert_int_equal(rmdir(folder), 0);
}

static void
link_to_vault(const struct fixture *f)
{
	vault_close(fixture_create(f));
	assert_int_equal(rename(f->vault, fixture_path(f, ".real")), 0);
	assert_int_equal(symlink("vault.real", f->vault), 0);
}

static void
dangling_link(const struct fixture *f)
{
	assert_int_equal(symlink("nowhere", f->vault), 0);
}

static void
a_folder(const struct fixture *f)
{
	assert_int_equal(mkdir(f->vault, 0700), 0);
}

static void
a_pipe(const struct fixture *f)
{
	assert_int_equal(mkfifo(f->vault, 0400), 0);
}

static void
loose_vault(const struct fixture *f)
{
	vault_close(fixture_create(f));
	assert_int_equal(chmod(f->vault, 0600), 0);
}

static void
only_bak(const struct fixture *f)
{
	vault_close(fixture_create(f));
	assert_int_equal(rename(f->vault, fixture_path(f, ".bak")), 0);
}

static void
only_replaced(const struct fixture *f)
{
	vault_close(fixture_create(f));
	assert_int_equal(rename(f->vault, fixture_path(f, ".replaced")), 0);
}

static void
cut_off(const struct fixture *f)
{
	struct copy c;

	vault_close(fixture_create(f));
	c = file_copy(f->vault);
	c.len = 100;
	file_make(f->vault, c, 0400);
	copy_free(&c);
}

static void
cut_in_the_index(const struct fixture *f)
{
	struct copy c;

	vault_close(fixture_create(f));
	c = file_copy(f->vault);
	c.data[c.len - 1] ^= 1;
	file_make(f->vault, c, 0400);
	copy_free(&c);
}

static void
good(const struct fixture *f)
{
	vault_close(fixture_create(f));
}

static void
nothing(const struct fixture *f)
{
	(void)f;
}

static const struct scene {
	const char *name;
	void (*make)(const struct fixture *);
	int create, probe, open;
	uint64_t number; /* with the error */
} scenes[] = {
	{ "no folder", no_folder, VAULT_ENOVAULT, VAULT_ENOVAULT,
	    VAULT_ENOVAULT, 0 },
	{ "loose folder", loose_folder, VAULT_EMODE, VAULT_EMODE, VAULT_EMODE,
	    0710 },
	{ "empty file", empty_file, VAULT_EEXISTS, VAULT_ENOTVAULT,
	    VAULT_ENOTVAULT, 0 },
	{ "link to a vault", link_to_vault, VAULT_EEXISTS, VAULT_EKIND,
	    VAULT_EKIND, 0 },
	{ "dangling link", dangling_link, VAULT_EEXISTS, VAULT_EKIND,
	    VAULT_EKIND, 0 },
	{ "folder", a_folder, VAULT_EEXISTS, VAULT_EKIND, VAULT_EKIND, 0 },
	{ "pipe", a_pipe, VAULT_EEXISTS, VAULT_EKIND, VAULT_EKIND, 0 },
	{ "loose vault", loose_vault, VAULT_EEXISTS, VAULT_EMODE, VAULT_EMODE,
	    0600 },
	{ "only .bak", only_bak, VAULT_EEXISTS, VAULT_ENOVAULT, VAULT_ENOVAULT,
	    0 },
	{ "cut off", cut_off, VAULT_EEXISTS, VAULT_EDAMAGED, VAULT_EDAMAGED,
	    0 },
	{ "damaged behind the key", cut_in_the_index, VAULT_EEXISTS, 0,
	    VAULT_EDAMAGED, 0 },
	{ "good", good, VAULT_EEXISTS, 0, 0, 0 },
	{ "only .replaced", only_replaced, 0, VAULT_ENOVAULT, VAULT_ENOVAULT,
	    0 },
	{ "nothing", nothing, 0, VAULT_ENOVAULT, VAULT_ENOVAULT, 0 },
};

static void
try_scene(const struct scene *s, const struct fixture *f)
{
	struct secret *pass = fixture_secret(OLD_PASS);
	struct vault *v = (struct vault *)&pass;
	struct vault_error e = { .code = VAULT_OK };

	s->make(f);
	unlink(f->seen);
	expect_code(vault_probe(&f->place, &e), s->probe, &e);
	assert_int_equal(e.number, s->number);
	assert_false(file_exists(f->seen));
	assert_int_equal(fixture_try(&f->place, OLD_PASS), s->open);
	e = (struct vault_error){ .code = VAULT_OK };
	expect_code(vault_can_create(&f->place, &e), s->create, &e);
	if (s->create == VAULT_EMODE)
		assert_int_equal(e.number, s->number);
	/* It says the same, and can_create has made nothing. */
	expect_code(
	    vault_create(&f->place, pass, &fixture_kdf, &v, &e), s->create, &e);
	assert_int_equal(v == NULL, s->create != 0);
	vault_close(v);
	if (s->create == 0) {
		assert_int_equal(file_mode_of(f->vault), 0400);
		assert_int_equal(fixture_try(&f->place, OLD_PASS), 0);
	}
	secret_free(pass);
}

static void
places(void **state)
{
	struct fixture *f;
	void *fresh;

	(void)state;
	for (size_t i = 0; i < COUNT(scenes); i++) {
		assert_int_equal(fixture_up(&fresh), 0);
		f = fresh;
		print_message("# %s\n", scenes[i].name);
		try_scene(&scenes[i], f);
		assert_int_equal(fixture_down(&fresh), 0);
	}
}

static void
wrong_paths(void **state)
{
	static const char *const tails[] = { "v/", "v/.", "v/..", "." };
	const struct fixture *f = *state;
	struct vault_place place = { 0 };
	struct vault_error e;
	char path[700];

	for (size_t i = 0; i < COUNT(tails); i++) {
		snprintf(path, sizeof(path), "%s/%s", f->dir, tails[i]);
		place.path = path;
		expect_code(vault_probe(&place, &e), VAULT_EKIND, &e);
		expect_code(vault_can_create(&place, &e), VAULT_EKIND, &e);
		assert_int_equal(fixture_try(&place, OLD_PASS), VAULT_EKIND);
	}
}

/* The folder may be reached by a link; the vault itself may not. */
static void
linked_folder(void **state)
{
	const struct fixture *f = *state;
	struct fixture other = *f;
	char folder[550];
	struct vault *v;

	vault_close(fixture_create(f));
	snprintf(folder, sizeof(folder), "%s/link", f->dir);
	assert_int_equal(symlink("v", folder), 0);
	snprintf(other.vault, sizeof(other.vault), "%s/vault", folder);
	other.place.path = other.vault;
	v = fixture_open(&other, OLD_PASS);
	fixture_add(v, "one");
	vault_close(v);
	v = fixture_open(f, OLD_PASS);
	expect_names(v, "one");
	vault_close(v);
}

static void
foreign_owner(void **state)
{
	const struct fixture *f = *state;
	struct vault_error e;
	struct vault *v = fixture_create(f);

	fixture_add(v, "one");
	vault_close(v);
	if (geteuid() != 0) {
		print_message("SKIP foreign_owner: not root\n");
		skip();
	}
	assert_int_equal(chown(f->vault, 12345, 0), 0);
	expect_code(vault_probe(&f->place, &e), VAULT_EOWNER, &e);
	assert_int_equal(e.number, 12345);
	assert_int_equal(fixture_try(&f->place, OLD_PASS), VAULT_EOWNER);
	expect_code(vault_repair(&f->place, NULL, NULL, &e), VAULT_EOWNER, &e);
	assert_int_equal(chown(f->vault, 0, 0), 0);
	assert_int_equal(fixture_try(&f->place, OLD_PASS), 0);
}

struct repairs {
	size_t count;
	unsigned was, now;
};

static void
count_repair(void *arg, const char *path, unsigned was, unsigned now)
{
	struct repairs *r = arg;

	assert_int_equal(*path, '/');
	r->count++;
	r->was |= was;
	r->now |= now;
}

static void
repair_sets_modes(void **state)
{
	static const char *const suffixes[] = { "", ".bak", ".replaced" };
	const struct fixture *f = *state;
	struct vault *v = fixture_create(f);
	struct repairs r = { 0, 0, 0 };
	struct vault_error e;
	char folder[600];

	fixture_add(v, "one");
	vault_close(v);
	assert_int_equal(link(f->vault, fixture_path(f, ".link")), 0);
	file_make(fixture_path(f, ".replaced"), (struct copy){ NULL, 0 }, 0644);
	snprintf(folder, sizeof(folder), "%s/v", f->dir);
	chmod(fixture_path(f, ".bak"), 0666);
	chmod(f->vault, 0000);
	chmod(folder, 0755);
	expect_code(vault_repair(&f->place, count_repair, &r, &e), 0, &e);
	assert_int_equal(r.count, 4);
	assert_int_equal(r.was, 0755 | 0666 | 0644);
	assert_int_equal(r.now, 0700 | 0400);
	assert_int_equal(file_mode_of(folder), 0700);
	for (size_t i = 0; i < COUNT(suffixes); i++)
		assert_int_equal(
		    file_mode_of(fixture_path(f, suffixes[i])), 0400);
	expect_code(vault_repair(&f->place, count_repair, &r, &e), 0, &e);
	assert_int_equal(r.count, 4);
	assert_int_equal(fixture_try(&f->place, OLD_PASS), 0);
	/* A link is not repaired, nor what it points to. */
	unlink(f->vault);
	chmod(fixture_path(f, ".link"), 0444);
	assert_int_equal(symlink("vault.link", f->vault), 0);
	expect_code(vault_repair(&f->place, NULL, NULL, &e), VAULT_EKIND, &e);
	assert_int_equal(file_mode_of(fixture_path(f, ".link")), 0444);
}

static void
sweeps_what_crashes_left(void **state)
{
	static const char *const suffixes[] = { ".tmp-deadbeef", ".tmp-bak",
		".tmp-", ".tmp", ".tmpfile", ".other" };
	const struct fixture *f = *state;
	const struct copy c = { (uint8_t *)"left", 4 };
	struct vault *v = fixture_create(f);
	struct vault_error e;

	for (size_t i = 0; i < COUNT(suffixes); i++)
		file_make(fixture_path(f, suffixes[i]), c, 0400);
	expect_code(vault_begin(v, &e), 0, &e);
	vault_abort(v);
	for (size_t i = 0; i < COUNT(suffixes); i++)
		assert_int_equal(
		    file_exists(fixture_path(f, suffixes[i])), i >= 2);
	vault_close(v);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sees_the_others_commit),
		TEST(one_at_a_time),
		TEST(passphrase_changed_by_the_other),
		cmocka_unit_test(places),
		TEST(wrong_paths),
		TEST(linked_folder),
		TEST(foreign_owner),
		TEST(repair_sets_modes),
		TEST(sweeps_what_crashes_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
