/* SPDX-License-Identifier: ISC */
/*
 * The tables of a survey in the cache.  They are written whole, a place and kind
 * at a time, and read by audits only.
 */

#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/inventory/cache_internal.h"
#include "src/inventory/survey_internal.h"

#define GROUPS_MAX 16

/* What a row is read into. */
struct reader {
	struct survey *s;
	size_t place;
	struct err *e;
};

/* "id name id name …" with a zero byte behind each, as SQLite keeps a blob. */
static size_t
split_groups(struct buf *b, struct survey_group groups[static GROUPS_MAX])
{
	const char *at = (const char *)b->data, *end = at + b->len;
	size_t count = 0;

	while (b->len > 0 && at < end && count < GROUPS_MAX) {
		const char *name = at + strlen(at) + 1;

		if (name >= end)
			break;
		groups[count++] = (struct survey_group){ at, name };
		at = name + strlen(name) + 1;
	}
	return count;
}

/* Lines: a group's id and name cannot have a line feed that counts. */
static void
unfold(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++)
		buf_put_u8(b, *text == '\n' ? 0 : (uint8_t)*text);
	buf_put_u8(b, 0);
}

static int
read_instance(void *arg, sqlite3_stmt *q)
{
	struct survey_group groups[GROUPS_MAX];
	struct buf b = BUF_INIT;
	struct reader *r = arg;
	struct survey_instance i = { .place = r->place,
		.id = cache_column(q, 0),
		.name = cache_column(q, 1),
		.state = cache_column(q, 2),
		.key_pair = cache_column(q, 3),
		.public_ip = cache_column(q, 4),
		.ipv6 = cache_column(q, 5),
		.tokens = cache_column(q, 6),
		.endpoint = cache_column(q, 7),
		.groups = groups };
	int status;

	unfold(&b, cache_column(q, 8));
	i.group_count = buf_ok(&b) ? split_groups(&b, groups) : 0;
	status = survey_add_instance(r->s, &i, r->e);
	buf_free(&b);
	return status;
}

static int
read_pair(void *arg, sqlite3_stmt *q)
{
	struct reader *r = arg;
	struct survey_pair p = { .place = r->place,
		.name = cache_column(q, 0),
		.id = cache_column(q, 1),
		.type = cache_column(q, 2),
		.fingerprint = cache_column(q, 3),
		.public_key = cache_column(q, 4),
		.created = sqlite3_column_int64(q, 5) };

	return survey_add_pair(r->s, &p, r->e);
}

static int
read_address(void *arg, sqlite3_stmt *q)
{
	struct reader *r = arg;
	struct survey_address a = { .place = r->place,
		.ip = cache_column(q, 0),
		.allocation = cache_column(q, 1),
		.instance = cache_column(q, 2),
		.interface = cache_column(q, 3) };

	return survey_add_address(r->s, &a, r->e);
}

static int
read_rule(void *arg, sqlite3_stmt *q)
{
	struct reader *r = arg;
	struct survey_rule u = { .place = r->place,
		.id = cache_column(q, 0),
		.group = cache_column(q, 1),
		.protocol = cache_column(q, 2),
		.cidr = cache_column(q, 3),
		.cidr6 = cache_column(q, 4),
		.from = sqlite3_column_int64(q, 5),
		.to = sqlite3_column_int64(q, 6) };

	return survey_add_rule(r->s, &u, r->e);
}

static const struct {
	const char *select, *clear, *insert;
	int (*row)(void *arg, sqlite3_stmt *stmt);
} tables[SURVEY_KINDS] = {
	[SURVEY_INSTANCES] = { "SELECT id, name, state, pair, public, ipv6,"
			       " tokens, endpoint, security_groups FROM "
			       "survey_instance"
			       " WHERE place=?1",
	    "DELETE FROM survey_instance WHERE place=?1",
	    "INSERT INTO survey_instance "
	    "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
	    read_instance },
	[SURVEY_PAIRS] = { "SELECT name, id, type, fingerprint, public, created"
			   " FROM survey_pair WHERE place=?1",
	    "DELETE FROM survey_pair WHERE place=?1",
	    "INSERT INTO survey_pair VALUES(?1,?2,?3,?4,?5,?6,?7)", read_pair },
	[SURVEY_ADDRESSES] = { "SELECT ip, allocation, instance, interface"
			       " FROM survey_address WHERE place=?1",
	    "DELETE FROM survey_address WHERE place=?1",
	    "INSERT INTO survey_address VALUES(?1,?2,?3,?4,?5)", read_address },
	[SURVEY_RULES] = { "SELECT id, security_group, protocol, cidr, cidr6,"
			   " low, high FROM survey_rule WHERE place=?1",
	    "DELETE FROM survey_rule WHERE place=?1",
	    "INSERT INTO survey_rule VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
	    read_rule },
};

static int
read_since(void *arg, sqlite3_stmt *stmt)
{
	*(int64_t *)arg = sqlite3_column_int64(stmt, 0);
	return 0;
}

