/* SPDX-License-Identifier: ISC */
/*
 * Places and openings, in a folder of its own.  Nothing may block: an alarm
 * ends the program if it does.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/path.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOBODY 65534u
#define NOT_IN_DATABASE 54321u

static char folder[] = "/tmp/pemkeep-path-XXXXXX";

static void
skip_because(const char *name, const char *why)
{
	print_message("SKIP %s: %s\n", name, why);
	skip();
}

static void
make_file(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "content", 7), 7);
	assert_int_equal(close(fd), 0);
}

static void
make_socket(const char *name)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_true(strlen(name) < sizeof(sun.sun_path));
	memcpy(sun.sun_path, name, strlen(name) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	close(fd);
}

static int
group_begin(void **state)
{
	(void)state;
	alarm(60);
	umask(022);
	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		return -1;
	if (chmod(folder, 0755) != 0)
		return -1;
	make_file("file");
	make_socket("socket");
	return mkfifo("fifo", 0666) != 0 || mkdir("folder", 0755) != 0 ||
	    symlink("file", "link") != 0 || symlink("gone", "dangling") != 0 ||
	    symlink("folder", "folderlink") != 0 ||
	    symlink("fifo", "fifolink") != 0 || symlink("loop", "loop") != 0 ||
	    symlink("/dev/null", "absolute") != 0 ||
	    symlink("../file", "folder/up") != 0;
}

static int
remove_all(const char *name)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execlp("rm", "rm", "-rf", "--", name, (char *)NULL);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

static int
group_end(void **state)
{
	(void)state;
	if (chdir("/") != 0)
		return -1;
	return remove_all(folder);
}

/* The number that the next descriptor gets: equal before and after, no leak. */
static int
next_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

static void
what_is_no_file(void **state)
{
	static const struct {
		const char *path;
		int code;
		const char *text;
		const char *hint;
	} cases[] = {
		{ "gone", ERR_NOT_FOUND, "'gone' does not exist", "" },
		{ "", ERR_NOT_FOUND, "'' does not exist", "" },
		{ "gone/file", ERR_NOT_FOUND, "'gone/file' does not exist",
		    "" },
		{ "file/x", ERR_SYSTEM, "cannot open 'file/x': Not a directory",
		    "" },
		{ "file/", ERR_SYSTEM, "cannot open 'file/': Not a directory",
		    "" },
		{ "link", ERR_FORMAT, "'link' is a symbolic link",
		    "give the file it points to: 'file'" },
		{ "./link", ERR_FORMAT, "'./link' is a symbolic link",
		    "give the file it points to: './file'" },
		{ "folder/up", ERR_FORMAT, "'folder/up' is a symbolic link",
		    "give the file it points to: 'folder/../file'" },
		{ "absolute", ERR_FORMAT, "'absolute' is a symbolic link",
		    "give the file it points to: '/dev/null'" },
		{ "./absolute", ERR_FORMAT, "'./absolute' is a symbolic link",
		    "give the file it points to: '/dev/null'" },
		{ "dangling", ERR_FORMAT, "'dangling' is a symbolic link",
		    "it points to 'gone', which cannot be found" },
		{ "loop", ERR_FORMAT, "'loop' is a symbolic link",
		    "it points to 'loop', which cannot be found" },
		{ "loop/x", ERR_SYSTEM,
		    "cannot open 'loop/x': "
		    "Too many levels of symbolic links",
		    "" },
		{ "fifolink", ERR_FORMAT, "'fifolink' is a symbolic link",
		    "give the file it points to: 'fifo'" },
		{ "folderlink", ERR_FORMAT, "'folderlink' is a symbolic link",
		    "give the file it points to: 'folder'" },
		{ "folderlink/", ERR_FORMAT, "'folderlink/' is a folder", "" },
		{ "folder", ERR_FORMAT, "'folder' is a folder", "" },
		{ "folder/", ERR_FORMAT, "'folder/' is a folder", "" },
		{ ".", ERR_FORMAT, "'.' is a folder", "" },
		{ "/", ERR_FORMAT, "'/' is a folder", "" },
		{ "fifo", ERR_FORMAT, "'fifo' is a FIFO", "" },
		{ "socket", ERR_FORMAT, "'socket' is a socket", "" },
		{ "/dev/null", ERR_FORMAT, "'/dev/null' is a device", "" },
		{ "/dev/tty", ERR_FORMAT, "'/dev/tty' is a device", "" },
	};
	int before = next_fd();
	struct stat st;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		memset(&e, 0xAA, sizeof(e));
		assert_int_equal(
		    path_open_regular(cases[i].path, &st, &e), cases[i].code);
		assert_int_equal(e.code, cases[i].code);
		assert_string_equal(e.text, cases[i].text);
		assert_string_equal(e.hint, cases[i].hint);
		assert_int_equal(
		    path_open_regular(cases[i].path, &st, NULL), cases[i].code);
	}
	assert_int_equal(next_fd(), before);
}

