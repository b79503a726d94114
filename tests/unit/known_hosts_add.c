/* SPDX-License-Identifier: ISC */
/* Adding to known_hosts: one line more, all else as it was, or nothing at all. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "pemkeep/base/err.h"
#include "pemkeep/base/replace.h"
#include "pemkeep/ssh/known_hosts.h"

#include "tests/unit/known_hosts_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char folder[] = "/tmp/pemkeep-add-XXXXXX";

static int
group_begin(void **state)
{
	(void)state;
	alarm(120);
	umask(0);
	return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int
group_end(void **state)
{
	(void)state;
	return chdir("/") != 0 || rmdir(folder) != 0;
}

static void
write_file(const char *name, const struct buf *content, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content->data, content->len), content->len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
assert_content(const char *name, const char *form)
{
	struct buf want = BUF_INIT, got = BUF_INIT;
	int fd = open(name, O_RDONLY);

	assert_true(fd >= 0);
	key_text(form, &want);
	assert_int_equal(replace_read(fd, name, REPLACE_MAX, &got, NULL), 0);
	assert_string_equal(buf_text(&got), buf_text(&want));
	close(fd);
	buf_free(&want);
	buf_free(&got);
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(lstat(name, &st), 0);
	return st.st_mode & 07777;
}

static int
add(const char *path, const char *name, unsigned port, char key, struct err *e)
{
	struct buf blob = BUF_INIT;
	struct known_hosts_entry entry = { .name = name, .port = port };
	int r;

	key_blob(key, &blob);
	entry.blob = blob.data;
	entry.len = blob.len;
	r = known_hosts_add(path, &entry, e);
	buf_free(&blob);
	return r;
}

static const struct {
	const char *before;
	const char *name;
	unsigned port;
	const char *after;
} cases[] = {
	{ "", "host", 22, "host $A\n" },
	{ "", "HOST", 0, "host $A\n" },
	{ "", "Host", 2222, "[host]:2222 $A\n" },
	{ "", "::1", 22, "::1 $A\n" },
	{ "", "::1", 2222, "[::1]:2222 $A\n" },
	{ "x $B", "host", 22, "x $B\nhost $A\n" },
	{ "x $B\r\n#c\n\n bad\n", "host", 22, "x $B\r\n#c\n\n bad\nhost $A\n" },
	{ "host $B\n", "host", 22, "host $B\nhost $A\n" },
	{ "host $A\n", "host", 2222, "host $A\n[host]:2222 $A\n" },
	{ "*,x $A\n", "host", 22, "*,x $A\nhost $A\n" },
	{ "@revoked host $A\n", "host", 22, "@revoked host $A\nhost $A\n" },
	{ "@cert-authority host $A\n", "host", 22,
	    "@cert-authority host $A\nhost $A\n" },
	/* there already */
	{ "host $A\n", "host", 22, "host $A\n" },
	{ "host $A", "host", 22, "host $A" },
	{ "#\nhost $A comment\nx\n", "HOST", 22, "#\nhost $A comment\nx\n" },
	{ "[host]:2222 $A\n", "host", 2222, "[host]:2222 $A\n" },
	{ "|1|feL6tEGvqUZ/so6pa4vAKHBvjZE=|gGtfleg1K9sFAkTVyfSQHl3rAmw= $A\n",
	    "example.com", 22,
	    "|1|feL6tEGvqUZ/so6pa4vAKHBvjZE=|gGtfleg1K9sFAkTVyfSQHl3rAmw= "
	    "$A\n" },
};

static void
lines_added(void **state)
{
	struct buf before = BUF_INIT;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		key_text(cases[i].before, &before);
		write_file("file", &before, 0600);
		assert_int_equal(
		    add("file", cases[i].name, cases[i].port, 'A', &e), 0);
		assert_content("file", cases[i].after);
		assert_int_equal(unlink("file"), 0);
	}
	buf_free(&before);
}

