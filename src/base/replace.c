/* SPDX-License-Identifier: ISC */
/*
 * The lock is on the folder: the file itself is another one after each change,
 * and a lock file of ours has no business in ~/.ssh.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/path.h"
#include "pemkeep/base/quote.h"
#include "pemkeep/base/replace.h"

#define WAIT_STEPS 2000 /* of 5 ms */
#define TEMP_TRIES 100

struct replace {
	char *path;
	const char *base; /* in 'path' */
	int dirfd;
	struct buf old;
};

static int
lock_folder(int dirfd, const char *folder, struct err *e)
{
	const struct timespec pause = { 0, 5 * 1000 * 1000 };

	for (int i = 0; i < WAIT_STEPS; i++) {
		if (flock(dirfd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_system(e, ERR_SYSTEM, errno,
			    "cannot lock folder '%s'", folder);
		nanosleep(&pause, NULL);
	}
	err_set(
	    e, ERR_FAILED, "folder '%s' is locked by another program", folder);
	err_hint(e, "try again when it has finished");
	return ERR_FAILED;
}

/* Only what nobody else can exchange may be relied on. */
static int
check_owner(const struct stat *st, const char *path, struct err *e)
{
	if (st->st_uid != geteuid())
		return err_set(
		    e, ERR_UNTRUSTED, "'%s' belongs to another user", path);
	if ((st->st_mode & 022) == 0)
		return 0;
	err_set(e, ERR_UNTRUSTED, "others may write to '%s'", path);
	quote_hint(e, "chmod go-w ", path, "");
	return ERR_UNTRUSTED;
}

static int
open_folder(struct replace *r, struct err *e)
{
	struct buf folder = BUF_INIT;
	struct stat st;
	int result;

	path_folder(r->path, &folder);
	if ((result = path_make_folder(buf_text(&folder), e)) != 0)
		goto out;
	r->dirfd = open(buf_text(&folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dirfd == -1 || fstat(r->dirfd, &st) == -1)
		result = err_system(e, ERR_SYSTEM, errno,
		    "cannot open folder '%s'", buf_text(&folder));
	else if ((result = check_owner(&st, buf_text(&folder), e)) == 0)
		result = lock_folder(r->dirfd, buf_text(&folder), e);
out:
	buf_free(&folder);
	return result;
}

int
replace_read(
    int fd, const char *path, size_t max, struct buf *out, struct err *e)
{
	uint8_t bytes[16384];
	ssize_t n;

	buf_clear(out);
	while ((n = read(fd, bytes, sizeof(bytes))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_system(
			    e, ERR_SYSTEM, errno, "cannot read '%s'", path);
		if ((size_t)n > max - out->len)
			return err_set(e, ERR_FORMAT,
			    "'%s' is too large (more than %zu bytes)", path,
			    max);
		buf_put(out, bytes, (size_t)n);
	}
	(void)buf_text(out);
	return buf_ok(out) ? 0 : err_set(e, ERR_NOMEM, "out of memory");
}

static int
read_old(struct replace *r, struct err *e)
{
	struct stat st;
	struct err why;
	int fd, result;

	fd = path_open_regular_at(r->dirfd, r->base, r->path, &st, &why);
	if (fd == ERR_NOT_FOUND)
		return 0;
	if (fd < 0) {
		if (e != NULL)
			*e = why;
		return fd;
	}
	if ((result = check_owner(&st, r->path, e)) == 0)
		result = replace_read(fd, r->path, REPLACE_MAX, &r->old, e);
	close(fd);
	return result;
}

int
replace_begin(const char *path, struct replace **rp, struct err *e)
{
	struct replace *r;
	int result;

	*rp = NULL;
	if ((r = calloc(1, sizeof(*r))) == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	r->dirfd = -1;
	if ((r->path = strdup(path)) == NULL) {
		result = err_set(e, ERR_NOMEM, "out of memory");
		goto fail;
	}
	r->base = path_base(r->path);
	if ((result = open_folder(r, e)) != 0 || (result = read_old(r, e)) != 0)
		goto fail;
	*rp = r;
	return 0;
fail:
	replace_end(r);
	return result;
}

const struct buf *
replace_old(const struct replace *r)
{
	return &r->old;
}

static int
write_all(int fd, const uint8_t *at, size_t left)
{
	ssize_t n;

	while (left > 0) {
		n = write(fd, at, left);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		at += n;
		left -= (size_t)n;
	}
	return 0;
}

/* A new file beside the old one; its name in 'temp'. */
static int
open_temp(const struct replace *r, char *temp, size_t size)
{
	int fd = -1;

	for (unsigned i = 0; i < TEMP_TRIES; i++) {
		snprintf(
		    temp, size, ".%.200s.%ld.%u", r->base, (long)getpid(), i);
		fd = openat(r->dirfd, temp,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd != -1 || errno != EEXIST)
			break;
	}
	return fd;
}

int
replace_commit(struct replace *r, const void *bytes, size_t len, struct err *e)
{
	char temp[256];
	int fd, result = 0;

	if ((fd = open_temp(r, temp, sizeof(temp))) == -1)
		return err_system(
		    e, ERR_SYSTEM, errno, "cannot make a new '%s'", r->path);
	if (fchmod(fd, 0600) == -1 || write_all(fd, bytes, len) == -1 ||
	    fsync(fd) == -1)
		result = err_system(
		    e, ERR_SYSTEM, errno, "cannot write '%s'", r->path);
	if (close(fd) == -1 && result == 0)
		result = err_system(
		    e, ERR_SYSTEM, errno, "cannot write '%s'", r->path);
	if (result == 0 && renameat(r->dirfd, temp, r->dirfd, r->base) == -1)
		result = err_system(
		    e, ERR_SYSTEM, errno, "cannot replace '%s'", r->path);
	if (result != 0) {
		unlinkat(r->dirfd, temp, 0);
		return result;
	}
	if (fsync(r->dirfd) == -1 && errno != EINVAL)
		return err_system(e, ERR_SYSTEM, errno,
		    "cannot flush the folder of '%s' to the disk", r->path);
	return 0;
}

void
replace_end(struct replace *r)
{
	if (r == NULL)
		return;
	if (r->dirfd != -1)
		close(r->dirfd);
	buf_free(&r->old);
	free(r->path);
	free(r);
}
