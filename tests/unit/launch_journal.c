/* SPDX-License-Identifier: ISC */
/*
 * The journal of a launch: texts that are none, texts that are cut off, files that
 * are not ours; then one that is written, found, gone on with and removed; and
 * that there is one at a time.
 */

#include <glob.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "pemkeep/base/err.h"

#include "src/launch/journal_internal.h"

#define UUID "01234567-89ab-4def-8123-456789abcdef"

static char home[] = "/tmp/pk-journal.XXXXXX";

static void
fill(struct launch *l, const char *name, const char *region)
{
	struct err e;

	memset(l, 0, sizeof(*l));
	for (const struct launch_member *m = launch_texts; m->name != NULL; m++)
		assert_int_equal(
		    launch_set(
			(char **)(void *)((char *)l + m->offset), m->name, &e),
		    0);
	assert_int_equal(launch_set(&l->uuid, UUID, &e), 0);
	assert_int_equal(launch_set(&l->name, name, &e), 0);
	assert_int_equal(launch_set(&l->region, region, &e), 0);
	l->disk = 8;
	l->cpus = 2;
	l->step = LAUNCH_GROUP;
	l->begun = l->elastic = true;
	l->since = 1700000000;
	l->rules[0] = (struct launch_rule){ 22, 22, "127.0.0.1/32", true };
	l->rules[1] = (struct launch_rule){ 80, 90, "::/0", false };
	l->rule_count = 2;
	assert_int_equal(launch_set(&l->tags[0].key, "a", &e), 0);
	assert_int_equal(launch_set(&l->tags[0].value, "b\n\"\xC3\xA9", &e), 0);
	l->tag_count = 1;
}

static void
same(const struct launch *a, const struct launch *b)
{
	const char *x = (const char *)a, *y = (const char *)b;

	for (const struct launch_member *m = launch_texts; m->name != NULL; m++)
		assert_string_equal(
		    *(char *const *)(const void *)(x + m->offset),
		    *(char *const *)(const void *)(y + m->offset));
	for (const struct launch_member *m = launch_numbers; m->name != NULL;
	     m++)
		assert_memory_equal(
		    x + m->offset, y + m->offset, sizeof(int64_t));
	for (const struct launch_member *m = launch_flags; m->name != NULL; m++)
		assert_memory_equal(x + m->offset, y + m->offset, sizeof(bool));
	assert_int_equal(a->rule_count, b->rule_count);
	for (size_t i = 0; i < a->rule_count; i++) {
		assert_int_equal(a->rules[i].from, b->rules[i].from);
		assert_int_equal(a->rules[i].to, b->rules[i].to);
		assert_string_equal(a->rules[i].cidr, b->rules[i].cidr);
	}
	assert_int_equal(a->tag_count, b->tag_count);
	for (size_t i = 0; i < a->tag_count; i++) {
		assert_string_equal(a->tags[i].key, b->tags[i].key);
		assert_string_equal(a->tags[i].value, b->tags[i].value);
	}
}

/* In the text of a good one: this instead of that. */
static const struct {
	const char *old, *new;
} spoilt[] = {
	{ "\"version\": 1", "\"version\": 2" },
	{ "\"version\": 1,", "" },
	{ UUID, "01234567" },
	{ UUID, "*" },
	{ "\"name\": \"web\"", "\"name\": \"\"" },
	{ "\"name\": \"web\"", "\"name\": null" },
	{ "\"region\": \"eu-west-1\"", "\"region\": \"evil.example\"" },
	{ "\"step\": 2", "\"step\": 10" },
	{ "\"step\": 2", "\"step\": -1" },
	{ "\"step\": 2", "\"step\": \"2\"" },
	{ "\"begun\": 1", "\"begun\": 2" },
	{ "\"key_from\": 0", "\"key_from\": 3" },
	{ "\"disk\": 8", "\"disk\": -8" },
	{ "\"from\": 22", "\"from\": 0" },
	{ "\"to\": 22", "\"to\": 21" },
	{ "\"to\": 90", "\"to\": 70000" },
	{ "\"rules\"", "\"rule\"" },
	{ "\"tags\": [", "\"tags\": [ 7," },
	{ "127.0.0.1/32",
	    "127.0.0.1/3200000000000000000000000000000000000000000000000000000"
	    "00000000000000000000000000000000000000000000000000000000000000" },
	{ "\"group_id\"", "\"group\"" },
};

