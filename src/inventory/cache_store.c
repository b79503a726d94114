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

#define FULL 0x100000u /* bytes packed before they are written: 1 MiB */
#define TAGS_MAX 100   /* EC2 allows 50 */
/*
 * Bytes of a text, and of a tag's key or value; the longest of EC2's is 1 KiB.
 * All of a row together must be less than SQLite takes (cache_file.c).
 */
#define VALUE_MAX 0x4000
#define TAG_MAX 0x800
enum statement {
	FIND,
	PUT,
	DROP_TAG,
	PUT_TAG,
	PUT_ADDRESS,
	PUT_PAIR,
	STATEMENTS
};

#define X(member) "," #member
#define Y(member) ",?"
static const char *const statements[STATEMENTS] = {
	[FIND] = "SELECT n, digest, written, tags FROM instance"
		 " WHERE place=?1 AND id=?2",
	[PUT] = "INSERT OR REPLACE INTO instance(n, place, written, digest,"
		" launched, owned_ip, folded" CACHE_TEXTS(
		    X) ", tags)"
		       " VALUES(?,?,?,?,?,?,?" CACHE_TEXTS(Y) ",?)",
	[DROP_TAG] = CACHE_DROP_TAG,
	[PUT_TAG] = "INSERT OR IGNORE INTO tag VALUES(?1,?2,?3)",
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
pack_most(struct buf *b, const char *text, size_t most)
{
	size_t len = text != NULL ? strlen(text) : 0;

	buf_put_string(b, text, len < most ? len : most);
}

static void
pack(struct buf *b, const char *text)
{
	pack_most(b, text, VALUE_MAX);
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

static int
by_key(const void *a, const void *b)
{
	const struct cache_tag *x = a, *y = b;
	int d = strcmp(x->key, y->key);

	return d != 0 ? d : strcmp(x->value, y->value);
}

/* AWS has them in any order, and that is not to look like a change. */
static void
pack_tags(struct buf *row, const struct cache_tag *tags, size_t count)
{
	struct cache_tag sorted[TAGS_MAX];

	if (count > TAGS_MAX)
		count = TAGS_MAX;
	for (size_t t = 0; t < count; t++)
		sorted[t] = tags[t];
	/* cppcheck-suppress uninitvar ; those that are sorted are set */
	qsort(sorted, count, sizeof(sorted[0]), by_key);
	buf_put_u32(row, (uint32_t)count);
	for (size_t t = 0; t < count; t++) {
		pack_most(row, sorted[t].key, TAG_MAX);
		pack_most(row, sorted[t].value, TAG_MAX);
	}
}

/* Kind, length of what is digested, then that. */
int
cache_store_instance(
    struct cache_store *s, const struct cache_instance *instance, struct err *e)
{
	struct cache_instance i = *instance;
	struct buf row = BUF_INIT;
	int r;

	buf_put_u64(&row, (uint64_t)i.launched);
	buf_put_u8(&row, i.owned_ip);
	for (size_t t = 0; t < CACHE_TEXT_COUNT; t++)
		pack(&row, *cache_text(&i, t));
	pack_tags(&row, i.tags, i.tag_count);
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

int
cache_bind(sqlite3_stmt *stmt, int n, struct wire *w)
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

/* Hangul composed: what tags are compared with. */
static int
bind_folded(sqlite3_stmt *stmt, int n, const uint8_t *text, size_t len)
{
	struct buf given = BUF_INIT, folded = BUF_INIT;
	int rc = SQLITE_NOMEM;

	if (cache_is_ascii(text, len))
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

/* The columns before the texts, those, and the tags. */
static int
write_row(struct cache_store *s, int64_t n, int64_t sum, struct wire *w,
    struct buf *tags)
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
	if (rc == SQLITE_OK && !cache_tags_fold(w, tags))
		rc = SQLITE_NOMEM;
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_blob(put, at + 1 + CACHE_TEXT_COUNT,
		    tags->data, (int)tags->len, SQLITE_STATIC);
	rc = step(put, rc);
	sqlite3_reset(put);
	return rc;
}

/* A row that is new, or another one than 'old', whose tags these are. */
static int
replace_row(struct cache_store *s, int64_t *n, int64_t sum, struct wire *w,
    const struct buf *old)
{
	struct buf tags = BUF_INIT;
	bool new = *n == 0;
	int rc = SQLITE_OK;

	if (!new)
		rc = cache_tags_write(
		    s->stmt[DROP_TAG], *n, old->data, old->len);
	if (rc == SQLITE_OK)
		rc = write_row(s, *n, sum, w, &tags);
	if (rc == SQLITE_OK && new)
		*n = sqlite3_last_insert_rowid(s->cache->db);
	if (rc == SQLITE_OK)
		rc =
		    cache_tags_write(s->stmt[PUT_TAG], *n, tags.data, tags.len);
	buf_free(&tags);
	return rc;
}

static int
write_instance(struct cache_store *s, const uint8_t *row, size_t len)
{
	sqlite3_stmt *find = s->stmt[FIND];
	int64_t sum = digest_of(row, len), n = 0;
	struct buf tags = BUF_INIT;
	bool write = true;
	struct wire w;
	int rc;

	wire_init(&w, row, len);
	(void)wire_bytes(&w, 9);
	if ((rc = sqlite3_bind_int64(find, 1, s->place)) == SQLITE_OK &&
	    (rc = cache_bind(find, 2, &w)) == SQLITE_OK &&
	    (rc = sqlite3_step(find)) == SQLITE_ROW) {
		int64_t written = sqlite3_column_int64(find, 2);

		n = sqlite3_column_int64(find, 0);
		write = sqlite3_column_int64(find, 1) != sum &&
		    (written <= s->now || written > s->now + CACHE_AHEAD);
		if (write)
			buf_put(&tags, sqlite3_column_blob(find, 3),
			    (size_t)sqlite3_column_bytes(find, 3));
	}
	sqlite3_reset(find);
	wire_init(&w, row, len);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		write = false;
	else
		rc = buf_ok(&tags) ? SQLITE_OK : SQLITE_NOMEM;
	if (write && rc == SQLITE_OK)
		rc = replace_row(s, &n, sum, &w, &tags);
	buf_free(&tags);
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
		rc = cache_bind(put, 3 + i, w);
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

/* With the first 'count' of three numbers, the last CACHE_AHEAD of 'b'. */
static int
change(struct cache_store *s, const char *sql, size_t count, int64_t a,
    int64_t b, struct err *e)
{
	return cache_call(s->cache,
	    &(const struct cache_call){ .sql = sql,
		.values = { { .number = a }, { .number = b },
		    { .number = b + CACHE_AHEAD } },
		.count = count },
	    e);
}

int
cache_store_end(struct cache_store *s, unsigned complete, struct err *e)
{
	int r = write_packed(s, e);

	if (r == 0 && !s->lost && (complete & CACHE_INSTANCES) != 0)
		r = cache_sweep(
		    s->cache, s->place, s->now, s->seen, s->seen_count, e);
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
