/* SPDX-License-Identifier: ISC */

/*
 * One writer at a time: flock on NAME.lock, which is never removed (removing it
 * would let two processes lock two files).  The holder's pid stands in it, for
 * the message only.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"
#include "io.h"

#define NAP_MS 20

static int
not_a_lock(struct vault_error *e, const struct folder *f, const char *name)
{
	char path[VAULT_WHERE];

	snprintf(path, sizeof(path), "%s/%s", f->path, name);
	return vault_fail(e, VAULT_EKIND, 0, path);
}

/* Ours, a file, and of mode 0600 even if a strange umask made it. */
static int
check_lock(
    int fd, const struct folder *f, const char *name, struct vault_error *e)
{
	struct stat st;
	int r;

	RETRY(r, fstat(fd, &st));
	if (r == -1)
		return folder_fail(e, f, "examine", name);
	/* Writing the pid must not hurt a file that has another name, too. */
	if (!S_ISREG(st.st_mode) || st.st_nlink > 1)
		return not_a_lock(e, f, name);
	if (st.st_uid != geteuid())
		return vault_fail_number(e, VAULT_EOWNER, st.st_uid, name);
	if ((st.st_mode & 07777) == 0600)
		return 0;
	RETRY(r, fchmod(fd, 0600));
	return r == 0 ? 0 : folder_fail(e, f, "set the mode of", name);
}

static int
open_lock(
    const struct folder *f, const char *name, int *fdp, struct vault_error *e)
{
	int fd, r;

	RETRY(fd,
	    openat(f->fd, name,
		O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
	if (fd == -1 && (errno == ELOOP || errno == ENXIO || errno == EISDIR))
		return not_a_lock(e, f, name);
	if (fd == -1)
		return folder_fail(e, f, "open", name);
	if ((r = check_lock(fd, f, name, e)) != 0)
		close(fd);
	else
		*fdp = fd;
	return r;
}

static uint64_t
holder(int fd)
{
	char text[32];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return strtoull(text, NULL, 10);
}

static void
sign(int fd)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	/* For people only: a failure here must not stop a save. */
	if (ftruncate(fd, 0) == -1 || pwrite(fd, text, (size_t)n, 0) != n)
		return;
}

static int64_t
now_ms(void)
{
	struct timespec ts = { 0, 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int
lock_take(
    const struct folder *f, unsigned wait_ms, int *fdp, struct vault_error *e)
{
	const struct timespec nap = { 0, NAP_MS * 1000000L };
	const int64_t deadline = now_ms() + wait_ms;
	char *name;
	int fd = -1, r;

	*fdp = -1;
	if ((name = folder_name(f, ".lock")) == NULL)
		return vault_fail(e, VAULT_ENOMEM, 0, f->base);
	if ((r = open_lock(f, name, &fd, e)) != 0)
		goto out;
	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK) {
			r = folder_fail(e, f, "lock", name);
			goto out;
		}
		if (now_ms() >= deadline) {
			r = vault_fail_number(
			    e, VAULT_ELOCKED, holder(fd), name);
			goto out;
		}
		nanosleep(&nap, NULL);
	}
	sign(fd);
	*fdp = fd;
	fd = -1;
out:
	if (fd != -1)
		close(fd);
	free(name);
	return r;
}

void
lock_free(int *fdp)
{
	if (*fdp != -1)
		close(*fdp);
	*fdp = -1;
}