static void
name_too_long(void **state)
{
	char name[5000];
	struct stat st;
	struct err e;

	(void)state;
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(path_open_regular(name, &st, &e), ERR_SYSTEM);
	assert_int_equal(e.code, ERR_SYSTEM);
}

/* As another user where this one may read everything. */
static void
not_readable(void **state)
{
	struct stat st;
	struct err e;
	bool root = geteuid() == 0;
	int r, r2;

	(void)state;
	make_file("secret");
	assert_int_equal(chmod("secret", 0), 0);
	assert_int_equal(mkdir("closed", 0700), 0);
	make_file("closed/file");
	assert_int_equal(chmod("closed", 0), 0);
	if (root)
		assert_int_equal(seteuid(NOBODY), 0);
	r = path_open_regular("secret", &st, &e);
	r2 = path_open_regular("closed/file", &st, NULL);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod("closed", 0700), 0);
	assert_int_equal(r, ERR_SYSTEM);
	assert_string_equal(e.text, "cannot open 'secret': Permission denied");
	assert_int_equal(r2, ERR_SYSTEM);
}

static void
regular_file(void **state)
{
	char content[8] = "";
	struct stat st;
	int fd;

	(void)state;
	fd = path_open_regular("file", &st, NULL);
	assert_true(fd >= 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_size, 7);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_int_equal(read(fd, content, sizeof(content)), 7);
	assert_string_equal(content, "content");
	close(fd);
	fd = path_open_regular("folderlink/../file", &st, NULL);
	assert_true(fd >= 0);
	close(fd);
}

