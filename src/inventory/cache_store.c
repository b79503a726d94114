/* SPDX-License-Identifier: ISC */
/*
 * Storing what AWS has answered.  Rows are packed into a buffer first, and
 * written when that is full: a page may be long in coming, and nobody should
 * wait for a lock meanwhile.  The digest of the packed row says whether it is
 * another one than before; in most rows nothing is.
 */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/digest.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/utf8.h"

#include "src/inventory/cache_internal.h"

#define FULL 0x100000u   /* bytes packed before they are written: 1 MiB */
#define TAGS_MAX 100     /* EC2 allows 50 */
#define VALUE_MAX 0x4000 /* bytes of a text; the longest of EC2's is 1 KiB */
/*
 * Seconds by which another process may have asked later than we; what was
 * written still later, was written while the clock was wrong.
 */
#define AHEAD 600

enum statement {
	FIND,
	PUT,
	DROP_TAGS,
	PUT_TAG,
	PUT_ADDRESS,
	PUT_PAIR,
	STATEMENTS
};

#define X(member) "," #member
#define Y(member) ",?"
static const char *const statements[STATEMENTS] = {
	[FIND] = "SELECT n, digest, written FROM instance"
		 " WHERE place=?1 AND id=?2",
	[PUT] = "INSERT OR REPLACE INTO instance(n, place, written, digest,"
		" launched, owned_ip, folded" CACHE_TEXTS(
		    X) ")"
		       " VALUES(?,?,?,?,?,?,?" CACHE_TEXTS(Y) ")",
	[DROP_TAGS] = "DELETE FROM tag WHERE instance=?1",
	[PUT_TAG] = "INSERT OR REPLACE INTO tag VALUES(?1,?2,?3)",
	[PUT_ADDRESS] = "INSERT OR REPLACE INTO"
			" address(place, written, ip, instance)"
			" VALUES(?1,?2,?3,?4)",
	[PUT_PAIR] = "INSERT OR REPLACE INTO"
		     " pair(place, written, name, public, fingerprint)"
		     " VALUES(?1,?2,?3,?4,?5)",
};
#undef X
#undef Y

struct cache_store {
	struct cache *cache;
	int64_t place, now;
	struct buf packed;
	size_t rows; /* packed */
	int64_t *seen;
	size_t seen_count, seen_room;
	unsigned losses; /* of the cache, at the begin */
	bool lost;       /* the file was damaged: what was written is gone */
	sqlite3_stmt *stmt[STATEMENTS];
};

