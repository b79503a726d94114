/* SPDX-License-Identifier: ISC */
/*
 * The file of the cache.  Nothing in it is needed, so that whatever is wrong
 * has one of two answers: away with it, or do without.  Opening and making anew
 * are under a lock of the folder, since SQLite must not find the log of one
 * file beside another.
 *
 * The log (WAL) lets others read while one writes.  No memory mapping of the
 * data: a file that somebody cuts off would be a signal.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
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

#include "src/inventory/cache_internal.h"

#define BUSY_MS 2000
#define LOCK_STEPS 400 /* of 5 ms */
#define TEXT_MAX \
	0x100000 /* bytes of one value; a damaged file may say more   \
                           */

__attribute__((format(printf, 2, 3))) static void
say_trouble(struct cache *c, const char *fmt, ...)
{
	va_list ap;

	if (c->trouble[0] != '\0')
		return; /* the first is what led to the others */
	va_start(ap, fmt);
	vsnprintf(c->trouble, sizeof(c->trouble), fmt, ap);
	va_end(ap);
}

static void
shut(struct cache *c)
{
	sqlite3_close(c->db);
	c->db = NULL;
}

/*
 * Of a file that is not trusted.  The log stays when the last one closes it:
 * SQLite would remove it by its name, which may be another file's by then.
 */
static int
settle(sqlite3 *db)
{
	int on = 1;

	sqlite3_extended_result_codes(db, 1);
	sqlite3_busy_timeout(db, BUSY_MS);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, TEXT_MAX);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
	return sqlite3_exec(db,
	    "PRAGMA cell_size_check=ON; PRAGMA synchronous=NORMAL;"
	    "PRAGMA temp_store=MEMORY; PRAGMA journal_size_limit=0;",
	    NULL, NULL, NULL);
}

static int
open_memory(struct cache *c, struct err *e)
{
	shut(c);
	free(c->path);
	c->path = NULL;
	if (sqlite3_open_v2(":memory:", &c->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
		NULL) == SQLITE_OK &&
	    settle(c->db) == SQLITE_OK && cache_schema_make(c->db) == SQLITE_OK)
		return 0;
	shut(c);
	return err_set(e, ERR_NOMEM, "out of memory");
}

static bool
damaged(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR: /* a table is not what it should be */
	case SQLITE_SCHEMA:
	case SQLITE_MISMATCH:
	case SQLITE_CONSTRAINT:
	case SQLITE_TOOBIG:
	case SQLITE_RANGE:
		return true;
	default:
		return false;
	}
}

static int
open_sqlite(struct cache *c, int flags, const char *name)
{
	int rc;

	if ((rc = sqlite3_open_v2(name, &c->db, flags | SQLITE_OPEN_NOMUTEX,
		 NULL)) == SQLITE_OK &&
	    (rc = settle(c->db)) == SQLITE_OK)
		rc = cache_schema_check(c->db);
	if (rc != SQLITE_OK)
		shut(c);
	return rc;
}

/* As it is: SQLite would want to make a log's index beside it. */
static int
open_as_it_is(struct cache *c)
{
	struct buf uri = BUF_INIT;
	int rc = SQLITE_CANTOPEN;

	buf_put_text(&uri, "file:");
	for (const char *at = c->path; *at != '\0'; at++) {
		if (strchr("%?#", *at) != NULL)
			buf_printf(&uri, "%%%02x", (unsigned char)*at);
		else
			buf_put_u8(&uri, (uint8_t)*at);
	}
	buf_put_text(&uri, "?immutable=1");
	(void)buf_text(&uri);
	if (buf_ok(&uri))
		rc = open_sqlite(
		    c, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, buf_text(&uri));
	buf_free(&uri);
	return rc;
}

/* A file on a medium that cannot be written has no log. */
static int
open_read_only(struct cache *c)
{
	struct buf log = BUF_INIT;
	struct stat st;
	int rc = SQLITE_CANTOPEN;

	buf_printf(&log, "%s-wal", c->path);
	(void)buf_text(&log);
	if (buf_ok(&log) &&
	    (stat(buf_text(&log), &st) == -1 || st.st_size == 0))
		rc = open_as_it_is(c);
	buf_free(&log);
	return rc;
}

static void
remove_files(const char *path)
{
	static const char *const endings[] = { "", "-wal", "-shm", "-journal" };
	struct buf name = BUF_INIT;

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		buf_clear(&name);
		buf_printf(&name, "%s%s", path, endings[i]);
		(void)unlink(buf_text(&name));
	}
	buf_free(&name);
}

/*
 * One that is there must be ours alone; a new one is made here, because SQLite
 * would make it with the umask.  What is something else goes away.
 */
static int
prepare_file(const char *path)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) == 0) {
		if (S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
		    st.st_nlink == 1 && (st.st_mode & 077) == 0)
			return 0;
		remove_files(path);
	}
	fd = open(
	    path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	(void)fchmod(fd, 0600);
	close(fd);
	return 0;
}

