/* SPDX-License-Identifier: ISC */

/*
 * Chapter 10, the files.  Everything goes through an open folder, whose real
 * path is known and whose owner and mode were checked; nothing follows a
 * symbolic link in the last component, and nothing is written in place.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "internal.h"
#include "io.h"

#define MODE_FOLDER 0700u
#define MODE_VAULT 0400u
#define TEMP_INFIX ".tmp-"

/* The full name, for messages. */
static const char *
full(const struct folder *f, const char *name, char *text, size_t size)
{
	if (strcmp(name, ".") == 0)
		snprintf(text, size, "%s", f->path);
	else
		snprintf(text, size, "%s%s%s", f->path,
		    strcmp(f->path, "/") == 0 ? "" : "/", name);
	return text;
}

int
folder_fail(struct vault_error *e, const struct folder *f, const char *doing,
    const char *name)
{
	char text[VAULT_WHERE];
	int saved = errno;

	full(f, name, text, sizeof(text));
	errno = saved;
	return vault_fail_system(e, doing, text);
}

static int
check_owner_mode(const struct stat *st, mode_t allowed, const char *path,
    struct vault_error *e)
{
	mode_t mode = st->st_mode & 07777u;

	if (st->st_uid != geteuid())
		return vault_fail_number(e, VAULT_EOWNER, st->st_uid, path);
	if ((mode & ~allowed) != 0)
		return vault_fail_number(e, VAULT_EMODE, mode, path);
	return 0;
}

/* Split into a resolved folder and the last component. */
static int
resolve(struct folder *f, const char *path, struct vault_error *e)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash == NULL ? path : slash + 1;
	char *folder;

	if (*base == '\0' || strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
		return vault_fail(e, VAULT_EKIND, 0, path);
	if (slash == NULL)
		folder = strdup(".");
	else
		folder =
		    strndup(path, slash == path ? 1 : (size_t)(slash - path));
	f->base = strdup(base);
	if (folder == NULL || f->base == NULL) {
		free(folder);
		return vault_fail(e, VAULT_ENOMEM, 0, path);
	}
	f->path = realpath(folder, NULL);
	free(folder);
	if (f->path != NULL)
		return 0;
	if (errno == ENOENT)
		return vault_fail(e, VAULT_ENOVAULT, 0, path);
	return vault_fail_system(e, "find the folder of", path);
}

int
folder_open(
    struct folder *f, const char *path, bool strict, struct vault_error *e)
{
	struct stat st;
	int r;

