/* SPDX-License-Identifier: ISC */
/*
 * The file of a launch, and the lock beside it.  The lock is not the file itself:
 * that is replaced with each step.  A lock file is removed by whoever has it, so
 * one that was got must still be the one that is there.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pemkeep/base/digest.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/path.h"
#include "pemkeep/base/quote.h"
#include "pemkeep/base/replace.h"

#include "src/launch/journal_internal.h"

#define JOURNAL_MAX 0x40000u /* bytes */
#define SUFFIX ".json"

struct journal {
	struct buf path, lock_path;
	int lock; /* descriptor, or -1 */
};

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

/* "web-0123456789abcdef.json": the name to be read, the rest to be unique. */
static int
find_path(const struct launch *l, struct buf *path, struct err *e)
{
	struct buf all = BUF_INIT, name = BUF_INIT;
	uint8_t sum[DIGEST_MAX];
	int r = 0;

	buf_put_cstring(&all, l->account);
	buf_put_cstring(&all, l->region);
	buf_put_cstring(&all, l->name);
	buf_put_text(&name, "launches/");
	launch_put_plain(&name, l->name);
	buf_put_u8(&name, '-');
	if (!buf_ok(&all) || digest(DIGEST_SHA256, all.data, all.len, sum) == 0)
		r = no_memory(e);
	digest_put_hex(&name, sum, 8, '\0');
	buf_put_text(&name, SUFFIX);
	if (r == 0)
		r = buf_ok(&name)
		    ? path_of(PATH_STATE, buf_text(&name), path, e)
		    : no_memory(e);
	buf_free(&all);
	buf_free(&name);
	return r;
}

/* Is the open file still the one of that name? */
static bool
is_there(int fd, const char *path)
{
	struct stat mine, theirs;

	return fstat(fd, &mine) == 0 && lstat(path, &theirs) == 0 &&
	    mine.st_dev == theirs.st_dev && mine.st_ino == theirs.st_ino;
}

static int
taken(const char *name, struct err *e)
{
	err_set(e, ERR_FAILED,
	    "another launch of '%s' is under way at this moment", name);
	err_hint(e, "wait until it has ended");
	return ERR_FAILED;
}

static int
take_lock(struct journal *j, const char *name, struct err *e)
{
	const char *path = buf_text(&j->lock_path);

	for (int tries = 0; tries < 100; tries++) {
		j->lock = open(path,
		    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
		    0600);
		if (j->lock == -1)
			return err_system(
			    e, ERR_SYSTEM, errno, "cannot open '%s'", path);
		if (flock(j->lock, LOCK_EX | LOCK_NB) == -1)
			return errno == EWOULDBLOCK
			    ? taken(name, e)
			    : err_system(e, ERR_SYSTEM, errno,
				  "cannot lock '%s'", path);
		if (is_there(j->lock, path))
			return 0;
		close(j->lock);
		j->lock = -1;
	}
	return taken(name, e);
}

static int
new_journal(
    const char *path, const char *name, struct journal **jp, struct err *e)
{
	struct journal *j = calloc(1, sizeof(*j));
	struct buf folder = BUF_INIT;
	int r;

	*jp = NULL;
	if (j == NULL)
		return no_memory(e);
	j->lock = -1;
	buf_put_text(&j->path, path);
	buf_printf(&j->lock_path, "%s.lock", path);
	path_folder(path, &folder);
	if (!buf_ok(&j->path) || !buf_ok(&j->lock_path) || !buf_ok(&folder))
		r = no_memory(e);
	else if ((r = path_make_folder(buf_text(&folder), e)) == 0)
		r = take_lock(j, name, e);
	buf_free(&folder);
	if (r != 0) {
		if (j->lock != -1)
			close(j->lock);
		j->lock = -1;
		journal_close(j);
		return r;
	}
	*jp = j;
	return 0;
}

static int
unfinished(const struct launch *l, struct err *e)
{
	struct buf name = BUF_INIT;

	quote_always(&name, l->name);
	err_set(e, ERR_EXISTS,
	    "a launch of '%s' in %s was begun, and is not complete", l->name,
	    l->region);
	err_hint(e, "pemkeep launch --resume %s, or: pemkeep launch --undo %s",
	    buf_text(&name), buf_text(&name));
	buf_free(&name);
	return ERR_EXISTS;
}

int
journal_begin(const struct launch *l, struct journal **jp, struct err *e)
{
	struct buf path = BUF_INIT;
	struct stat st;
	int r;

	*jp = NULL;
	if ((r = find_path(l, &path, e)) == 0 &&
	    (r = new_journal(buf_text(&path), l->name, jp, e)) == 0 &&
	    lstat(buf_text(&path), &st) == 0) {
		journal_close(*jp);
		*jp = NULL;
		r = unfinished(l, e);
	}
	buf_free(&path);
	return r;
}

static int
read_file(const char *path, struct launch *l, struct err *e)
{
	struct buf text = BUF_INIT;
	struct stat st;
	int fd, r;

	memset(l, 0, sizeof(*l));
	if ((fd = path_open_regular(path, &st, e)) < 0)
		return fd;
	if (st.st_uid != geteuid() || (st.st_mode & 022) != 0)
		r = err_set(e, ERR_UNTRUSTED,
		    "'%s' belongs to another user, or others may write to it",
		    path);
	else if ((r = replace_read(fd, path, JOURNAL_MAX, &text, e)) == 0)
		r = journal_take(path, text.data, text.len, l, e);
	close(fd);
	buf_free(&text);
	return r;
}

static bool
is_journal(const char *name)
{
	size_t len = strlen(name), suffix = strlen(SUFFIX);

	return len > suffix && name[0] != '.' &&
	    strcmp(name + len - suffix, SUFFIX) == 0;
}

