/* SPDX-License-Identifier: ISC */
/* Asking the database, and what is small: places, accounts, regions, images. */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/inventory/cache_internal.h"

#define ASK_IMAGE_AGAIN (24 * 60 * 60) /* seconds */
#define TRIES 3

const char **
cache_text(struct cache_instance *instance, size_t i)
{
	static const size_t offsets[CACHE_TEXT_COUNT] = {
#define X(member) \
	[CACHE_TEXT_##member] = offsetof(struct cache_instance, member),
		CACHE_TEXTS(X)
#undef X
	};

	return (const char **)((char *)instance + offsets[i]);
}

/* All that are read. */
static const char **
text_of(struct cache_instance *i, size_t n)
{
	const char **const others[] = { &i->folded, &i->elastic, &i->image_name,
		&i->image_owner, &i->image_details, &i->parent_name,
		&i->parent_owner, &i->pair_public, &i->pair_fingerprint };

	if (n < CACHE_TEXT_COUNT)
		return cache_text(i, n);
	n -= CACHE_TEXT_COUNT;
	return n < sizeof(others) / sizeof(others[0]) ? others[n] : NULL;
}

struct cache_instance *
cache_copy(const struct cache_instance *instance)
{
	struct cache_instance from = *instance, *to;
	size_t size = sizeof(from);
	const char **text;
	char *at;

	for (size_t n = 0; (text = text_of(&from, n)) != NULL; n++)
		size += strlen(*text) + 1;
	if ((to = malloc(size)) == NULL)
		return NULL;
	*to = from;
	to->tags = NULL;
	to->tag_count = 0;
	at = (char *)(to + 1);
	for (size_t n = 0; (text = text_of(to, n)) != NULL; n++) {
		size_t len = strlen(*text) + 1;

		memcpy(at, *text, len);
		*text = at;
		at += len;
	}
	return to;
}

const char *
cache_column(sqlite3_stmt *stmt, int i)
{
	const char *text = (const char *)sqlite3_column_text(stmt, i);

	return text != NULL ? text : "";
}

static int
bind_values(sqlite3_stmt *stmt, const struct cache_value *values, size_t count)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < count && rc == SQLITE_OK; i++) {
		int n = (int)i + 1;

		if (values[i].text != NULL)
			rc = sqlite3_bind_text(
			    stmt, n, values[i].text, -1, SQLITE_STATIC);
		else
			rc = sqlite3_bind_int64(stmt, n, values[i].number);
	}
	return rc;
}

int
cache_call(struct cache *c, const struct cache_call *call, struct err *e)
{
	sqlite3_stmt *stmt = NULL;
	int r = 0, rc;

	rc = sqlite3_prepare_v2(c->db, call->sql, -1, &stmt, NULL);
	if (rc == SQLITE_OK)
		rc = bind_values(stmt, call->values, call->count);
	while (rc == SQLITE_OK && r == 0) {
		if ((rc = sqlite3_step(stmt)) != SQLITE_ROW)
			break;
		rc = SQLITE_OK;
		if (call->row != NULL)
			r = call->row(call->arg, stmt);
	}
	sqlite3_finalize(stmt);
	if (rc == SQLITE_OK || rc == SQLITE_DONE)
		return r;
	if ((r = cache_mend(c, rc, e)) == 0)
		r = err_set(e, ERR_FORMAT, "%s", c->trouble);
	return r;
}

/* The same, and asks again by itself: for what may be done twice. */
static int
call_again(struct cache *c, const struct cache_call *call, struct err *e)
{
	int r = ERR_FORMAT;

	for (int i = 0; i < TRIES && r == ERR_FORMAT; i++)
		r = cache_call(c, call, e);
	return r;
}

static int
get_place(void *arg, sqlite3_stmt *stmt)
{
	*(struct cache_place *)arg = (struct cache_place){ sqlite3_column_int64(
							       stmt, 0),
		sqlite3_column_int64(stmt, 1), sqlite3_column_int64(stmt, 2) };
	return 0;
}

int
cache_place(struct cache *c, const char *account, const char *region,
    struct cache_place *place, struct err *e)
{
	*place = (struct cache_place){ 0, 0, 0 };
	return call_again(c,
	    &(const struct cache_call){
		.sql = "SELECT id, fetched, tried FROM place"
		       " WHERE account=?1 AND region=?2",
		.values = { { .text = account }, { .text = region } },
		.count = 2,
		.row = get_place,
		.arg = place },
	    e);
}

int
cache_tried(struct cache *c, const char *account, const char *region,
    int64_t now, struct cache_place *place, struct err *e)
{
	int r;

	r = call_again(c,
	    &(const struct cache_call){
		.sql = "INSERT INTO place(account, region, tried)"
		       " VALUES(?1, ?2, ?3) ON CONFLICT(account, region)"
		       " DO UPDATE SET tried=?3",
		.values = { { .text = account }, { .text = region },
		    { .number = now } },
		.count = 3 },
	    e);
	return r == 0 ? cache_place(c, account, region, place, e) : r;
}

struct login {
	char *account;
	int64_t since, failed;
};

