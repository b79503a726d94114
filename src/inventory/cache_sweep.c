/* SPDX-License-Identifier: ISC */
/* Instances that are no more: AWS has told about all, and they were not there. */

#include <stdlib.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/inventory/cache_internal.h"

struct sweep {
	const int64_t *seen;
	size_t seen_count;
	int64_t *gone;
	size_t count, room;
};

static int
by_number(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int
consider(void *arg, sqlite3_stmt *stmt)
{
	int64_t n = sqlite3_column_int64(stmt, 0), *gone;
	struct sweep *w = arg;
	size_t room = w->room > 0 ? w->room * 2 : 64;

	if (w->seen_count > 0 &&
	    bsearch(&n, w->seen, w->seen_count, sizeof(n), by_number) != NULL)
		return 0;
	if (w->count == w->room) {
		gone = reallocarray(w->gone, room, sizeof(*gone));
		if (gone == NULL)
			return ERR_NOMEM;
		w->gone = gone;
		w->room = room;
	}
	w->gone[w->count++] = n;
	return 0;
}

enum statement { FIND, DROP_TAG, DROP, STATEMENTS };

static int
drop(sqlite3_stmt *const stmt[STATEMENTS], int64_t n)
{
	int rc;

	if ((rc = sqlite3_bind_int64(stmt[FIND], 1, n)) == SQLITE_OK &&
	    (rc = sqlite3_step(stmt[FIND])) == SQLITE_ROW)
		rc = cache_tags_write(stmt[DROP_TAG], n,
		    sqlite3_column_blob(stmt[FIND], 0),
		    (size_t)sqlite3_column_bytes(stmt[FIND], 0));
	else if (rc == SQLITE_DONE)
		rc = SQLITE_OK;
	sqlite3_reset(stmt[FIND]);
	if (rc == SQLITE_OK &&
	    (rc = sqlite3_bind_int64(stmt[DROP], 1, n)) == SQLITE_OK &&
	    (rc = sqlite3_step(stmt[DROP])) == SQLITE_DONE)
		rc = SQLITE_OK;
	sqlite3_reset(stmt[DROP]);
	return rc;
}

static int
drop_all(sqlite3 *db, const struct sweep *w)
{
	static const char *const sql[STATEMENTS] = {
		[FIND] = "SELECT tags FROM instance WHERE n=?1",
		[DROP_TAG] = CACHE_DROP_TAG,
		[DROP] = "DELETE FROM instance WHERE n=?1",
	};
	sqlite3_stmt *stmt[STATEMENTS] = { NULL };
	int rc;

	rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	for (size_t i = 0; i < STATEMENTS && rc == SQLITE_OK; i++)
		rc = sqlite3_prepare_v2(db, sql[i], -1, &stmt[i], NULL);
	for (size_t i = 0; i < w->count && rc == SQLITE_OK; i++)
		rc = drop(stmt, w->gone[i]);
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(stmt[i]);
	return rc == SQLITE_OK ? sqlite3_exec(db, "COMMIT", NULL, NULL, NULL)
			       : rc;
}

int
cache_sweep(struct cache *c, int64_t place, int64_t now, int64_t *seen,
    size_t count, struct err *e)
{
	struct sweep w = { seen, count, NULL, 0, 0 };
	int r, rc = SQLITE_OK;

	if (count > 0)
		qsort(seen, count, sizeof(*seen), by_number);
	r = cache_call(c,
	    &(const struct cache_call){
		.sql = "SELECT n FROM instance WHERE place=?1"
		       " AND (written<=?2 OR written>?3)",
		.values = { { .number = place }, { .number = now },
		    { .number = now + CACHE_AHEAD } },
		.count = 3,
		.row = consider,
		.arg = &w },
	    e);
	if (r == ERR_NOMEM)
		err_set(e, ERR_NOMEM, "out of memory");
	if (r == 0 && w.count > 0 && (rc = drop_all(c->db, &w)) != SQLITE_OK) {
		r = cache_mend(c, rc, e);
		if (r == 0) /* it is in memory now, with those that are gone */
			r = err_set(e, ERR_FORMAT, "%s", c->trouble);
	}
	free(w.gone);
	return r;
}
