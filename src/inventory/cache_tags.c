/* SPDX-License-Identifier: ISC */
/*
 * The tags of an instance lie in its row, as their number, and a key and a value
 * for each, in the order of the keys: who lists instances has them with that.
 * Beside it each is in a table to be found by, which has no other order: keeping
 * one took a quarter of the time of storing.
 */

#include "pemkeep/base/buf.h"
#include "pemkeep/base/utf8.h"

#include "src/inventory/cache_internal.h"

bool
cache_is_ascii(const uint8_t *text, size_t len)
{
	uint8_t all = 0;

	for (size_t i = 0; i < len; i++)
		all |= text[i];
	return all < 0x80;
}

bool
cache_tags_fold(struct wire *w, struct buf *tags)
{
	uint32_t count;

	if (cache_is_ascii(w->at, w->left)) {
		buf_put(tags, w->at, w->left);
		return buf_ok(tags);
	}
	count = wire_u32(w);
	buf_put_u32(tags, count);
	for (; count > 0; count--) {
		for (int i = 0; i < 2; i++) {
			struct buf text = BUF_INIT, folded = BUF_INIT;
			size_t len;
			const uint8_t *at = wire_string(w, &len);

			buf_put(&text, at, len);
			utf8_compose_hangul(&folded, buf_text(&text));
			buf_put_string(tags, folded.data, folded.len);
			tags->failed |= text.failed || folded.failed;
			buf_free(&text);
			buf_free(&folded);
		}
	}
	return buf_ok(tags);
}

int
cache_tags_write(sqlite3_stmt *stmt, int64_t n, const void *tags, size_t len)
{
	int rc = SQLITE_OK;
	struct wire w;
	uint32_t count;

	wire_init(&w, tags, len);
	count = wire_u32(&w);
	for (; count > 0 && rc == SQLITE_OK && wire_ok(&w); count--) {
		for (int at = 1; at <= 2 && rc == SQLITE_OK; at++)
			rc = cache_bind(stmt, at, &w);
		if (rc == SQLITE_OK)
			rc = sqlite3_bind_int64(stmt, 3, n);
		if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_DONE)
			rc = SQLITE_OK;
		sqlite3_reset(stmt);
	}
	return rc == SQLITE_OK && !wire_done(&w) ? SQLITE_CORRUPT : rc;
}

struct listener {
	int (*fn)(void *arg, const char *key, const char *value);
	void *arg;
};

static int
tell(void *arg, sqlite3_stmt *stmt)
{
	const struct listener *l = arg;
	struct buf key = BUF_INIT, value = BUF_INIT;
	uint32_t count;
	struct wire w;
	int r = 0;

	wire_init(&w, sqlite3_column_blob(stmt, 0),
	    (size_t)sqlite3_column_bytes(stmt, 0));
	count = wire_u32(&w);
	for (; count > 0 && r == 0 && wire_ok(&w); count--) {
		const uint8_t *text;
		size_t len;

		buf_clear(&key);
		buf_clear(&value);
		text = wire_string(&w, &len);
		buf_put(&key, text, len);
		text = wire_string(&w, &len);
		buf_put(&value, text, len);
		if (wire_ok(&w))
			r = l->fn(l->arg, buf_text(&key), buf_text(&value));
	}
	buf_free(&key);
	buf_free(&value);
	return r;
}

int
cache_tags(struct cache *c, int64_t place, const char *id,
    int (*fn)(void *arg, const char *key, const char *value), void *arg,
    struct err *e)
{
	struct listener l = { fn, arg };

	return cache_call(c,
	    &(const struct cache_call){
		.sql = "SELECT tags FROM instance WHERE place=?1 AND id=?2",
		.values = { { .number = place }, { .text = id } },
		.count = 2,
		.row = tell,
		.arg = &l },
	    e);
}