/* What is looked for, and what was found. */
struct search {
	const char *name, *profile, *region;
	const char *uuid; /* instead of all of these, or NULL */
	struct buf path;
	char place[64]; /* region of the first */
	size_t count;
	struct err trouble; /* with another file */
};

static bool
is_wanted(const struct search *s, const struct launch *l)
{
	if (s->uuid != NULL)
		return strcmp(l->uuid, s->uuid) == 0;
	return s->name != NULL && strcmp(l->name, s->name) == 0 &&
	    (s->region == NULL || strcmp(l->region, s->region) == 0) &&
	    (s->profile == NULL || strcmp(l->profile, s->profile) == 0);
}

static int
look_at(struct search *s, const char *folder, const char *name, struct err *e)
{
	struct buf path = BUF_INIT;
	struct launch l = { 0 };
	struct err why;
	int r;

	buf_printf(&path, "%s/%s", folder, name);
	if (!buf_ok(&path))
		return no_memory(e);
	r = read_file(buf_text(&path), &l, &why);
	if (r == 0 && is_wanted(s, &l)) {
		s->count++;
		if (s->count == 1)
			memcpy(s->place, l.region,
			    strnlen(l.region, sizeof(s->place) - 1));
		buf_clear(&s->path);
		buf_put_text(&s->path, buf_text(&path));
	} else if (r != 0 && r != ERR_NOT_FOUND) {
		s->trouble = why;
	}
	launch_clear(&l);
	buf_free(&path);
	return 0;
}

static int
search(struct search *s, struct err *e)
{
	struct buf folder = BUF_INIT;
	struct dirent *entry;
	DIR *dir;
	int r;

	if ((r = path_of(PATH_STATE, "launches", &folder, e)) != 0)
		return r;
	if ((dir = opendir(buf_text(&folder))) != NULL) {
		while (r == 0 && (entry = readdir(dir)) != NULL)
			if (is_journal(entry->d_name))
				r = look_at(
				    s, buf_text(&folder), entry->d_name, e);
		closedir(dir);
	} else if (errno != ENOENT) {
		r = err_system(e, ERR_SYSTEM, errno, "cannot read '%s'",
		    buf_text(&folder));
	}
	buf_free(&folder);
	return r;
}

static int
judge(const struct search *s, struct err *e)
{
	if (s->count == 1)
		return 0;
	if (s->count > 1) {
		err_set(e, ERR_AMBIGUOUS,
		    "there are %zu launches of '%s' that are not complete",
		    s->count, s->name);
		err_hint(e, "say which: --region %s ...", s->place);
		return ERR_AMBIGUOUS;
	}
	if (s->trouble.code != ERR_OK) {
		*e = s->trouble;
		return (int)e->code;
	}
	err_set(e, ERR_NOT_FOUND,
	    "there is no launch of '%s' that is not complete", s->name);
	quote_hint(e, "pemkeep list ", s->name, "");
	return ERR_NOT_FOUND;
}

/* The file that was found. */
static int
open_found(struct search *s, const char *name, struct journal **jp,
    struct launch *l, struct err *e)
{
	int r = new_journal(buf_text(&s->path), name, jp, e);

	if (r == 0 && (r = read_file(buf_text(&s->path), l, e)) != 0) {
		/* Between the two somebody may have completed it. */
		journal_close(*jp);
		*jp = NULL;
	}
	return r;
}

int
journal_open(const char *name, const char *profile, const char *region,
    struct journal **jp, struct launch *l, struct err *e)
{
	struct search s = {
		.name = name, .profile = profile, .region = region
	};
	int r;

	*jp = NULL;
	memset(l, 0, sizeof(*l));
	if ((r = search(&s, e)) == 0 && (r = judge(&s, e)) == 0)
		r = open_found(&s, name, jp, l, e);
	buf_free(&s.path);
	return r;
}

int
journal_open_of(
    const char *uuid, struct journal **jp, struct launch *l, struct err *e)
{
	struct search s = { .uuid = uuid };
	int r;

	*jp = NULL;
	memset(l, 0, sizeof(*l));
	if ((r = search(&s, e)) == 0)
		r = s.count > 0
		    ? open_found(&s, uuid, jp, l, e)
		    : err_set(e, ERR_NOT_FOUND, "there is no such launch");
	buf_free(&s.path);
	return r;
}

int
journal_write(struct journal *j, const struct launch *l, struct err *e)
{
	struct replace *file = NULL;
	struct buf text = BUF_INIT;
	int r;

	if (!journal_put(&text, l))
		r = no_memory(e);
	else if ((r = replace_begin(buf_text(&j->path), &file, e)) == 0)
		r = replace_commit(file, text.data, text.len, e);
	replace_end(file);
	buf_free(&text);
	return r;
}

static void
flush_folder(const char *path)
{
	struct buf folder = BUF_INIT;
	int fd;

	path_folder(path, &folder);
	fd = open(buf_text(&folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1) {
		(void)fsync(fd);
		close(fd);
	}
	buf_free(&folder);
}

int
journal_remove(struct journal *j, struct err *e)
{
	const char *path = buf_text(&j->path);

	if (unlink(path) == -1 && errno != ENOENT)
		return err_system(
		    e, ERR_SYSTEM, errno, "cannot remove '%s'", path);
	flush_folder(path);
	return 0;
}

void
journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	if (j->lock != -1) {
		(void)unlink(buf_text(&j->lock_path));
		close(j->lock);
	}
	buf_free(&j->path);
	buf_free(&j->lock_path);
	free(j);
}