/* The name counts from the folder; the path is for the message only. */
static void
in_an_open_folder(void **state)
{
	struct stat st;
	struct err e;
	int dir, fd;

	(void)state;
	make_file("folder/inner");
	dir = open("folder", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	assert_int_equal(path_open_regular_at(dir, "file", "a/file", &st, &e),
	    ERR_NOT_FOUND);
	assert_string_equal(e.text, "'a/file' does not exist");
	assert_int_equal(
	    path_open_regular_at(dir, "up", "a/up", &st, &e), ERR_FORMAT);
	assert_string_equal(e.text, "'a/up' is a symbolic link");
	assert_string_equal(e.hint, "give the file it points to: 'a/../file'");
	assert_int_equal(
	    path_open_regular_at(-1, "inner", "a/inner", &st, &e), ERR_SYSTEM);
	fd = path_open_regular_at(dir, "inner", "a/inner", &st, &e);
	assert_true(fd >= 0);
	close(fd);
	close(dir);
}

/* Name to put in the place of "race" after it was looked at, once. */
static const char *exchange;
static bool exchanged;

/*
 * Stands before the C library's: the moment between looking and opening.
 * Where fstatat() is no symbol of its own, this is not called.
 */
int
fstatat(
    int dirfd, const char *restrict name, struct stat *restrict st, int flags)
{
	int (*real)(int, const char *, struct stat *, int);
	void *symbol = dlsym(RTLD_NEXT, "fstatat");
	int r;

	memcpy(&real, &symbol, sizeof(real));
	r = real(dirfd, name, st, flags);
	if (exchange != NULL) {
		exchanged = unlink("race") == 0 &&
		    (*exchange == '\0' || rename(exchange, "race") == 0);
		exchange = NULL;
	}
	return r;
}

static void
exchanged_while_opening(void **state)
{
	static const struct {
		const char *by;
		int code;
		const char *text;
	} cases[] = {
		{ "race-link", ERR_FORMAT, "'race' is a symbolic link" },
		{ "race-folder", ERR_FORMAT, "'race' is a folder" },
		{ "race-fifo", ERR_FORMAT, "'race' is a FIFO" },
		{ "race-socket", ERR_FORMAT, "'race' is not a regular file" },
		{ "", ERR_NOT_FOUND, "'race' does not exist" },
	};
	int before = next_fd();
	struct stat st;
	struct err e;
	size_t i;

	(void)state;
	assert_int_equal(symlink("file", "race-link"), 0);
	assert_int_equal(mkfifo("race-fifo", 0666), 0);
	assert_int_equal(mkdir("race-folder", 0755), 0);
	make_socket("race-socket");
	alarm(5);
	for (i = 0; i < COUNT(cases); i++) {
		make_file("race");
		exchange = cases[i].by;
		exchanged = false;
		assert_int_equal(
		    path_open_regular("race", &st, &e), cases[i].code);
		if (!exchanged)
			skip_because("exchanged_while_opening",
			    "the look of path.c is not seen here");
		assert_int_equal(e.code, cases[i].code);
		assert_string_equal(e.text, cases[i].text);
		(void)remove("race");
	}
	alarm(60);
	assert_int_equal(next_fd(), before);
}

/* Another regular file is none the worse, but *st must be of that one. */
static void
exchanged_by_another_file(void **state)
{
	struct stat st, want;
	int fd;

	(void)state;
	make_file("race");
	make_file("race-other");
	assert_int_equal(stat("race-other", &want), 0);
	exchange = "race-other";
	exchanged = false;
	fd = path_open_regular("race", &st, NULL);
	assert_true(fd >= 0);
	close(fd);
	if (!exchanged)
		skip_because("exchanged_by_another_file",
		    "the look of path.c is not seen here");
	assert_int_equal(st.st_ino, want.st_ino);
}

static const struct {
	enum path_kind kind;
	const char *variable;
	const char *below_home;
} kinds[] = {
	{ PATH_CONFIG, "XDG_CONFIG_HOME", ".config" },
	{ PATH_DATA, "XDG_DATA_HOME", ".local/share" },
	{ PATH_STATE, "XDG_STATE_HOME", ".local/state" },
	{ PATH_CACHE, "XDG_CACHE_HOME", ".cache" },
};

static int
clear_environment(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(kinds); i++)
		unsetenv(kinds[i].variable);
	return unsetenv("HOME");
}

static void
check_path(enum path_kind kind, const char *file, const char *want)
{
	struct buf b = BUF_INIT;

	buf_put_text(&b, "what was there before");
	assert_int_equal(path_of(kind, file, &b, NULL), 0);
	assert_string_equal(buf_text(&b), want);
	buf_free(&b);
}

/* Without an absolute path in the variable it is below HOME. */
static void
variables_that_do_not_count(void **state)
{
	static const char *const values[] = { NULL, "", ".", "relative/path",
		"~/x", " /x" };
	char want[200];
	size_t i, k;

	(void)state;
	setenv("HOME", "/home/u", 1);
	for (k = 0; k < COUNT(kinds); k++) {
		snprintf(want, sizeof(want), "/home/u/%s/pemkeep/f",
		    kinds[k].below_home);
		for (i = 0; i < COUNT(values); i++) {
			if (values[i] != NULL)
				setenv(kinds[k].variable, values[i], 1);
			check_path(kinds[k].kind, "f", want);
		}
	}
}

static void
homes_that_do_not_count(void **state)
{
	static const char *const values[] = { NULL, "", ".", "home/u", "~" };
	struct passwd *pw = getpwuid(getuid());
	char want[5000];
	size_t i;

	(void)state;
	if (pw == NULL || pw->pw_dir[0] != '/' || pw->pw_dir[1] == '\0')
		skip_because("homes_that_do_not_count",
		    "no home in the password database");
	snprintf(
	    want, sizeof(want), "%s/.local/share/pemkeep/vault", pw->pw_dir);
	for (i = 0; i < COUNT(values); i++) {
		if (values[i] != NULL)
			setenv("HOME", values[i], 1);
		check_path(PATH_DATA, "vault", want);
	}
}

