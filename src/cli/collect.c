/* SPDX-License-Identifier: ISC */

/* From what the user names to the files that are worth reading. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pemkeep/agent/role.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/path.h"
#include "pemkeep/keys/keyfile.h"
#include "vault/secret.h"

#include "src/cli/collect.h"

#define DEEPEST 16
#define HEAD_BYTES 512
/* Fewer bytes than stand between the first line and what is secret. */
#define HEAD_STEP 8

/* One walk through a folder. */
struct walk {
	struct collection *c;
	dev_t device;
	size_t below;
	struct secret *head;
	void (*warn)(const char *text, const char *hint);
};

static int walk_folder(
    struct walk *w, int parent, const char *name, const char *path, int depth);

static int
add(struct collection *c, const char *path, size_t below)
{
	if (c->count == c->capacity) {
		size_t room = c->capacity == 0 ? 16 : 2 * c->capacity;
		struct found *list = reallocarray(c->list, room, sizeof(*list));

		if (list == NULL)
			return -1;
		c->list = list;
		c->capacity = room;
	}
	c->list[c->count].below = below;
	if ((c->list[c->count].path = strdup(path)) == NULL)
		return -1;
	c->count++;
	return 0;
}

void
collect_free(struct collection *c)
{
	for (size_t i = 0; i < c->count; i++)
		free(c->list[i].path);
	free(c->list);
	memset(c, 0, sizeof(*c));
}

/*
 * A look at the first bytes, and no further than to the line that says that it is
 * a key: what follows does not belong in this process.
 */
static bool
looks_like_key(struct walk *w, int folder, const char *name, const char *path)
{
	uint8_t *head = secret_data(w->head);
	bool like = false;
	struct stat st;
	size_t len = 0;
	ssize_t n;
	int fd;

	fd = path_open_regular_at(folder, name, path, &st, NULL);
	if (fd < 0)
		return false;
	while (!like && len < HEAD_BYTES &&
	    (n = read(fd, head + len, HEAD_STEP)) > 0) {
		len += (size_t)n;
		like = keyfile_looks_like_key(head, len);
	}
	close(fd);
	secret_clear(w->head);
	return like;
}

static int
visit(struct walk *w, int folder, const char *name, const char *path, int depth)
{
	struct stat st;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return 0; /* gone since */
	if (S_ISDIR(st.st_mode) && depth < DEEPEST && st.st_dev == w->device)
		return walk_folder(w, folder, name, path, depth + 1);
	if (S_ISREG(st.st_mode) && st.st_size > 0 &&
	    st.st_size <= KEYFILE_MAX && looks_like_key(w, folder, name, path))
		return add(w->c, path, w->below);
	return 0;
}

static int
skip_dots(const struct dirent *d)
{
	return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static void
tell_unreadable(struct walk *w, const char *path)
{
	char text[512];

	snprintf(text, sizeof(text), "cannot read the folder '%s': %s", path,
	    strerror(errno));
	w->c->skipped++;
	w->warn(text, "");
}

/* -1 only when memory is short. */
static int
walk_folder(
    struct walk *w, int parent, const char *name, const char *path, int depth)
{
	struct dirent **names;
	char *below;
	int fd, count, r = 0;

	fd = openat(
	    parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	count =
	    fd == -1 ? -1 : scandirat(fd, ".", &names, skip_dots, alphasort);
	if (count == -1) {
		tell_unreadable(w, path);
		if (fd != -1)
			close(fd);
		return 0;
	}
	for (int i = 0; i < count; i++) {
		if (r == 0 &&
		    asprintf(&below, "%s%s%s", path,
			path[strlen(path) - 1] == '/' ? "" : "/",
			names[i]->d_name) == -1)
			r = -1;
		if (r == 0) {
			r = visit(w, fd, names[i]->d_name, below, depth);
			free(below);
		}
		free(names[i]);
	}
	free(names);
	close(fd);
	return r;
}

int
collect(struct collection *c, const char *path,
    void (*warn)(const char *text, const char *hint), struct err *e)
{
	struct walk w = { .c = c, .below = strlen(path), .warn = warn };
	struct stat st;
	int fd, r;

	if (*path == '\0')
		return err_set(e, ERR_USAGE, "a file's name cannot be empty");
	if (lstat(path, &st) == -1 || !S_ISDIR(st.st_mode)) {
		r = add(c, path, 0); /* reading it says what is wrong */
		return r == 0 ? 0 : err_set(e, ERR_NOMEM, "out of memory");
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return err_system(
		    e, ERR_SYSTEM, errno, "cannot read the folder");
	w.device = st.st_dev;
	role_harden(); /* who knows what lies in a folder */
	w.head = secret_new(HEAD_BYTES);
	r = w.head == NULL ? -1 : walk_folder(&w, fd, ".", path, 1);
	secret_free(w.head);
	close(fd);
	return r == 0 ? 0 : err_set(e, ERR_NOMEM, "out of memory");
}

static int
cannot_reach(const char *path, struct err *e)
{
	if (errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND, "'%s' does not exist", path);
	return err_system(e, ERR_SYSTEM, errno, "cannot reach '%s'", path);
}

/* One step down; closes where it comes from. */
static int
step(int folder, const char *name, int flags)
{
	int below = openat(folder, name, flags | O_DIRECTORY | O_CLOEXEC);
	int saved = errno;

	if (folder >= 0)
		close(folder);
	errno = saved;
	return below;
}

int
collect_folder(const struct found *f, struct err *e)
{
	struct buf path = BUF_INIT;
	char *at, *slash;
	int fd;

	buf_put(&path, f->path, strlen(f->path));
	(void)buf_text(&path);
	if (!buf_ok(&path))
		return err_set(e, ERR_NOMEM, "out of memory");
	if (f->below == 0) {
		buf_clear(&path);
		path_folder(f->path, &path);
		fd = step(AT_FDCWD, buf_text(&path), O_PATH);
	} else {
		at = (char *)path.data + f->below;
		if (*at == '/')
			*at++ = '\0';
		else
			at[-1] = '\0'; /* it was named with its slash */
		fd =
		    step(AT_FDCWD, *path.data != '\0' ? (char *)path.data : "/",
			O_PATH | O_NOFOLLOW);
		while (fd >= 0 && (slash = strchr(at, '/')) != NULL) {
			*slash = '\0';
			if (*at != '\0')
				fd = step(fd, at, O_PATH | O_NOFOLLOW);
			at = slash + 1;
		}
	}
	if (fd < 0)
		fd = cannot_reach(f->path, e);
	buf_free(&path);
	return fd;
}
