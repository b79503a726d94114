/* SPDX-License-Identifier: ISC */
/*
 * Places and openings.  What a name stands for is asked twice: before opening,
 * because opening a device or a FIFO has effects, and on the open descriptor,
 * because only that answer holds.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/path.h"

#define PASSWD_MAX 0x100000u /* bytes for one entry of the database */

static const struct {
	const char *variable;
	const char *below_home;
} places[] = {
	[PATH_CONFIG] = { "XDG_CONFIG_HOME", "/.config" },
	[PATH_DATA] = { "XDG_DATA_HOME", "/.local/share" },
	[PATH_STATE] = { "XDG_STATE_HOME", "/.local/state" },
	[PATH_CACHE] = { "XDG_CACHE_HOME", "/.cache" },
};

/* Put a folder, without the slashes at its end; false if it is not absolute. */
static bool
put_absolute(struct buf *out, const char *folder)
{
	size_t len;

	if (folder == NULL || folder[0] != '/')
		return false;
	len = strlen(folder);
	while (len > 0 && folder[len - 1] == '/')
		len--;
	buf_put(out, folder, len);
	return true;
}

static bool
put_passwd_home(struct buf *out)
{
	struct passwd pw, *found = NULL;
	char *memory = NULL, *bigger;
	size_t size = 1024;
	bool done = false;
	int r;

	do {
		bigger = realloc(memory, size);
		if (bigger == NULL)
			goto out;
		memory = bigger;
		r = getpwuid_r(getuid(), &pw, memory, size, &found);
		size *= 2;
	} while (r == ERANGE && size <= PASSWD_MAX);
	if (r == 0 && found != NULL)
		done = put_absolute(out, pw.pw_dir);
out:
	free(memory);
	return done;
}

int
path_of(enum path_kind kind, const char *file, struct buf *out, struct err *e)
{
	buf_clear(out);
	if (!put_absolute(out, getenv(places[kind].variable))) {
		if (!put_absolute(out, getenv("HOME")) &&
		    !put_passwd_home(out)) {
			err_set(e, ERR_FAILED, "no home folder");
			err_hint(e, "set HOME to an absolute path");
			return ERR_FAILED;
		}
		buf_put_text(out, places[kind].below_home);
	}
	buf_put_text(out, "/pemkeep/");
	buf_put_text(out, file);
	return buf_ok(out) ? 0 : err_set(e, ERR_NOMEM, "out of memory");
}

/* One folder.  chmod(), as the umask may have taken our own rights away. */
static int
make_one(const char *folder, struct err *e)
{
	struct stat st;
	int error;

	if (mkdir(folder, 0700) == 0) {
		if (chmod(folder, 0700) == 0)
			return 0;
		return err_system(e, ERR_SYSTEM, errno,
		    "cannot set the mode of folder '%s'", folder);
	}
	error = errno;
	if (stat(folder, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	if (error == EEXIST)
		return err_set(e, ERR_SYSTEM, "'%s' is not a folder", folder);
	return err_system(
	    e, ERR_SYSTEM, error, "cannot make folder '%s'", folder);
}

int
path_make_folder(const char *folder, struct err *e)
{
	char *copy = strdup(folder), *at;
	int r = 0;

	if (copy == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	at = copy + strspn(copy, "/");
	while (r == 0 && (at = strchr(at, '/')) != NULL) {
		*at = '\0';
		r = make_one(copy, e);
		*at = '/';
		at += strspn(at, "/");
		if (*at == '\0')
			goto out;
	}
	if (r == 0)
		r = make_one(copy, e);
out:
	free(copy);
	return r;
}

/* Length without the slashes at the end; "/" stays. */
static size_t
trimmed(const char *path, size_t len)
{
	while (len > 1 && path[len - 1] == '/')
		len--;
	return len;
}

const char *
path_base(const char *path)
{
	size_t at = trimmed(path, strlen(path));

	if (at == 1)
		return path;
	while (at > 0 && path[at - 1] != '/')
		at--;
	return path + at;
}

void
path_folder(const char *path, struct buf *out)
{
	size_t len = (size_t)(path_base(path) - path);

	buf_clear(out);
	if (len == 0)
		buf_put_text(out, path[0] == '/' ? "/" : ".");
	else
		buf_put(out, path, trimmed(path, len));
}

static const char *
kind_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFLNK:
		return "a symbolic link";
	case S_IFDIR:
		return "a folder";
	case S_IFIFO:
		return "a FIFO";
	case S_IFSOCK:
		return "a socket";
	case S_IFBLK:
	case S_IFCHR:
		return "a device";
	default:
		return "not a regular file";
	}
}

/* The hint names the target in a form that can be typed where 'path' was. */
static void
hint_target(int dirfd, const char *name, const char *path, struct err *e)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(dirfd, name, target, sizeof(target) - 1);
	size_t before;
	struct stat st;

	if (len <= 0)
		return;
	target[len] = '\0';
	before = target[0] == '/' ? 0 : (size_t)(path_base(path) - path);
	if (fstatat(dirfd, name, &st, 0) != 0)
		err_hint(e, "it points to '%.*s%s', which cannot be found",
		    (int)before, path, target);
	else
		err_hint(e, "give the file it points to: '%.*s%s'", (int)before,
		    path, target);
}

static int
refuse_kind(
    int dirfd, const char *name, const char *path, mode_t mode, struct err *e)
{
	err_set(e, ERR_FORMAT, "'%s' is %s", path, kind_of(mode));
	if (S_ISLNK(mode))
		hint_target(dirfd, name, path, e);
	return ERR_FORMAT;
}

static int
refuse_errno(int error, const char *path, struct err *e)
{
	if (error == ENOENT)
		return err_set(e, ERR_NOT_FOUND, "'%s' does not exist", path);
	return err_system(e, ERR_SYSTEM, error, "cannot open '%s'", path);
}

/* It was a regular file a moment ago; ENXIO is a socket's or a device's. */
static int
refuse_open(
    int dirfd, const char *name, const char *path, int error, struct err *e)
{
	if (error == ELOOP)
		return refuse_kind(dirfd, name, path, S_IFLNK, e);
	if (error == ENXIO)
		return refuse_kind(dirfd, name, path, 0, e);
	return refuse_errno(error, path, e);
}

int
path_open_regular(const char *path, struct stat *st, struct err *e)
{
	return path_open_regular_at(AT_FDCWD, path, path, st, e);
}

int
path_open_regular_at(int dirfd, const char *name, const char *path,
    struct stat *st, struct err *e)
{
	int fd, r;

	memset(st, 0, sizeof(*st));
	if (fstatat(dirfd, name, st, AT_SYMLINK_NOFOLLOW) != 0)
		return refuse_errno(errno, path, e);
	if (!S_ISREG(st->st_mode))
		return refuse_kind(dirfd, name, path, st->st_mode, e);
	fd = openat(dirfd, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return refuse_open(dirfd, name, path, errno, e);
	if (fstat(fd, st) != 0) {
		r = refuse_errno(errno, path, e);
		goto out;
	}
	if (!S_ISREG(st->st_mode)) {
		r = refuse_kind(dirfd, name, path, st->st_mode, e);
		goto out;
	}
	return fd;
out:
	close(fd);
	return r;
}