int
survey_load(struct cache *c, int64_t id, struct survey *s, size_t place,
    enum survey_kind kind, struct err *e)
{
	struct reader reader = { s, place, e };
	int64_t *since = &s->places[place].since[kind];
	int r;

	*since = 0;
	r = cache_call(c,
	    &(const struct cache_call){
		.sql = "SELECT since FROM survey WHERE place=?1 AND kind=?2",
		.values = { { .number = id }, { .number = (int64_t)kind } },
		.count = 2,
		.row = read_since,
		.arg = since },
	    e);
	if (r != 0 || *since == 0)
		return r;
	return cache_call(c,
	    &(const struct cache_call){ .sql = tables[kind].select,
		.values = { { .number = id } },
		.count = 1,
		.row = tables[kind].row,
		.arg = &reader },
	    e);
}

static int
change(struct cache *c, const char *sql, const struct cache_value *values,
    size_t count, struct err *e)
{
	struct cache_call call = { .sql = sql, .count = count };

	for (size_t i = 0; i < count; i++)
		call.values[i] = values[i];
	return cache_call(c, &call, e);
}

/* Ids and names, a line each. */
static void
fold_groups(struct buf *b, const struct survey_instance *i)
{
	for (size_t g = 0; g < i->group_count; g++)
		buf_printf(b, "%s%s\n%s", g > 0 ? "\n" : "", i->groups[g].id,
		    i->groups[g].name);
}

static int
store_instance(
    struct cache *c, int64_t id, const struct survey_instance *i, struct err *e)
{
	struct buf groups = BUF_INIT;
	int r;

	fold_groups(&groups, i);
	r = change(c, tables[SURVEY_INSTANCES].insert,
	    (const struct cache_value[]){ { .number = id }, { .text = i->id },
		{ .text = i->name }, { .text = i->state },
		{ .text = i->key_pair }, { .text = i->public_ip },
		{ .text = i->ipv6 }, { .text = i->tokens },
		{ .text = i->endpoint }, { .text = buf_text(&groups) } },
	    10, e);
	buf_free(&groups);
	return r;
}

static int
store_pair(
    struct cache *c, int64_t id, const struct survey_pair *p, struct err *e)
{
	return change(c, tables[SURVEY_PAIRS].insert,
	    (const struct cache_value[]){ { .number = id }, { .text = p->name },
		{ .text = p->id }, { .text = p->type },
		{ .text = p->fingerprint }, { .text = p->public_key },
		{ .number = p->created } },
	    7, e);
}

static int
store_address(
    struct cache *c, int64_t id, const struct survey_address *a, struct err *e)
{
	return change(c, tables[SURVEY_ADDRESSES].insert,
	    (const struct cache_value[]){ { .number = id }, { .text = a->ip },
		{ .text = a->allocation }, { .text = a->instance },
		{ .text = a->interface } },
	    5, e);
}

static int
store_rule(
    struct cache *c, int64_t id, const struct survey_rule *u, struct err *e)
{
	return change(c, tables[SURVEY_RULES].insert,
	    (const struct cache_value[]){ { .number = id }, { .text = u->id },
		{ .text = u->group }, { .text = u->protocol },
		{ .text = u->cidr }, { .text = u->cidr6 },
		{ .number = u->from }, { .number = u->to } },
	    8, e);
}

static int
store_rows(struct cache *c, int64_t id, const struct survey *s, size_t place,
    enum survey_kind kind, struct err *e)
{
	int r = 0;

	for (size_t i = 0;
	     kind == SURVEY_INSTANCES && r == 0 && i < s->instance_count; i++)
		if (s->instances[i].place == place)
			r = store_instance(c, id, &s->instances[i], e);
	for (size_t i = 0; kind == SURVEY_PAIRS && r == 0 && i < s->pair_count;
	     i++)
		if (s->pairs[i].place == place)
			r = store_pair(c, id, &s->pairs[i], e);
	for (size_t i = 0;
	     kind == SURVEY_ADDRESSES && r == 0 && i < s->address_count; i++)
		if (s->addresses[i].place == place)
			r = store_address(c, id, &s->addresses[i], e);
	for (size_t i = 0; kind == SURVEY_RULES && r == 0 && i < s->rule_count;
	     i++)
		if (s->rules[i].place == place)
			r = store_rule(c, id, &s->rules[i], e);
	return r;
}

int
survey_store(struct cache *c, int64_t id, const struct survey *s, size_t place,
    enum survey_kind kind, struct err *e)
{
	const struct cache_value mark[] = { { .number = id },
		{ .number = (int64_t)kind },
		{ .number = s->places[place].since[kind] } };
	int r;

	if ((r = change(c, "BEGIN IMMEDIATE", NULL, 0, e)) == 0 &&
	    (r = change(c, tables[kind].clear, mark, 1, e)) == 0 &&
	    (r = store_rows(c, id, s, place, kind, e)) == 0 &&
	    (r = change(c, "INSERT OR REPLACE INTO survey VALUES(?1,?2,?3)",
		 mark, 3, e)) == 0)
		r = change(c, "COMMIT", NULL, 0, e);
	return r;
}