static void
new_files(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(add("a/b/file", "host", 22, 'A', &e), 0);
	assert_int_equal(add("a/b/file", "host", 22, 'R', &e), 0);
	assert_content("a/b/file", "host $A\nhost $R\n");
	assert_int_equal(mode_of("a/b/file"), 0600);
	assert_int_equal(mode_of("a/b"), 0700);
	assert_int_equal(unlink("a/b/file"), 0);
	assert_int_equal(rmdir("a/b"), 0); /* nothing else is left there */
	assert_int_equal(rmdir("a"), 0);
}

static void
looser_modes_become_0600(void **state)
{
	struct buf before = BUF_INIT;
	struct err e;

	(void)state;
	write_file("file", &before, 0644);
	assert_int_equal(add("file", "host", 22, 'A', &e), 0);
	assert_int_equal(mode_of("file"), 0600);
	assert_int_equal(unlink("file"), 0);
}

static void
hashed_names(void **state)
{
	struct known_hosts *k = known_hosts_new();
	struct buf blob = BUF_INIT, got = BUF_INIT;
	struct known_hosts_entry entry = { .name = "HOST", .hashed = true };
	struct err e;
	int fd;

	(void)state;
	key_blob('A', &blob);
	entry.blob = blob.data;
	entry.len = blob.len;
	assert_int_equal(known_hosts_add("file", &entry, &e), 0);
	entry.port = 2222;
	assert_int_equal(known_hosts_add("file", &entry, &e), 0);
	entry.hashed = false; /* there already */
	assert_int_equal(known_hosts_add("file", &entry, &e), 0);

	assert_true((fd = open("file", O_RDONLY)) >= 0);
	assert_int_equal(replace_read(fd, "file", REPLACE_MAX, &got, NULL), 0);
	close(fd);
	assert_null(strstr(buf_text(&got), "host"));
	assert_memory_equal(got.data, "|1|", 3);
	assert_int_equal(known_hosts_load(k, "file", &e), 0);
	assert_int_equal(known_hosts_skipped(k), 0);
	for (unsigned port = 22; port <= 2222; port += 2200)
		assert_int_equal(
		    known_hosts_check(k, "host", port, blob.data, blob.len),
		    KNOWN_HOSTS_MATCH);
	assert_int_equal(known_hosts_check(k, "host", 222, blob.data, blob.len),
	    KNOWN_HOSTS_UNKNOWN);
	known_hosts_free(k);
	buf_free(&blob);
	buf_free(&got);
	assert_int_equal(unlink("file"), 0);
}

static void
names_that_cannot_be_written(void **state)
{
	static const char *const names[] = { "", "a b", "a\tb", "a\nb", "a,b",
		"*", "h?st", "!a", "|1|x", "@revoked", "#a", "[a]:2222",
		"a\x7F", "a\x01", "a\xFF" };
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_int_equal(add("file", names[i], 22, 'A', &e), ERR_USAGE);
		assert_int_equal(access("file", F_OK), -1);
	}
}

static void
keys_that_are_none(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} blobs[] = {
		{ "", 0 },
		{ "\0\0\0\0", 4 },
		{ "\0\0\0\4abc", 7 },
		{ "\0\0\0\3a c", 7 },
		{ "\0\0\0\3a\nc", 7 },
		{ "\0\0\0\3a,c", 7 },
	};
	struct known_hosts_entry entry = { .name = "host" };
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(blobs); i++) {
		entry.blob = (const uint8_t *)blobs[i].bytes;
		entry.len = blobs[i].len;
		assert_int_equal(
		    known_hosts_add("file", &entry, &e), ERR_FORMAT);
		assert_int_equal(access("file", F_OK), -1);
	}
}

