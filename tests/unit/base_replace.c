/* SPDX-License-Identifier: ISC */
/* A file is replaced as a whole, or stays; nothing foreign is touched. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/replace.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char folder[] = "/tmp/pemkeep-replace-XXXXXX";

static int
begin(void **state)
{
	(void)state;
	alarm(60);
	umask(0);
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

/* Tests remove what they made: what is left makes this fail. */
static int
end(void **state)
{
	(void)state;
	return chdir("/") != 0 || rmdir(folder) != 0;
}

static void
write_file(const char *name, const char *text, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
assert_content(const char *name, const char *want)
{
	struct buf got = BUF_INIT;
	int fd = open(name, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(replace_read(fd, name, 1000, &got, NULL), 0);
	assert_string_equal(buf_text(&got), want);
	close(fd);
	buf_free(&got);
}

static void
refused(void **state)
{
	static const struct {
		const char *path;
		int want;
		const char *text;
	} cases[] = {
		{ "link", ERR_FORMAT, "a symbolic link" },
		{ "dangling", ERR_FORMAT, "a symbolic link" },
		{ "fifo", ERR_FORMAT, "a FIFO" },
		{ "inner", ERR_FORMAT, "a folder" },
		{ "loose", ERR_UNTRUSTED, "others may write to 'loose'" },
		{ "open/file", ERR_UNTRUSTED, "others may write to 'open'" },
		{ "file/x", ERR_SYSTEM, "'file' is not a folder" },
		{ "/dev/null", ERR_UNTRUSTED, "" }, /* or its folder is */
		{ "large", ERR_FORMAT, "too large" },
	};
	struct replace *r;
	struct err e;

	(void)state;
	write_file("file", "x", 0600);
	write_file("loose", "x", 0662);
	write_file("large", "x", 0600);
	assert_int_equal(truncate("large", (off_t)REPLACE_MAX + 1), 0);
	assert_int_equal(symlink("file", "link"), 0);
	assert_int_equal(symlink("gone", "dangling"), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(mkdir("inner", 0700), 0);
	assert_int_equal(mkdir("open", 0777), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		int got = replace_begin(cases[i].path, &r, &e);

		if (cases[i].path[0] == '/') {
			assert_int_not_equal(got, 0);
			continue;
		}
		if (got != cases[i].want ||
		    strstr(e.text, cases[i].text) == NULL)
			fail_msg("%s: %d %s", cases[i].path, got, e.text);
		assert_null(r);
		assert_int_equal(
		    replace_begin(cases[i].path, &r, NULL), cases[i].want);
	}
	for (size_t i = 0; i < COUNT(cases); i++)
		if (cases[i].path[0] != '/')
			(void)remove(cases[i].path);
	(void)remove("open");
	assert_int_equal(remove("file"), 0);
}

static void
as_another_user(void **state)
{
	struct replace *r;
	int status;

	(void)state;
	if (geteuid() != 0) {
		print_message("SKIP as_another_user: not root\n");
		skip();
	}
	write_file("theirs", "x", 0600);
	assert_int_equal(chown("theirs", 65534, 65534), 0);
	assert_int_equal(replace_begin("theirs", &r, NULL), ERR_UNTRUSTED);
	assert_int_equal(chmod(folder, 0755), 0);
	if (fork() == 0)
		_exit(setuid(65534) != 0 ||
		    replace_begin("theirs", &r, NULL) != ERR_UNTRUSTED);
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
	assert_int_equal(remove("theirs"), 0);
}

static void
replaced(void **state)
{
	struct replace *r;
	struct stat st;
	struct err e;
	int fd;

	(void)state;
	write_file("file", "old", 0444);
	assert_true((fd = open("file", O_RDONLY)) >= 0);
	assert_int_equal(replace_begin("file", &r, &e), 0);
	assert_int_equal(replace_old(r)->len, 3);
	assert_memory_equal(replace_old(r)->data, "old", 3);
	assert_int_equal(replace_commit(r, "new content", 11, &e), 0);
	replace_end(r);
	assert_content("file", "new content");
	assert_int_equal(stat("file", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 3); /* not in place */
	close(fd);
	assert_int_equal(remove("file"), 0);
}

static void
not_there_yet(void **state)
{
	struct replace *r;
	struct stat st;
	struct err e;

	(void)state;
	assert_int_equal(replace_begin("a/b/file", &r, &e), 0);
	assert_int_equal(replace_old(r)->len, 0);
	replace_end(r);
	assert_int_equal(access("a/b/file", F_OK), -1);
	assert_int_equal(replace_begin("a/b/file", &r, &e), 0);
	assert_int_equal(replace_commit(r, NULL, 0, &e), 0);
	replace_end(r);
	assert_content("a/b/file", "");
	assert_int_equal(stat("a/b", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(remove("a/b/file") | remove("a/b") | remove("a"), 0);
	replace_end(NULL);
}

static void
disk_full(void **state)
{
	int status;

	(void)state;
	write_file("file", "old", 0600);
	if (fork() == 0) {
		const struct rlimit limit = { 5, 5 };
		struct replace *r;
		struct err e;

		signal(SIGXFSZ, SIG_IGN);
		_exit(setrlimit(RLIMIT_FSIZE, &limit) != 0 ||
		    replace_begin("file", &r, &e) != 0 ||
		    replace_commit(r, "0123456789", 10, &e) != ERR_SYSTEM ||
		    strstr(e.text, "cannot write 'file'") == NULL);
	}
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
	assert_content("file", "old");
	assert_int_equal(remove("file"), 0);
}

/* Temporary files of a process that was killed do not stop the next one. */
static void
leftovers(void **state)
{
	struct replace *r;
	char name[64];
	struct err e;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), ".file.%ld.%u", (long)getpid(), i);
		assert_int_equal(symlink("elsewhere", name), 0);
	}
	assert_int_equal(replace_begin("file", &r, &e), 0);
	assert_int_equal(replace_commit(r, "x", 1, &e), 0);
	replace_end(r);
	assert_content("file", "x");
	assert_int_equal(access("elsewhere", F_OK), -1);
	for (unsigned i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), ".file.%ld.%u", (long)getpid(), i);
		assert_int_equal(remove(name), 0);
	}
	assert_int_equal(remove("file"), 0);
}

static void
long_names(void **state)
{
	struct replace *r;
	char name[256];
	struct err e;

	(void)state;
	memset(name, 'n', 255);
	name[255] = '\0';
	assert_int_equal(replace_begin(name, &r, &e), 0);
	assert_int_equal(replace_commit(r, "x", 1, &e), 0);
	replace_end(r);
	assert_content(name, "x");
	assert_int_equal(remove(name), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(refused, begin, end),
		cmocka_unit_test_setup_teardown(as_another_user, begin, end),
		cmocka_unit_test_setup_teardown(replaced, begin, end),
		cmocka_unit_test_setup_teardown(not_there_yet, begin, end),
		cmocka_unit_test_setup_teardown(disk_full, begin, end),
		cmocka_unit_test_setup_teardown(leftovers, begin, end),
		cmocka_unit_test_setup_teardown(long_names, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
