/* SPDX-License-Identifier: ISC */
/* What was learned: kept, replaced, limited, and never in the way. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "pemkeep/base/err.h"
#include "pemkeep/inventory/learned.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KEY_A "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_B "SHA256:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA"
#define PATH "state/learned"

static char folder[] = "/tmp/pemkeep-learned-XXXXXX";

static int
begin(void **state)
{
	(void)state;
	alarm(120);
	return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int
end(void **state)
{
	(void)state;
	return chdir("/") | rmdir(folder);
}

static int
clean(void **state)
{
	(void)state;
	unlink(PATH);
	return rmdir("state");
}

static void
write_file(const char *text, size_t len, mode_t mode)
{
	int fd;

	mkdir("state", 0700);
	fd = open(PATH, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
assert_learned(const char *id, const char *user, const char *key)
{
	struct learned_file *f;
	struct learned l;

	assert_int_equal(learned_open(PATH, &f, NULL), 0);
	l = learned_find(f, id);
	if (user == NULL)
		assert_null(l.user);
	else
		assert_string_equal(l.user, user);
	if (key == NULL)
		assert_null(l.key);
	else
		assert_string_equal(l.key, key);
	learned_close(f);
}

static void
keeping(void **state)
{
	struct stat st, after;

	(void)state;
	assert_learned("i-1", NULL, NULL); /* makes nothing */
	assert_int_equal(access("state", F_OK), -1);
	umask(0);
	assert_int_equal(learned_set(PATH, "i-1", "ubuntu", KEY_A, NULL), 0);
	umask(022);
	assert_int_equal(stat(PATH, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_learned("i-1", "ubuntu", KEY_A);
	/* Known already: the same file. */
	assert_int_equal(learned_set(PATH, "i-1", "ubuntu", NULL, NULL), 0);
	assert_int_equal(learned_set(PATH, "i-1", NULL, KEY_A, NULL), 0);
	assert_int_equal(stat(PATH, &after), 0);
	assert_int_equal(after.st_ino, st.st_ino);
	/* One half at a time. */
	assert_int_equal(learned_set(PATH, "i-1", NULL, KEY_B, NULL), 0);
	assert_learned("i-1", "ubuntu", KEY_B);
	assert_int_equal(learned_set(PATH, "i-1", "admin", NULL, NULL), 0);
	assert_learned("i-1", "admin", KEY_B);
	assert_int_equal(learned_set(PATH, "ami-2", "core", NULL, NULL), 0);
	assert_learned("ami-2", "core", NULL);
	assert_learned("i-1", "admin", KEY_B);
	assert_learned("i-2", NULL, NULL);
}

static void
refusals(void **state)
{
	static const struct {
		const char *id, *user, *key;
	} cases[] = {
		{ "", "u", NULL },
		{ "i-", "u", NULL },
		{ "web", "u", NULL },
		{ "i-1]\n[i-2", "u", NULL },
		{ "i-xyz", "u", NULL },
		{ "ami", "u", NULL },
		{ "i-00000000000000000000000000000000000000", "u", NULL },
		{ "i-1", "", NULL },
		{ "i-1", "-l", NULL },
		{ "i-1", "a\nkey = x", NULL },
		{ "i-1", "a b", NULL },
		{ "i-1", NULL, "MD5:aa" },
		{ "i-1", NULL, "SHA256:A" },
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (learned_set(PATH, cases[i].id, cases[i].user, cases[i].key,
			&e) != ERR_USAGE)
			fail_msg("%zu was taken", i);
	assert_int_equal(access(PATH, F_OK), -1);
	mkdir("state", 0700);
}

/* A file with a mistake is none, and the next one to learn begins it anew. */
static void
damaged(void **state)
{
	static const char *const texts[] = { "[i-1\nuser = a\n",
		"[i-1]\nuser = a\n[i-1]\nuser = b\n", "[i-1]\nuser\n", "\xff",
		"[i-1]\nuser = a\nuser = b\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		write_file(texts[i], strlen(texts[i]), 0600);
		assert_learned("i-1", NULL, NULL);
		assert_int_equal(learned_set(PATH, "i-2", "x", NULL, NULL), 0);
		assert_learned("i-2", "x", NULL);
	}
	write_file("[i-1]\nuser = a\n\0", 16, 0600);
	assert_learned("i-1", NULL, NULL);
}

/* Values are believed only when they could have been learned. */
static void
values(void **state)
{
	static const char text[] =
	    "[web]\nuser = a\n"
	    "[i-1]\nuser = -oProxyCommand=x\nkey = " KEY_A
	    "\n[i-2]\nuser = ok\nkey = SHA256:short\n"
	    "other = x\n[i-3]\n";

	(void)state;
	write_file(text, sizeof(text) - 1, 0600);
	assert_learned("i-1", NULL, KEY_A);
	assert_learned("i-2", "ok", NULL);
	assert_learned("i-3", NULL, NULL);
	assert_learned("web", NULL, NULL);
	/* Rewriting drops what means nothing. */
	assert_int_equal(learned_set(PATH, "i-9", "u", NULL, NULL), 0);
	assert_learned("i-1", NULL, KEY_A);
	assert_learned("i-2", "ok", NULL);
}

static void
others(void **state)
{
	(void)state;
	write_file("[i-1]\nuser = a\n", 15, 0622);
	assert_learned("i-1", NULL, NULL);
	assert_int_not_equal(learned_set(PATH, "i-1", "b", NULL, NULL), 0);
	unlink(PATH);
	assert_int_equal(symlink("elsewhere", PATH), 0);
	assert_learned("i-1", NULL, NULL);
	assert_int_not_equal(learned_set(PATH, "i-1", "b", NULL, NULL), 0);
	assert_int_equal(access("state/elsewhere", F_OK), -1);
}

/* The oldest go first; one that is learned again is a new one. */
static void
limit(void **state)
{
	static char text[LEARNED_MAX * 32];
	size_t len = 0;

	(void)state;
	for (int i = 0; i < LEARNED_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "[i-%08x]\nuser = u%d\n", i, i);
	write_file(text, len, 0600);
	assert_int_equal(
	    learned_set(PATH, "i-00000001", "again", NULL, NULL), 0);
	assert_learned("i-00000000", NULL, NULL);
	assert_learned("i-00000001", "again", NULL);
	assert_learned("i-00000002", "u2", NULL);
	assert_int_equal(learned_set(PATH, "i-ffffffff", "n", NULL, NULL), 0);
	assert_int_equal(learned_set(PATH, "i-fffffffe", "n", NULL, NULL), 0);
	assert_learned("i-00000002", NULL, NULL);
	assert_learned("i-00000001", "again", NULL);
	assert_learned("i-ffffffff", "n", NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(keeping, clean),
		cmocka_unit_test_teardown(refusals, clean),
		cmocka_unit_test_teardown(damaged, clean),
		cmocka_unit_test_teardown(values, clean),
		cmocka_unit_test_teardown(others, clean),
		cmocka_unit_test_teardown(limit, clean),
	};

	return cmocka_run_group_tests_name("learned", tests, begin, end);
}