	*f = (struct folder)FOLDER_INIT;
	if ((r = resolve(f, path, e)) != 0)
		goto fail;
	RETRY(f->fd,
	    open(f->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	if (f->fd == -1 && errno == ENOTDIR) {
		r = vault_fail(e, VAULT_EKIND, 0, f->path);
		goto fail;
	}
	if (f->fd == -1 || fstat(f->fd, &st) == -1) {
		r = vault_fail_system(e, "open the folder", f->path);
		goto fail;
	}
	if (strict && (r = check_owner_mode(&st, MODE_FOLDER, f->path, e)) != 0)
		goto fail;
	return 0;
fail:
	folder_close(f);
	return r;
}

void
folder_close(struct folder *f)
{
	if (f->fd != -1)
		close(f->fd);
	free(f->path);
	free(f->base);
	*f = (struct folder)FOLDER_INIT;
}

char *
folder_name(const struct folder *f, const char *suffix)
{
	char *name;

	return asprintf(&name, "%s%s", f->base, suffix) == -1 ? NULL : name;
}

/* Open a regular file of the folder, with the checks of chapter 10. */
static int
open_checked(const struct folder *f, const char *name, bool strict,
    struct stat *st, int *fdp, struct vault_error *e)
{
	char path[PATH_MAX];
	int fd, r;

	full(f, name, path, sizeof(path));
	RETRY(fd,
	    openat(
		f->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
	if (fd == -1 && errno == ENOENT)
		return vault_fail(e, VAULT_ENOVAULT, 0, path);
	if (fd == -1 && (errno == ELOOP || errno == ENXIO))
		return vault_fail(e, VAULT_EKIND, 0, path);
	if (fd == -1)
		return vault_fail_system(e, "open", path);
	if (fstat(fd, st) == -1)
		r = vault_fail_system(e, "examine", path);
	else if (!S_ISREG(st->st_mode))
		r = vault_fail(e, VAULT_EKIND, 0, path);
	else
		r = strict ? check_owner_mode(st, MODE_VAULT, path, e) : 0;
	if (r != 0) {
		close(fd);
		return r;
	}
	*fdp = fd;
	return 0;
}

/*
 * Memory for a file.  For a large one in large pages: half of the time that
 * reading 30 MiB takes is the kernel's, for 8,000 small ones.
 */
static uint8_t *
file_buffer(size_t len)
{
	const size_t large = (size_t)2 << 20;
	size_t room = (len / large + 1) * large;
	void *p;

	if (len < 2 * large || (p = aligned_alloc(large, room)) == NULL)
		return malloc(len + 1);
	(void)madvise(p, room, MADV_HUGEPAGE);
	return p;
}

int
file_read(const struct folder *f, const char *name, bool strict,
    uint8_t **datap, size_t *lenp, struct vault_error *e)
{
	struct stat st;
	uint8_t *data;
	size_t len;
	int fd, r;

	*datap = NULL;
	*lenp = 0;
	if ((r = open_checked(f, name, strict, &st, &fd, e)) != 0)
		return r;
	/* Of one that is too long the preamble is enough to say so (R6, R9). */
	len = st.st_size > VAULT_FILE_MAX ? PREAMBLE_BYTES : (size_t)st.st_size;
	if ((data = file_buffer(len)) == NULL)
		r = vault_fail(e, VAULT_ENOMEM, 0, name);
	else if (io_read(fd, data, len) == -1)
		r = folder_fail(e, f, "read", name);
	close(fd);
	if (r != 0) {
		free(data);
		return r;
	}
	*datap = data;
	*lenp = (size_t)st.st_size;
	return 0;
}

static int
create_temp(const struct folder *f, char **namep)
{
	char suffix[sizeof(TEMP_INFIX) + 8];
	int fd;

	do {
		snprintf(suffix, sizeof(suffix), TEMP_INFIX "%08x",
		    randombytes_random());
		free(*namep);
		if ((*namep = folder_name(f, suffix)) == NULL)
			return -1;
		RETRY(fd,
		    openat(f->fd, *namep,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			MODE_VAULT));
	} while (fd == -1 && errno == EEXIST);
	return fd;
}

int
file_write_temp(const struct folder *f, const uint8_t *data, size_t len,
    char **namep, struct vault_error *e)
{
	int fd, result = 0;

	*namep = NULL;
	if ((fd = create_temp(f, namep)) == -1) {
		result = *namep == NULL
		    ? vault_fail(e, VAULT_ENOMEM, 0, f->base)
		    : folder_fail(e, f, "create", *namep);
		free(*namep);
		*namep = NULL;
		return result;
	}
	if (io_write_file(fd, MODE_VAULT, data, len) == -1)
		result = folder_fail(e, f, "write", *namep);
	if (result != 0) {
		unlinkat(f->fd, *namep, 0);
		free(*namep);
		*namep = NULL;
	}
	return result;
}

int
file_rename(const struct folder *f, const char *from, const char *to,
    struct vault_error *e)
{
	int r;

	RETRY(r, renameat(f->fd, from, f->fd, to));
	return r == 0 ? 0 : folder_fail(e, f, "replace", to);
}

int
file_remove(const struct folder *f, const char *name, struct vault_error *e)
{
	int r;

	RETRY(r, unlinkat(f->fd, name, 0));
	if (r == -1 && errno != ENOENT)
		return folder_fail(e, f, "remove", name);
	return 0;
}

int
file_sync_folder(const struct folder *f, struct vault_error *e)
{
	int r;

	RETRY(r, fsync(f->fd));
	/* EINVAL: a file system that cannot flush folders, and need not. */
	if (r == -1 && errno != EINVAL)
		return vault_fail(e, VAULT_EUNSURE, 0, f->path);
	return 0;
}

bool
file_there(const struct folder *f, const char *name)
{
	struct stat st;

	return fstatat(f->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	    errno != ENOENT;
}

/* Only names that are made here: eight hex digits, or that of file_link(). */
static bool
is_temp_ending(const char *ending)
{
	return strcmp(ending, "bak") == 0 ||
	    (strlen(ending) == 8 && strspn(ending, "0123456789abcdef") == 8);
}

int
file_sweep(const struct folder *f, struct vault_error *e)
{
	char *prefix;
	struct dirent *d;
	DIR *dir;
	int fd, r = 0;

	if ((prefix = folder_name(f, TEMP_INFIX)) == NULL)
		return vault_fail(e, VAULT_ENOMEM, 0, f->path);
	RETRY(fd, openat(f->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (fd == -1 || (dir = fdopendir(fd)) == NULL) {
		r = vault_fail_system(e, "read the folder", f->path);
		if (fd != -1)
			close(fd);
		free(prefix);
		return r;
	}
	while (r == 0 && (errno = 0, d = readdir(dir)) != NULL)
		if (strncmp(d->d_name, prefix, strlen(prefix)) == 0 &&
		    is_temp_ending(d->d_name + strlen(prefix)))
			r = file_remove(f, d->d_name, e);
	if (r == 0 && errno != 0)
		r = vault_fail_system(e, "read the folder", f->path);
	free(prefix);
	closedir(dir);
	return r;
}

int
file_link(const struct folder *f, const char *name, const char *bak,
    struct vault_error *e)
{
	char *temp;
	int r;

	if ((temp = folder_name(f, TEMP_INFIX "bak")) == NULL)
		return vault_fail(e, VAULT_ENOMEM, 0, name);
	if ((r = file_remove(f, temp, e)) == 0) {
		RETRY(r, linkat(f->fd, name, f->fd, temp, 0));
		if (r == -1)
			r = folder_fail(e, f, "make a second name for", name);
	}
	if (r == 0)
		r = file_rename(f, temp, bak, e);
	/*
	 * Where both were names of one file already (a crash between .bak and
	 * vault), rename(2) does nothing and leaves the temporary name.
	 */
	unlinkat(f->fd, temp, 0);
	free(temp);
	return r;
}

int
file_mode(const struct folder *f, const char *name, mode_t mode,
    void (*fn)(void *, const char *, unsigned, unsigned), void *arg,
    struct vault_error *e)
{
	char path[PATH_MAX];
	struct stat st;

	full(f, name, path, sizeof(path));
	if (fstatat(f->fd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0
				       : vault_fail_system(e, "examine", path);
	if (strcmp(name, ".") != 0 && !S_ISREG(st.st_mode))
		return vault_fail(e, VAULT_EKIND, 0, path);
	if (st.st_uid != geteuid())
		return vault_fail_number(e, VAULT_EOWNER, st.st_uid, path);
	if ((st.st_mode & 07777u) == mode)
		return 0;
	/* The folder is ours alone by now, so the name still means this file. */
	if (fchmodat(f->fd, name, mode, 0) == -1)
		return vault_fail_system(e, "set the mode of", path);
	if (fn != NULL)
		fn(arg, path, st.st_mode & 07777u, mode);
	return 0;
}
