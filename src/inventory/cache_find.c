/* SPDX-License-Identifier: ISC */
/*
 * Finding instances.  Every question has an index to answer it, places come
 * first in most of them: whatever else is in the cache is not looked at.
 */

#include <inttypes.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/glob.h"
#include "pemkeep/base/utf8.h"

#include "src/inventory/cache_internal.h"

#define X(member) "i." #member ","
static const char columns[] = "SELECT " CACHE_TEXTS(
    X) "i.n, i.place, i.launched, i.owned_ip, i.folded,"
       "coalesce((SELECT a.ip FROM address a WHERE a.place=i.place"
       " AND a.ip=i.public_ip AND a.instance=i.id),"
       "(SELECT min(a.ip) FROM address a WHERE a.place=i.place"
       " AND a.instance=i.id)),"
       "m.name, m.owner, m.details, p.name, p.owner, k.public, k.fingerprint"
       " FROM instance i LEFT JOIN image m ON m.id=i.image"
       " LEFT JOIN image p ON p.id=m.parent"
       " LEFT JOIN pair k ON k.place=i.place AND k.name=i.key_pair ";
#undef X

struct finder {
	int (*fn)(void *arg, const struct cache_instance *instance);
	void *arg;
};

static int
hand_over(void *arg, sqlite3_stmt *stmt)
{
	const struct finder *f = arg;
	struct cache_instance i;
	int at = 0;

	memset(&i, 0, sizeof(i));
	for (; at < CACHE_TEXT_COUNT; at++)
		*cache_text(&i, (size_t)at) = cache_column(stmt, at);
	i.number = sqlite3_column_int64(stmt, at++);
	i.place = sqlite3_column_int64(stmt, at++);
	i.launched = sqlite3_column_int64(stmt, at++);
	i.owned_ip = sqlite3_column_int64(stmt, at++) != 0;
	i.folded = cache_column(stmt, at++);
	i.elastic = cache_column(stmt, at++);
	i.image_name = cache_column(stmt, at++);
	i.image_owner = cache_column(stmt, at++);
	i.image_details = cache_column(stmt, at++);
	i.parent_name = cache_column(stmt, at++);
	i.parent_owner = cache_column(stmt, at++);
	i.pair_public = cache_column(stmt, at++);
	i.pair_fingerprint = cache_column(stmt, at++);
	return f->fn(f->arg, &i);
}

static void
put_places(struct buf *sql, const int64_t *places, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(sql, "%s%" PRId64, i > 0 ? "," : "", places[i]);
}

/* What comes before the first wildcard, and the text behind all of those. */
static void
put_range(const char *glob, struct buf *low, struct buf *high)
{
	size_t n = strcspn(glob, "*?");

	buf_put(low, glob, n);
	buf_put(high, glob, n);
	if (n > 0 && buf_ok(high))
		high->data[n - 1]++; /* never 0xff in UTF-8 */
	else
		buf_put_text(high, "\xff");
}

static bool
has_wildcard(const char *text)
{
	return strpbrk(text, "*?") != NULL;
}

/*
 * What is behind WHERE, with values ?1 to ?4, and PLACES for those.  A '+'
 * keeps SQLite from the index that begins with the place, where another is
 * better.
 */
static const char *
condition(const struct cache_query *q)
{
	switch (q->by) {
	case CACHE_ALL:
		return "i.place IN (PLACES)";
	case CACHE_NAME:
		return "i.place IN (PLACES) AND i.folded=?1";
	case CACHE_ID:
		return "i.place IN (PLACES) AND i.id=?1";
	case CACHE_ADDRESS:
		return "+i.place IN (PLACES) AND i.n IN ("
		       "SELECT n FROM instance WHERE public_ip=?1"
		       " AND public_ip<>'' UNION ALL"
		       " SELECT n FROM instance WHERE private_ip=?1"
		       " AND private_ip<>'' UNION ALL"
		       " SELECT n FROM instance WHERE ipv6=?1 AND ipv6<>''"
		       " UNION ALL"
		       " SELECT o.n FROM address a JOIN instance o"
		       " ON o.place=a.place AND o.id=a.instance"
		       " WHERE a.ip=?1)";
	case CACHE_DNS:
		return "+i.place IN (PLACES) AND i.n IN ("
		       "SELECT n FROM instance WHERE public_dns=?1"
		       " AND public_dns<>'' UNION ALL"
		       " SELECT n FROM instance WHERE private_dns=?1"
		       " AND private_dns<>'')";
	case CACHE_GLOB:
		return "i.n IN (SELECT n FROM instance"
		       " WHERE place IN (PLACES) AND folded>=?1 AND folded<?2"
		       " AND like_glob(?3, folded))";
	case CACHE_TAG:
		break;
	}
	if (q->value == NULL)
		return "+i.place IN (PLACES) AND"
		       " i.n IN (SELECT instance FROM tag WHERE key=?1)";
	if (has_wildcard(q->value))
		return "+i.place IN (PLACES) AND i.n IN (SELECT instance"
		       " FROM tag WHERE key=?1 AND value>=?2 AND value<?3"
		       " AND like_glob(?4, value))";
	return "+i.place IN (PLACES) AND"
	       " i.n IN (SELECT instance FROM tag WHERE key=?1 AND value=?2)";
}