int
cache_store_begin(struct cache *c, const char *account, const char *region,
    int64_t now, struct cache_store **sp, struct err *e)
{
	struct cache_store *s = calloc(1, sizeof(*s));
	struct cache_place place;
	int r;

	*sp = NULL;
	if (s == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	if ((r = cache_tried(c, account, region, now, &place, e)) != 0) {
		free(s);
		return r;
	}
	/*
	 * Of 10,000 instances that are new nearly every page changes with each
	 * transaction: they stay in memory (KiB), and go to the file once.
	 */
	(void)sqlite3_exec(c->db,
	    "PRAGMA cache_size=-8000; PRAGMA wal_autocheckpoint=4000", NULL,
	    NULL, NULL);
	s->cache = c;
	s->now = now;
	s->place = place.id;
	s->losses = c->losses;
	*sp = s;
	return 0;
}

void
cache_store_free(struct cache_store *s)
{
	if (s == NULL)
		return;
	buf_free(&s->packed);
	free(s->seen);
	free(s);
}

static void
pack(struct buf *b, const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;

	buf_put_string(b, text, len < VALUE_MAX ? len : VALUE_MAX);
}

static int write_packed(struct cache_store *s, struct err *e);

static int
packed(struct cache_store *s, struct err *e)
{
	if (!buf_ok(&s->packed))
		return err_set(e, ERR_NOMEM, "out of memory");
	s->rows++;
	return s->packed.len < FULL ? 0 : write_packed(s, e);
}

/* Kind, length of what is digested, then that. */
int
cache_store_instance(
    struct cache_store *s, const struct cache_instance *instance, struct err *e)
{
	struct cache_instance i = *instance;
	struct buf row = BUF_INIT;
	size_t tags = i.tag_count < TAGS_MAX ? i.tag_count : TAGS_MAX;
	int r;

	buf_put_u64(&row, (uint64_t)i.launched);
	buf_put_u8(&row, i.owned_ip);
	for (size_t t = 0; t < CACHE_TEXT_COUNT; t++)
		pack(&row, *cache_text(&i, t));
	buf_put_u32(&row, (uint32_t)tags);
	for (size_t t = 0; t < tags; t++) {
		pack(&row, i.tags[t].key);
		pack(&row, i.tags[t].value);
	}
	buf_put_u8(&s->packed, PUT);
	if (buf_ok(&row))
		buf_put_string(&s->packed, row.data, row.len);
	else
		s->packed.failed = true;
	r = packed(s, e);
	buf_free(&row);
	return r;
}

int
cache_store_address(
    struct cache_store *s, const char *ip, const char *instance, struct err *e)
{
	buf_put_u8(&s->packed, PUT_ADDRESS);
	pack(&s->packed, ip);
	pack(&s->packed, instance);
	return packed(s, e);
}

int
cache_store_pair(struct cache_store *s, const char *name,
    const char *public_key, const char *fingerprint, struct err *e)
{
	buf_put_u8(&s->packed, PUT_PAIR);
	pack(&s->packed, name);
	pack(&s->packed, public_key);
	pack(&s->packed, fingerprint);
	return packed(s, e);
}

/* One step of a statement that may be used again. */
static int
step(sqlite3_stmt *stmt, int rc)
{
	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(stmt);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int
bind_text(sqlite3_stmt *stmt, int n, const uint8_t *text, size_t len)
{
	return sqlite3_bind_text(stmt, n, len > 0 ? (const char *)text : "",
	    (int)len, SQLITE_STATIC);
}

static int
bind_string(sqlite3_stmt *stmt, int n, struct wire *w)
{
	size_t len;
	const uint8_t *text = wire_string(w, &len);

	return bind_text(stmt, n, text, len);
}

static int64_t
digest_of(const uint8_t *row, size_t len)
{
	uint8_t d[DIGEST_MAX] = { 0 };
	int64_t n;

	(void)digest(DIGEST_SHA256, row, len, d);
	memcpy(&n, d, sizeof(n));
	return n;
}

static bool
saw(struct cache_store *s, int64_t n)
{
	size_t room = s->seen_room > 0 ? s->seen_room * 2 : 1024;
	int64_t *seen = s->seen;

	if (s->seen_count == s->seen_room) {
		seen = reallocarray(seen, room, sizeof(*seen));
		if (seen == NULL)
			return false;
		s->seen = seen;
		s->seen_room = room;
	}
	s->seen[s->seen_count++] = n;
	return true;
}

static bool
is_ascii(const uint8_t *text, size_t len)
{
	uint8_t all = 0;

	for (size_t i = 0; i < len; i++)
		all |= text[i];
	return all < 0x80;
}

/* Hangul composed: what tags are compared with. */
static int
bind_folded(sqlite3_stmt *stmt, int n, const uint8_t *text, size_t len)
{
	struct buf given = BUF_INIT, folded = BUF_INIT;
	int rc = SQLITE_NOMEM;

	if (is_ascii(text, len))
		return bind_text(stmt, n, text, len);
	buf_put(&given, text, len);
	utf8_compose_hangul(&folded, buf_text(&given));
	if (buf_ok(&given) && buf_ok(&folded))
		rc = sqlite3_bind_text(
		    stmt, n, buf_text(&folded), -1, SQLITE_TRANSIENT);
	buf_free(&given);
	buf_free(&folded);
	return rc;
}

static int
write_tags(struct cache_store *s, int64_t n, bool new, struct wire *w)
{
	sqlite3_stmt *drop = s->stmt[DROP_TAGS], *put = s->stmt[PUT_TAG];
	uint32_t count = wire_u32(w);
	const uint8_t *text;
	size_t len;
	int rc = SQLITE_OK;

	if (!new) {
		rc = step(drop, sqlite3_bind_int64(drop, 1, n));
		sqlite3_reset(drop);
	}
	for (; count > 0 && rc == SQLITE_OK && wire_ok(w); count--) {
		rc = sqlite3_bind_int64(put, 1, n);
		for (int at = 2; at <= 3 && rc == SQLITE_OK; at++) {
			text = wire_string(w, &len);
			rc = bind_folded(put, at, text, len);
		}
		rc = step(put, rc);
		sqlite3_reset(put);
	}
	return rc;
}

/* The columns before the texts, and those. */
static int
write_row(struct cache_store *s, int64_t n, int64_t sum, struct wire *w)
{
	sqlite3_stmt *put = s->stmt[PUT];
	int64_t launched = (int64_t)wire_u64(w);
	const int64_t numbers[] = { n, s->place, s->now, sum, launched,
		wire_u8(w) };
	int at = 1, rc = SQLITE_OK;

	if (n == 0)
		rc = sqlite3_bind_null(put, at++);
	for (; at <= 6 && rc == SQLITE_OK; at++)
		rc = sqlite3_bind_int64(put, at, numbers[at - 1]);
	for (int t = 0; t < CACHE_TEXT_COUNT && rc == SQLITE_OK; t++) {
		size_t len;
		const uint8_t *text = wire_string(w, &len);

		rc = bind_text(put, at + 1 + t, text, len);
		if (t == CACHE_TEXT_name && rc == SQLITE_OK)
			rc = bind_folded(put, at, text, len);
	}
	rc = step(put, rc);
	sqlite3_reset(put);
	return rc;
}

static int
write_instance(struct cache_store *s, const uint8_t *row, size_t len)
{
	sqlite3_stmt *find = s->stmt[FIND];
	int64_t sum = digest_of(row, len), n = 0, old = 0, written = 0;
	bool new;
	struct wire w;
	size_t id_len;
	const uint8_t *id;
	int rc;

	wire_init(&w, row, len);
	(void)wire_bytes(&w, 9);
	id = wire_string(&w, &id_len);
	if ((rc = sqlite3_bind_int64(find, 1, s->place)) == SQLITE_OK &&
	    (rc = bind_text(find, 2, id, id_len)) == SQLITE_OK &&
	    (rc = sqlite3_step(find)) == SQLITE_ROW) {
		n = sqlite3_column_int64(find, 0);
		old = sqlite3_column_int64(find, 1);
		written = sqlite3_column_int64(find, 2);
	}
	sqlite3_reset(find);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return rc;
	rc = SQLITE_OK;
	new = n == 0;
	if (new ||
	    (old != sum && (written <= s->now || written > s->now + AHEAD))) {
		wire_init(&w, row, len);
		if ((rc = write_row(s, n, sum, &w)) == SQLITE_OK) {
			if (new)
				n = sqlite3_last_insert_rowid(s->cache->db);
			rc = write_tags(s, n, new, &w);
		}
	}
	return rc == SQLITE_OK && !saw(s, n) ? SQLITE_NOMEM : rc;
}

/* Place, time, and 'count' texts. */
static int
write_small(
    struct cache_store *s, enum statement which, int count, struct wire *w)
{
	sqlite3_stmt *put = s->stmt[which];
	int rc;

	if ((rc = sqlite3_bind_int64(put, 1, s->place)) == SQLITE_OK)
		rc = sqlite3_bind_int64(put, 2, s->now);
	for (int i = 0; i < count && rc == SQLITE_OK; i++)
		rc = bind_string(put, 3 + i, w);
	rc = step(put, rc);
	sqlite3_reset(put);
	return rc;
}

static int
write_rows(struct cache_store *s)
{
	int rc = SQLITE_OK;
	struct wire w;

	wire_init(&w, s->packed.data, s->packed.len);
	while (rc == SQLITE_OK && w.left > 0) {
		uint8_t kind = wire_u8(&w);
		size_t len;

		if (kind == PUT) {
			const uint8_t *row = wire_string(&w, &len);

			rc = write_instance(s, row, len);
		} else if (kind == PUT_ADDRESS) {
			rc = write_small(s, PUT_ADDRESS, 2, &w);
		} else {
			rc = write_small(s, PUT_PAIR, 3, &w);
		}
	}
	return rc;
}

static int
transact(struct cache_store *s)
{
	sqlite3 *db = s->cache->db;
	int rc;

	rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	for (size_t i = 0; i < STATEMENTS && rc == SQLITE_OK; i++)
		rc = sqlite3_prepare_v2(
		    db, statements[i], -1, &s->stmt[i], NULL);
	if (rc == SQLITE_OK)
		rc = write_rows(s);
	for (size_t i = 0; i < STATEMENTS; i++) {
		sqlite3_finalize(s->stmt[i]);
		s->stmt[i] = NULL;
	}
	return rc == SQLITE_OK ? sqlite3_exec(db, "COMMIT", NULL, NULL, NULL)
			       : rc;
}

/* All that is packed, once more when it goes to memory now. */
static int
write_packed(struct cache_store *s, struct err *e)
{
	size_t seen = s->seen_count;
	int r = 0, rc;

	/* The place may be another one's number now. */
	s->lost = s->lost || s->losses != s->cache->losses;
	for (int tries = 0; tries < 2 && s->rows > 0 && !s->lost; tries++) {
		if ((rc = transact(s)) == SQLITE_OK)
			break;
		s->seen_count = seen;
		if ((r = cache_mend(s->cache, rc, e)) != 0)
			s->lost = true;
	}
	buf_clear(&s->packed);
	s->rows = 0;
	return r == ERR_FORMAT ? 0 : r;
}

static int
by_number(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

struct sweep {
	const struct cache_store *store;
	int64_t *gone;
	size_t count, room;
};

static int
consider(void *arg, sqlite3_stmt *stmt)
{
	int64_t n = sqlite3_column_int64(stmt, 0), *gone;
	struct sweep *w = arg;
	size_t room = w->room > 0 ? w->room * 2 : 64;

	if (w->store->seen_count > 0 &&
	    bsearch(&n, w->store->seen, w->store->seen_count, sizeof(n),
		by_number) != NULL)
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

/* With the first 'count' of three numbers, the last AHEAD of 'b'. */
static int
change(struct cache_store *s, const char *sql, size_t count, int64_t a,
    int64_t b, struct err *e)
{
	return cache_call(s->cache,
	    &(const struct cache_call){ .sql = sql,
		.values = { { .number = a }, { .number = b },
		    { .number = b + AHEAD } },
		.count = count },
	    e);
}

/* Instances that are no more, but for those that came since. */
static int
sweep(struct cache_store *s, struct err *e)
{
	struct sweep w = { s, NULL, 0, 0 };
	int r;

	if (s->seen_count > 0)
		qsort(s->seen, s->seen_count, sizeof(*s->seen), by_number);
	r = cache_call(s->cache,
	    &(const struct cache_call){
		.sql = "SELECT n FROM instance WHERE place=?1"
		       " AND (written<=?2 OR written>?3)",
		.values = { { .number = s->place }, { .number = s->now },
		    { .number = s->now + AHEAD } },
		.count = 3,
		.row = consider,
		.arg = &w },
	    e);
	if (r == ERR_NOMEM)
		err_set(e, ERR_NOMEM, "out of memory");
	if (r == 0 && w.count > 0)
		r = change(s, "BEGIN IMMEDIATE", 0, 0, 0, e);
	for (size_t i = 0; i < w.count && r == 0; i++) {
		r = change(
		    s, "DELETE FROM tag WHERE instance=?1", 1, w.gone[i], 0, e);
		if (r == 0)
			r = change(s, "DELETE FROM instance WHERE n=?1", 1,
			    w.gone[i], 0, e);
	}
	if (r == 0 && w.count > 0)
		r = change(s, "COMMIT", 0, 0, 0, e);
	free(w.gone);
	return r;
}

int
cache_store_end(struct cache_store *s, unsigned complete, struct err *e)
{
	int r = write_packed(s, e);

	if (r == 0 && !s->lost && (complete & CACHE_INSTANCES) != 0)
		r = sweep(s, e);
	if (r == 0 && !s->lost && (complete & CACHE_ADDRESSES) != 0)
		r = change(s,
		    "DELETE FROM address WHERE place=?1"
		    " AND (written<?2 OR written>?3)",
		    3, s->place, s->now, e);
	if (r == 0 && !s->lost && (complete & CACHE_PAIRS) != 0)
		r = change(s,
		    "DELETE FROM pair WHERE place=?1"
		    " AND (written<?2 OR written>?3)",
		    3, s->place, s->now, e);
	if (r == 0 && !s->lost && (complete & CACHE_INSTANCES) != 0)
		r = change(s, "UPDATE place SET fetched=?2 WHERE id=?1", 2,
		    s->place, s->now, e);
	if (r == 0 && s->lost)
		r = err_set(e, ERR_FORMAT, "the cache was damaged");
	return r;
}