/* In a child, as a user that the password database does not know. */
static int
try_without_home(void)
{
	struct buf b = BUF_INIT;
	struct err e;
	int r = 1;

	if (setresuid(NOT_IN_DATABASE, NOT_IN_DATABASE, NOT_IN_DATABASE) != 0)
		return 2;
	setenv("HOME", "not/absolute", 1);
	if (path_of(PATH_CACHE, "f", &b, &e) == ERR_FAILED &&
	    path_of(PATH_CACHE, "f", &b, NULL) == ERR_FAILED &&
	    e.code == ERR_FAILED && strcmp(e.text, "no home folder") == 0 &&
	    e.hint[0] != '\0' && b.len == 0)
		r = 0;
	setenv("XDG_CACHE_HOME", "/cache", 1);
	if (path_of(PATH_CACHE, "f", &b, NULL) != 0)
		r = 3;
	buf_free(&b);
	return r;
}

static void
no_home_at_all(void **state)
{
	int status;
	pid_t child;

	(void)state;
	if (getuid() != 0)
		skip_because("no_home_at_all", "cannot become another user");
	if (getpwuid(NOT_IN_DATABASE) != NULL)
		skip_because("no_home_at_all", "the user exists");
	child = fork();
	if (child == 0)
		_exit(try_without_home());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
variables_that_count(void **state)
{
	static const char *const homes[][2] = {
		{ "/x", "/x/pemkeep/a/b" },
		{ "/x/", "/x/pemkeep/a/b" },
		{ "/x///", "/x/pemkeep/a/b" },
		{ "/", "/pemkeep/a/b" },
		{ "//", "/pemkeep/a/b" },
		{ "/\xEC\x9B\xB9 x\n", "/\xEC\x9B\xB9 x\n/pemkeep/a/b" },
	};
	size_t i, k;

	(void)state;
	setenv("HOME", "/home/u", 1);
	for (k = 0; k < COUNT(kinds); k++) {
		for (i = 0; i < COUNT(homes); i++) {
			setenv(kinds[k].variable, homes[i][0], 1);
			check_path(kinds[k].kind, "a/b", homes[i][1]);
		}
		unsetenv(kinds[k].variable);
	}
	setenv("HOME", "/", 1);
	check_path(PATH_CONFIG, "f", "/.config/pemkeep/f");
	setenv("HOME", "/home/u/", 1);
	check_path(PATH_STATE, "f", "/home/u/.local/state/pemkeep/f");
}

static void
too_long_a_place(void **state)
{
	char *file = malloc(BUF_MAX + 1u);
	struct buf b = BUF_INIT;
	struct err e;

	(void)state;
	assert_non_null(file);
	memset(file, 'a', BUF_MAX);
	file[BUF_MAX] = '\0';
	setenv("HOME", "/home/u", 1);
	assert_int_equal(path_of(PATH_DATA, file, &b, &e), ERR_NOMEM);
	assert_int_equal(e.code, ERR_NOMEM);
	free(file);
	buf_free(&b);
}

static void
folders_that_cannot_be(void **state)
{
	static const struct {
		const char *path;
		const char *text;
	} cases[] = {
		{ "", "cannot make folder '': No such file or directory" },
		{ "file", "'file' is not a folder" },
		{ "fifo", "'fifo' is not a folder" },
		{ "link", "'link' is not a folder" },
		{ "dangling", "'dangling' is not a folder" },
		{ "dangling/x", "'dangling' is not a folder" },
		{ "file/x", "'file' is not a folder" },
		{ "file/x/y", "'file' is not a folder" },
	};
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
		    path_make_folder(cases[i].path, &e), ERR_SYSTEM);
		assert_int_equal(e.code, ERR_SYSTEM);
		assert_string_equal(e.text, cases[i].text);
		assert_int_equal(
		    path_make_folder(cases[i].path, NULL), ERR_SYSTEM);
	}
	assert_int_equal(access("gone", F_OK), -1);
}