static void
not_a_file_of_ours(void **state)
{
	struct buf content = BUF_INIT;
	struct err e;

	(void)state;
	key_text("x $B\n", &content);
	write_file("target", &content, 0600);
	assert_int_equal(symlink("target", "link"), 0);
	assert_int_equal(add("link", "host", 22, 'A', &e), ERR_FORMAT);
	assert_int_equal(symlink("gone", "dangling"), 0);
	assert_int_equal(add("dangling", "host", 22, 'A', &e), ERR_FORMAT);
	assert_int_equal(access("gone", F_OK), -1);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(add("fifo", "host", 22, 'A', &e), ERR_FORMAT);
	assert_int_equal(mkdir("dir", 0700), 0);
	assert_int_equal(add("dir", "host", 22, 'A', &e), ERR_FORMAT);
	assert_int_equal(chmod("target", 0620), 0);
	assert_int_equal(add("target", "host", 22, 'A', &e), ERR_UNTRUSTED);
	assert_int_equal(chmod("dir", 0770), 0);
	assert_int_equal(add("dir/file", "host", 22, 'A', &e), ERR_UNTRUSTED);
	assert_content("target", "x $B\n");
	assert_int_equal(unlink("target") | unlink("link") |
		unlink("dangling") | unlink("fifo") | rmdir("dir"),
	    0);
	buf_free(&content);
}

/* Eight processes add forty hosts each: all of them are there. */
static void
many_writers(void **state)
{
	struct known_hosts *k = known_hosts_new();
	struct buf blob = BUF_INIT;
	struct err e;
	char name[32];
	int status;

	(void)state;
	for (unsigned p = 0; p < 8; p++) {
		if (fork() != 0)
			continue;
		for (unsigned i = 0; i < 40; i++) {
			snprintf(name, sizeof(name), "host-%u-%u", p, i);
			if (add("file", name, 22, 'A', &e) != 0)
				_exit(1);
		}
		_exit(0);
	}
	for (unsigned p = 0; p < 8; p++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(known_hosts_load(k, "file", &e), 0);
	assert_int_equal(known_hosts_skipped(k), 0);
	key_blob('A', &blob);
	for (unsigned i = 0; i < 320; i++) {
		snprintf(name, sizeof(name), "host-%u-%u", i / 40, i % 40);
		assert_int_equal(
		    known_hosts_check(k, name, 22, blob.data, blob.len),
		    KNOWN_HOSTS_MATCH);
	}
	known_hosts_free(k);
	buf_free(&blob);
	assert_int_equal(unlink("file"), 0);
}

/* A lock that is not given back ends in an error, not in waiting. */
static void
held_lock(void **state)
{
	int fd = open(".", O_RDONLY);
	struct err e;

	(void)state;
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(add("file", "host", 22, 'A', &e), ERR_FAILED);
	assert_non_null(strstr(e.text, "locked"));
	assert_int_equal(access("file", F_OK), -1);
	close(fd);
}

/* No room for the new file: the old one stays, nothing else is left. */
static void
write_that_fails(void **state)
{
	struct buf content = BUF_INIT;
	struct err e;
	int status;

	(void)state;
	key_text("x $B\n", &content);
	write_file("file", &content, 0600);
	if (fork() == 0) {
		const struct rlimit limit = { 50, 50 };

		signal(SIGXFSZ, SIG_IGN);
		_exit(setrlimit(RLIMIT_FSIZE, &limit) != 0 ||
		    add("file", "host", 22, 'A', &e) != ERR_SYSTEM);
	}
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
	assert_content("file", "x $B\n");
	assert_int_equal(unlink("file"), 0);
	buf_free(&content);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_added),
		cmocka_unit_test(new_files),
		cmocka_unit_test(looser_modes_become_0600),
		cmocka_unit_test(hashed_names),
		cmocka_unit_test(names_that_cannot_be_written),
		cmocka_unit_test(keys_that_are_none),
		cmocka_unit_test(not_a_file_of_ours),
		cmocka_unit_test(many_writers),
		cmocka_unit_test(held_lock),
		cmocka_unit_test(write_that_fails),
	};

	return cmocka_run_group_tests(tests, group_begin, group_end);
}
