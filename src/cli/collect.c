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

#include "pemkeep/base/err.h"
#include "pemkeep/base/path.h"
#include "pemkeep/keys/keyfile.h"

#include "src/cli/collect.h"

#define DEEPEST 16
#define HEAD_BYTES 512

/* One walk through a folder. */
struct walk {
	struct collection *c;
	dev_t device;
	void (*warn)(const char *text, const char *hint);
};

static int walk_folder(
    struct walk *w, int parent, const char *name, const char *path, int depth);

static int
add(struct collection *c, const char *path, bool named)
{
	if (c->count == c->capacity) {
		size_t room = c->capacity == 0 ? 16 : 2 * c->capacity;
		struct found *list = reallocarray(c->list, room, sizeof(*list));

		if (list == NULL)
			return -1;
		c->list = list;
		c->capacity = room;
	}
	c->list[c->count].named = named;
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
 * A look at the first bytes, which tell what a file is: of a private key they
 * are the armour line and the beginning of the public facts.  Wiped all the
 * same.
 */
static bool
looks_like_key(int folder, const char *name, const char *path)
{
	unsigned char head[HEAD_BYTES];
	struct stat st;
	ssize_t n;
	bool like;
	int fd;

	fd = path_open_regular_at(folder, name, path, &st, NULL);
	if (fd < 0)
		return false;
	n = read(fd, head, sizeof(head));
	close(fd);
	like = n > 0 && keyfile_looks_like_key(head, (size_t)n);
	explicit_bzero(head, sizeof(head));
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
	    st.st_size <= KEYFILE_MAX && looks_like_key(folder, name, path))
		return add(w->c, path, false);
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
	struct walk w = { c, 0, warn };
	struct stat st;
	int fd, r;

	if (*path == '\0')
		return err_set(e, ERR_USAGE, "a file's name cannot be empty");
	if (lstat(path, &st) == -1 || !S_ISDIR(st.st_mode)) {
		r = add(c, path, true); /* reading it says what is wrong */
		return r == 0 ? 0 : err_set(e, ERR_NOMEM, "out of memory");
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return err_system(
		    e, ERR_SYSTEM, errno, "cannot read the folder");
	w.device = st.st_dev;
	r = walk_folder(&w, fd, ".", path, 1);
	close(fd);
	return r == 0 ? 0 : err_set(e, ERR_NOMEM, "out of memory");
}
