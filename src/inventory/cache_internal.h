/* SPDX-License-Identifier: ISC */
#ifndef INVENTORY_CACHE_INTERNAL_H
#define INVENTORY_CACHE_INTERNAL_H

/* What the files of the cache share: the database, and one way to ask it. */

#include <sys/types.h>

#include "pemkeep/inventory/cache.h"

#include "src/inventory/sqlite.h"

struct cache {
	sqlite3 *db;
	char *path;      /* NULL: in memory */
	ino_t inode;     /* of the file that is open */
	unsigned losses; /* of all that was in it, the places, too */
	char trouble[256];
};

/* cache_schema.c: SQLite's codes */

/* Make the tables in a database that has none. */
int cache_schema_make(sqlite3 *db);
/* The same when nothing is in it; SQLITE_NOTADB for one of another version. */
int cache_schema_check(sqlite3 *db);

/* The texts of an instance, as members and as columns. */
#define CACHE_TEXTS(X) \
	X(id) \
	X(name) \
	X(state) \
	X(type) \
	X(zone) \
	X(image) \
	X(key_pair) \
	X(public_ip) \
	X(private_ip) \
	X(ipv6) \
	X(public_dns) \
	X(private_dns) \
	X(platform) \
	X(details) \
	X(vpc) \
	X(lifecycle) \
	X(user) \
	X(port)

enum {
#define X(member) CACHE_TEXT_##member,
	CACHE_TEXTS(X)
#undef X
	    CACHE_TEXT_COUNT
};

/* Where the i-th text of an instance is. */
const char **cache_text(struct cache_instance *instance, size_t i);

/* A text, or a number. */
struct cache_value {
	const char *text;
	int64_t number;
};

struct cache_call {
	const char *sql;
	struct cache_value values[10]; /* ?1, ?2, … */
	size_t count;
	int (*row)(void *arg, sqlite3_stmt *stmt); /* or NULL */
	void *arg;
};

/*
 * Run one statement.  What row() returned when that was not 0; ERR_FORMAT: the
 * database is another one now (see cache_mend()), to be asked again.
 */
int cache_call(struct cache *c, const struct cache_call *call, struct err *e);

struct buf;
struct wire;

bool cache_is_ascii(const uint8_t *text, size_t len);

/* Bind the next string, which must stay. */
int cache_bind(sqlite3_stmt *stmt, int n, struct wire *w);

/* Tags as they were packed, with Hangul composed; false without memory. */
bool cache_tags_fold(struct wire *w, struct buf *tags);

/*
 * Step 'stmt' for each of the tags as they lie in a row: ?1 key, ?2 value, ?3 the
 * row.  SQLite's code; SQLITE_CORRUPT when they are damaged.
 */
int cache_tags_write(
    sqlite3_stmt *stmt, int64_t n, const void *tags, size_t len);
#define CACHE_DROP_TAG \
	"DELETE FROM tag WHERE key=?1 AND value=?2 AND instance=?3"

/*
 * Seconds by which another process may have asked later than we; what was
 * written still later, was written while the clock was wrong.
 */
#define CACHE_AHEAD 600

/*
 * Remove the instances of a place but for those with the numbers of 'seen', which
 * it sorts, and those that came after 'now'.  As cache_call().
 */
int cache_sweep(struct cache *c, int64_t place, int64_t now, int64_t *seen,
    size_t count, struct err *e);

/* Never NULL. */
const char *cache_column(sqlite3_stmt *stmt, int i);

/*
 * SQLite has failed with 'rc': a damaged file is made anew; else what is in it is
 * copied into memory.  All statements must be finalized.  0: the content is
 * still there; ERR_FORMAT: it is gone; ERR_NOMEM.
 */
int cache_mend(struct cache *c, int rc, struct err *e);

#endif