static int
get_login(void *arg, sqlite3_stmt *stmt)
{
	struct login *l = arg;
	const char *account = cache_column(stmt, 0);

	if (strlen(account) == 12)
		memcpy(l->account, account, 13);
	l->since = sqlite3_column_int64(stmt, 1);
	l->failed = sqlite3_column_int64(stmt, 2);
	return 0;
}

static int
find_login(
    struct cache *c, const char *identity, struct login *l, struct err *e)
{
	return call_again(c,
	    &(const struct cache_call){
		.sql = "SELECT account, since, failed FROM login"
		       " WHERE identity=?1",
		.values = { { .text = identity } },
		.count = 1,
		.row = get_login,
		.arg = l },
	    e);
}

int
cache_account(struct cache *c, const char *identity, char account[static 13],
    int64_t *since, struct err *e)
{
	struct login l = { account, 0, 0 };
	int r;

	account[0] = '\0';
	r = find_login(c, identity, &l, e);
	*since = l.since;
	return r;
}

int
cache_failed(
    struct cache *c, const char *identity, int64_t *when, struct err *e)
{
	char account[13] = "";
	struct login l = { account, 0, 0 };
	int r = find_login(c, identity, &l, e);

	*when = l.failed;
	return r;
}

int
cache_set_account(struct cache *c, const char *identity, const char *account,
    int64_t now, struct err *e)
{
	return call_again(c,
	    &(const struct cache_call){
		.sql = "INSERT OR REPLACE INTO login(identity, account, since)"
		       " VALUES(?1, ?2, ?3)",
		.values = { { .text = identity }, { .text = account },
		    { .number = now } },
		.count = 3 },
	    e);
}

int
cache_set_failed(
    struct cache *c, const char *identity, int64_t when, struct err *e)
{
	return call_again(c,
	    &(const struct cache_call){
		.sql = "INSERT INTO login(identity, failed) VALUES(?1, ?2)"
		       " ON CONFLICT(identity) DO UPDATE SET failed=?2",
		.values = { { .text = identity }, { .number = when } },
		.count = 2 },
	    e);
}

struct listener {
	int (*fn)(void *arg, const char *text);
	void *arg;
	int64_t *number;
};

static int
tell(void *arg, sqlite3_stmt *stmt)
{
	const struct listener *l = arg;

	if (l->number != NULL)
		*l->number = sqlite3_column_int64(stmt, 1);
	return l->fn(l->arg, cache_column(stmt, 0));
}

int
cache_regions(struct cache *c, const char *account, int64_t *since,
    int (*fn)(void *arg, const char *region), void *arg, struct err *e)
{
	struct listener l = { fn, arg, since };

	*since = 0;
	return cache_call(c,
	    &(const struct cache_call){
		.sql = "SELECT name, since FROM region WHERE account=?1",
		.values = { { .text = account } },
		.count = 1,
		.row = tell,
		.arg = &l },
	    e);
}

int
cache_set_regions(struct cache *c, const char *account, int64_t now,
    const char *const *regions, size_t count, struct err *e)
{
	int r;

	r = call_again(c,
	    &(const struct cache_call){
		.sql = "DELETE FROM region WHERE account=?1",
		.values = { { .text = account } },
		.count = 1 },
	    e);
	for (size_t i = 0; i < count && r == 0; i++)
		r = call_again(c,
		    &(const struct cache_call){
			.sql = "INSERT OR REPLACE INTO region VALUES(?1,?2,?3)",
			.values = { { .text = account }, { .text = regions[i] },
			    { .number = now } },
			.count = 3 },
		    e);
	return r;
}

int
cache_images_missing(struct cache *c, int64_t place, int64_t now,
    int (*fn)(void *arg, const char *id), void *arg, struct err *e)
{
	struct listener l = { fn, arg, NULL };

	return cache_call(c,
	    &(const struct cache_call){
		.sql = "WITH used(id) AS (SELECT DISTINCT image FROM instance"
		       " WHERE place=?1 AND image <> ''),"
		       " wanted(id) AS (SELECT id FROM used UNION"
		       " SELECT image.parent FROM used JOIN image USING(id)"
		       " WHERE image.parent <> '')"
		       " SELECT wanted.id FROM wanted LEFT JOIN image USING(id)"
		       " WHERE image.id IS NULL OR (image.name = ''"
		       " AND image.since NOT BETWEEN ?2 AND ?3)",
		.values = { { .number = place },
		    { .number = now - ASK_IMAGE_AGAIN }, { .number = now } },
		.count = 3,
		.row = tell,
		.arg = &l },
	    e);
}

static const char *
known(const char *text)
{
	return text != NULL ? text : "";
}

int
cache_set_images(struct cache *c, const struct cache_image *images,
    size_t count, int64_t now, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		const struct cache_image *m = &images[i];

		r = call_again(c,
		    &(const struct cache_call){
			.sql = "INSERT OR REPLACE INTO"
			       " image(id, name, owner, details, parent, since)"
			       " VALUES(?1,?2,?3,?4,?5,?6)",
			.values = { { .text = known(m->id) },
			    { .text = known(m->name) },
			    { .text = known(m->owner) },
			    { .text = known(m->details) },
			    { .text = known(m->parent) }, { .number = now } },
			.count = 6 },
		    e);
	}
	return r;
}
