/* SPDX-License-Identifier: ISC */
/* The two files: opening, locking, and what is in the head. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "src/log/log_internal.h"

#define WAIT_STEPS 1000 /* of 1 ms */

static int
check_file(int fd, const char *path, const char *suffix, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return err_system(
		    e, ERR_SYSTEM, errno, "cannot open '%s%s'", path, suffix);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_FORMAT, "'%s%s' is not a regular file",
		    path, suffix);
	if (st.st_uid != geteuid())
		return err_set(e, ERR_UNTRUSTED,
		    "'%s%s' belongs to another user", path, suffix);
	return 0;
}

int
log_open(const char *path, const char *suffix, int flags, struct err *e)
{
	struct buf full = BUF_INIT;
	int fd, r = ERR_NOMEM;

	buf_printf(&full, "%s%s", path, suffix);
	(void)buf_text(&full);
	if (!buf_ok(&full)) {
		r = err_set(e, ERR_NOMEM, "out of memory");
		goto out;
	}
	flags |= O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	fd = open(buf_text(&full), flags, 0600);
	if (fd == -1) {
		r = errno == ENOENT ? ERR_NOT_FOUND
		    : errno == ELOOP || errno == EISDIR || errno == ENXIO
		    ? ERR_FORMAT
		    : ERR_SYSTEM;
		r = err_system(e, (enum err_code)r, errno, "cannot open '%s'",
		    buf_text(&full));
		goto out;
	}
	r = check_file(fd, path, suffix, e);
	if (r == 0 && (flags & O_CREAT) != 0 && fchmod(fd, 0600) == -1)
		r = err_system(e, ERR_SYSTEM, errno,
		    "cannot set the mode of '%s'", buf_text(&full));
	if (r == 0)
		r = fd;
	else
		close(fd);
out:
	buf_free(&full);
	return r;
}

int
log_head_read(int fd, struct log_head *head)
{
	char text[LOG_HEAD_SIZE + 1];
	ssize_t n;

	memset(head, 0, sizeof(*head));
	do
		n = pread(fd, text, sizeof(text), 0);
	while (n == -1 && errno == EINTR);
	if (n == 0)
		return 0;
	return n > 0 && log_head_parse(text, (size_t)n, head) ? 1 : ERR_FORMAT;
}

int
log_lock(int fd, int how, const char *path, struct err *e)
{
	const struct timespec pause = { 0, 1000 * 1000 };

	for (int i = 0; i < WAIT_STEPS; i++) {
		if (flock(fd, how | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_system(
			    e, ERR_SYSTEM, errno, "cannot lock '%s'", path);
		nanosleep(&pause, NULL);
	}
	return err_set(
	    e, ERR_FAILED, "'%s' is locked by another program", path);
}