static void
folder_not_allowed(void **state)
{
	bool root = geteuid() == 0;
	struct err e;
	int r, mode;

	(void)state;
	assert_int_equal(mkdir("readonly", 0555), 0);
	if (root)
		assert_int_equal(seteuid(NOBODY), 0);
	r = path_make_folder("readonly/a/b", &e);
	mode = path_make_folder("readonly", NULL);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(r, ERR_SYSTEM);
	assert_string_equal(
	    e.text, "cannot make folder 'readonly/a': Permission denied");
	assert_int_equal(mode, 0);
}

static void
check_mode(const char *path, mode_t mode)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(st.st_mode & 07777, mode);
}

/* Also by a user whom the umask would keep out of what was just made. */
static void
folders_have_mode_0700(void **state)
{
	static const mode_t masks[] = { 0, 022, 077, 0277, 0777 };
	bool root = geteuid() == 0;
	char path[100], *slash;
	size_t i;
	int r, r2;

	(void)state;
	assert_int_equal(mkdir("wide", 0777), 0);
	assert_int_equal(chmod("wide", 0777), 0);
	for (i = 0; i < COUNT(masks); i++) {
		snprintf(path, sizeof(path), "wide/m%zu//b/c/", i);
		umask(masks[i]);
		if (root)
			assert_int_equal(seteuid(NOBODY), 0);
		r = path_make_folder(path, NULL);
		r2 = path_make_folder(path, NULL);
		if (root)
			assert_int_equal(seteuid(0), 0);
		umask(022);
		assert_int_equal(r, 0);
		assert_int_equal(r2, 0);
		while ((slash = strrchr(path, '/')) != path + 4) {
			check_mode(path, 0700);
			*slash = '\0';
		}
		check_mode(path, 0700);
	}
	check_mode("wide", 0777);
}

static void
folders_that_exist(void **state)
{
	static const char *const paths[] = { "/", ".", "..", "folder",
		"folder/", "folderlink", "./folderlink/.", "/tmp" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(paths); i++)
		assert_int_equal(path_make_folder(paths[i], NULL), 0);
	check_mode("folder", 0755);
	assert_int_equal(path_make_folder("folderlink/new", NULL), 0);
	check_mode("folder/new", 0700);
	assert_int_equal(path_make_folder("single", NULL), 0);
	check_mode("single", 0700);
}

static void
parts_of_paths(void **state)
{
	static const struct {
		const char *path, *folder, *base;
	} cases[] = {
		{ "", ".", "" },
		{ "a", ".", "a" },
		{ "a/", ".", "a/" },
		{ "a/b", "a", "b" },
		{ "a//b", "a", "b" },
		{ "a/b/", "a", "b/" },
		{ "a/b//", "a", "b//" },
		{ "/", "/", "/" },
		{ "//", "/", "//" },
		{ "/a", "/", "a" },
		{ "//a", "/", "a" },
		{ "/a/", "/", "a/" },
		{ "/a/b/c", "/a/b", "c" },
		{ "../x", "..", "x" },
		{ "..", ".", ".." },
	};
	struct buf b = BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		buf_put_text(&b, "what was there before");
		path_folder(cases[i].path, &b);
		assert_string_equal(buf_text(&b), cases[i].folder);
		assert_string_equal(path_base(cases[i].path), cases[i].base);
	}
	buf_free(&b);
}

#define with_environment(f) cmocka_unit_test_setup(f, clear_environment)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_file),
		cmocka_unit_test(name_too_long),
		cmocka_unit_test(not_readable),
		cmocka_unit_test(regular_file),
		cmocka_unit_test(in_an_open_folder),
		cmocka_unit_test(exchanged_while_opening),
		cmocka_unit_test(exchanged_by_another_file),
		with_environment(variables_that_do_not_count),
		with_environment(homes_that_do_not_count),
		with_environment(no_home_at_all),
		with_environment(variables_that_count),
		with_environment(too_long_a_place),
		cmocka_unit_test(folders_that_cannot_be),
		cmocka_unit_test(folder_not_allowed),
		cmocka_unit_test(folders_have_mode_0700),
		cmocka_unit_test(folders_that_exist),
		cmocka_unit_test(parts_of_paths),
	};

	return cmocka_run_group_tests(tests, group_begin, group_end);
}