static void
texts(void **state)
{
	struct launch l, back;
	struct buf b = BUF_INIT;
	struct err e;

	(void)state;
	fill(&l, "web", "eu-west-1");
	assert_true(journal_put(&b, &l));
	assert_int_equal(journal_take("f", b.data, b.len, &back, &e), 0);
	same(&l, &back);
	launch_clear(&back);
	for (size_t len = 0; len + 2 < b.len; len += 7) {
		assert_int_equal(
		    journal_take("f", b.data, len, &back, &e), ERR_FORMAT);
		launch_clear(&back);
	}
	for (size_t i = 0; i < sizeof(spoilt) / sizeof(spoilt[0]); i++) {
		const char *text = buf_text(&b),
			   *at = strstr(text, spoilt[i].old);
		struct buf bad = BUF_INIT;

		assert_non_null(at);
		buf_put(&bad, text, (size_t)(at - text));
		buf_put_text(&bad, spoilt[i].new);
		buf_put_text(&bad, at + strlen(spoilt[i].old));
		assert_int_equal(
		    journal_take("f", bad.data, bad.len, &back, &e),
		    ERR_FORMAT);
		launch_clear(&back);
		buf_free(&bad);
	}
	launch_clear(&l);
	buf_free(&b);
}

/* Another process that has it: its exit status is the error's code. */
static int
elsewhere(const struct launch *l)
{
	struct journal *j;
	struct err e;
	int status;

	switch (fork()) {
	case -1:
		return -1;
	case 0:
		_exit(-journal_begin(l, &j, &e));
	default:
		return wait(&status) > 0 && WIFEXITED(status)
		    ? -WEXITSTATUS(status)
		    : -1;
	}
}

/* The only one that there is. */
static const char *
journal_file(void)
{
	static char path[PATH_MAX];
	char pattern[PATH_MAX];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/pemkeep/launches/*.json", home);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	snprintf(path, sizeof(path), "%s", found.gl_pathv[0]);
	globfree(&found);
	return path;
}

static void
files(void **state)
{
	struct launch l, other, back;
	struct journal *j, *k;
	struct stat st;
	struct err e;

	(void)state;
	fill(&l, "web", "eu-west-1");
	fill(&other, "web", "us-east-1");
	assert_int_equal(
	    journal_open("web", NULL, NULL, &j, &back, &e), ERR_NOT_FOUND);
	assert_int_equal(journal_begin(&l, &j, &e), 0);
	assert_int_equal(elsewhere(&l), ERR_FAILED); /* at the same time */
	assert_int_equal(elsewhere(&other), 0);
	assert_int_equal(journal_write(j, &l, &e), 0);
	assert_int_equal(stat(journal_file(), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	l.step = LAUNCH_RULES;
	assert_int_equal(journal_write(j, &l, &e), 0);
	journal_close(j);
	assert_int_equal(journal_begin(&l, &j, &e), ERR_EXISTS);
	assert_non_null(strstr(e.hint, "--undo 'web'"));
	assert_int_equal(
	    journal_open("web", NULL, "eu-west-1", &j, &back, &e), 0);
	same(&l, &back);
	launch_clear(&back);
	assert_int_equal(journal_begin(&other, &k, &e), 0);
	assert_int_equal(journal_write(k, &other, &e), 0);
	journal_close(k);
	journal_close(j);
	assert_int_equal(
	    journal_open("web", NULL, NULL, &j, &back, &e), ERR_AMBIGUOUS);
	assert_int_equal(
	    journal_open("web", "nobody", NULL, &j, &back, &e), ERR_NOT_FOUND);
	assert_int_equal(
	    journal_open("web", NULL, "us-east-1", &j, &back, &e), 0);
	launch_clear(&back);
	assert_int_equal(journal_remove(j, &e), 0);
	assert_int_equal(journal_remove(j, &e), 0);
	journal_close(j);
	assert_int_equal(journal_open("web", NULL, NULL, &j, &back, &e), 0);
	assert_int_equal(chmod(journal_file(), 0666), 0);
	launch_clear(&back);
	journal_close(j);
	assert_int_equal(
	    journal_open("web", NULL, NULL, &j, &back, &e), ERR_UNTRUSTED);
	launch_clear(&l);
	launch_clear(&other);
}

static int
make_home(void **state)
{
	(void)state;
	return mkdtemp(home) == NULL || setenv("XDG_STATE_HOME", home, 1) != 0;
}

static int
remove_home(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", home);
	return system(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, make_home, remove_home);
}