static void
put_statement(struct buf *sql, const struct cache_query *q)
{
	const char *where = condition(q), *at = strstr(where, "PLACES");

	buf_put_text(sql, columns);
	buf_put_text(sql, "WHERE ");
	buf_put(sql, where, (size_t)(at - where));
	put_places(sql, q->places, q->place_count);
	buf_put_text(sql, at + strlen("PLACES"));
	buf_put_text(sql, " ORDER BY i.place, i.folded");
}

static void
like_glob(sqlite3_context *context, int count, sqlite3_value **values)
{
	const char *glob = (const char *)sqlite3_value_text(values[0]);
	const char *text = (const char *)sqlite3_value_text(values[1]);

	(void)count;
	sqlite3_result_int(
	    context, glob != NULL && text != NULL && glob_match(glob, text));
}

/* The values of a query, and what they point to. */
struct values {
	struct buf text, value, low, high;
};

static void
put_values(
    struct values *v, const struct cache_query *q, struct cache_call *call)
{
	const char *glob = NULL;

	utf8_compose_hangul(&v->text, q->text != NULL ? q->text : "");
	utf8_compose_hangul(&v->value, q->value != NULL ? q->value : "");
	if (q->by == CACHE_GLOB)
		glob = buf_text(&v->text);
	else if (q->by == CACHE_TAG && has_wildcard(buf_text(&v->value)))
		glob = buf_text(&v->value);
	if (q->by != CACHE_ALL && q->by != CACHE_GLOB)
		call->values[call->count++].text = buf_text(&v->text);
	if (glob != NULL) {
		put_range(glob, &v->low, &v->high);
		call->values[call->count++].text = buf_text(&v->low);
		call->values[call->count++].text = buf_text(&v->high);
		call->values[call->count++].text = glob;
	} else if (q->by == CACHE_TAG && q->value != NULL) {
		call->values[call->count++].text = buf_text(&v->value);
	}
}

int
cache_find(struct cache *c, const struct cache_query *query,
    int (*fn)(void *arg, const struct cache_instance *instance), void *arg,
    struct err *e)
{
	struct values v = { BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT };
	struct finder f = { fn, arg };
	struct cache_call call = { .row = hand_over, .arg = &f };
	struct buf sql = BUF_INIT;
	int r;

	if (query->place_count == 0)
		return 0;
	put_values(&v, query, &call);
	put_statement(&sql, query);
	call.sql = buf_text(&sql);
	if (buf_ok(&sql) && buf_ok(&v.text) && buf_ok(&v.value) &&
	    buf_ok(&v.low) && buf_ok(&v.high) &&
	    sqlite3_create_function(c->db, "like_glob", 2,
		SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, like_glob, NULL,
		NULL) == SQLITE_OK)
		r = cache_call(c, &call, e);
	else
		r = err_set(e, ERR_NOMEM, "out of memory");
	buf_free(&sql);
	buf_free(&v.text);
	buf_free(&v.value);
	buf_free(&v.low);
	buf_free(&v.high);
	return r;
}

struct listener {
	int (*name)(void *arg, const char *folded);
	void *arg;
};

static int
tell_name(void *arg, sqlite3_stmt *stmt)
{
	const struct listener *l = arg;

	return l->name(l->arg, cache_column(stmt, 0));
}

int
cache_names(struct cache *c, const int64_t *places, size_t count,
    int (*fn)(void *arg, const char *folded), void *arg, struct err *e)
{
	struct listener l = { fn, arg };
	struct buf sql = BUF_INIT;
	int r;

	if (count == 0)
		return 0;
	buf_put_text(&sql,
	    "SELECT folded FROM instance WHERE folded<>'' AND place IN (");
	put_places(&sql, places, count);
	buf_put_text(&sql, ") ORDER BY place, folded");
	if (buf_ok(&sql))
		r = cache_call(c,
		    &(const struct cache_call){
			.sql = buf_text(&sql), .row = tell_name, .arg = &l },
		    e);
	else
		r = err_set(e, ERR_NOMEM, "out of memory");
	buf_free(&sql);
	return r;
}