/* The folder, locked; -1 and the reason when it is not to be used. */
static int
lock_folder(struct cache *c)
{
	const struct timespec pause = { 0, 5 * 1000 * 1000 };
	struct buf folder = BUF_INIT;
	struct stat st;
	struct err e;
	int fd = -1;

	path_folder(c->path, &folder);
	if (path_make_folder(buf_text(&folder), &e) != 0) {
		say_trouble(c, "%s", e.text);
		goto out;
	}
	fd = open(buf_text(&folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1) {
		say_trouble(c, "cannot open folder '%s': %s", buf_text(&folder),
		    strerror(errno));
	} else if (st.st_uid != geteuid() || (st.st_mode & 022) != 0) {
		say_trouble(c, "others may write to '%s'", buf_text(&folder));
	} else {
		for (int i = 0; i < LOCK_STEPS; i++) {
			if (flock(fd, LOCK_EX | LOCK_NB) == 0)
				goto out;
			if (errno != EWOULDBLOCK && errno != EINTR)
				break;
			nanosleep(&pause, NULL);
		}
		say_trouble(c, "folder '%s' is locked", buf_text(&folder));
	}
	if (fd != -1)
		close(fd);
	fd = -1;
out:
	buf_free(&folder);
	return fd;
}

static int
open_file(struct cache *c)
{
	struct stat st;
	int rc;

	if (prepare_file(c->path) == -1) {
		say_trouble(
		    c, "cannot make '%s': %s", c->path, strerror(errno));
		return SQLITE_CANTOPEN;
	}
	if (access(c->path, W_OK) == 0)
		rc = open_sqlite(c, SQLITE_OPEN_READWRITE, c->path);
	else
		rc = open_read_only(c);
	c->inode = stat(c->path, &st) == 0 ? st.st_ino : 0;
	return rc;
}

/* The file as it is, or anew when it is damaged; else memory. */
static int
open_any(struct cache *c, struct err *e)
{
	int fd = lock_folder(c), rc;

	if (fd == -1)
		return open_memory(c, e);
	rc = open_file(c);
	if (damaged(rc)) {
		remove_files(c->path);
		rc = open_file(c);
	}
	if (rc != SQLITE_OK)
		say_trouble(
		    c, "cannot open '%s': %s", c->path, sqlite3_errstr(rc));
	close(fd);
	return rc == SQLITE_OK ? 0 : open_memory(c, e);
}

/* Without a path there is nothing to be mended or made anew. */
static int
peek(struct cache *c, struct err *e)
{
	struct stat st;
	bool ours;

	ours = lstat(c->path, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_uid == geteuid() && (st.st_mode & 022) == 0;
	if (!ours || open_as_it_is(c) != SQLITE_OK)
		return open_memory(c, e);
	free(c->path);
	c->path = NULL;
	return 0;
}

static int
open_at(const char *path, int (*open_path)(struct cache *c, struct err *e),
    struct cache **cp, struct err *e)
{
	struct cache *c = calloc(1, sizeof(*c));
	struct buf full = BUF_INIT;
	int r;

	*cp = NULL;
	if (c == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	if ((r = sqlite_load(e)) != 0) {
		free(c);
		return r;
	}
	if (path != NULL)
		buf_put_text(&full, path);
	else if (path_of(PATH_CACHE, "inventory.db", &full, NULL) != 0)
		say_trouble(c, "there is no home folder");
	if (c->trouble[0] == '\0')
		c->path = strdup(buf_text(&full));
	r = c->path != NULL ? open_path(c, e) : open_memory(c, e);
	buf_free(&full);
	if (r == 0)
		*cp = c;
	else
		cache_close(c);
	return r;
}

int
cache_open(const char *path, struct cache **cp, struct err *e)
{
	return open_at(path, open_any, cp, e);
}

int
cache_peek(const char *path, struct cache **cp, struct err *e)
{
	return open_at(path, peek, cp, e);
}

void
cache_close(struct cache *c)
{
	if (c == NULL)
		return;
	shut(c);
	free(c->path);
	free(c);
}

const char *
cache_trouble(const struct cache *c)
{
	return c->trouble[0] != '\0' ? c->trouble : NULL;
}

/* All of it into memory. */
static int
copy_to_memory(struct cache *c, struct err *e)
{
	struct cache copy = { .db = NULL };
	sqlite3_backup *backup;
	int r, rc = SQLITE_ERROR;

	if ((r = open_memory(&copy, e)) != 0)
		return r;
	backup = sqlite3_backup_init(copy.db, "main", c->db, "main");
	if (backup != NULL) {
		(void)sqlite3_backup_step(backup, -1);
		rc = sqlite3_backup_finish(backup);
	}
	if (rc == SQLITE_OK)
		rc = cache_schema_check(copy.db);
	if (rc != SQLITE_OK) {
		shut(&copy);
		r = open_memory(c, e);
		return r == 0 ? err_set(e, ERR_FORMAT, "%s", c->trouble) : r;
	}
	shut(c);
	free(c->path);
	c->path = NULL;
	c->db = copy.db;
	return 0;
}

/* Another program may have made it anew already. */
static int
make_anew(struct cache *c, struct err *e)
{
	struct stat st;
	int fd, r;

	shut(c);
	fd = lock_folder(c);
	if (fd != -1) {
		if (stat(c->path, &st) == 0 && st.st_ino == c->inode)
			remove_files(c->path);
		close(fd);
	}
	r = open_any(c, e);
	return r == 0 ? err_set(e, ERR_FORMAT, "the cache was damaged") : r;
}

static int
mend(struct cache *c, int rc, struct err *e)
{
	int r;

	if ((rc & 0xff) == SQLITE_NOMEM || c->db == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	if (sqlite3_get_autocommit(c->db) == 0)
		(void)sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
	if (c->path == NULL) {
		r = open_memory(c, e);
		return r == 0 ? err_set(e, ERR_FORMAT, "the cache was damaged")
			      : r;
	}
	if (damaged(rc))
		return make_anew(c, e);
	say_trouble(c, "cannot use '%s': %s", c->path, sqlite3_errstr(rc));
	return copy_to_memory(c, e);
}

int
cache_mend(struct cache *c, int rc, struct err *e)
{
	int r = mend(c, rc, e);

	c->losses += r == ERR_FORMAT;
	return r;
}
