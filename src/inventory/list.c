/* SPDX-License-Identifier: ISC */
/* Listing: many rows at once, so that what they share is worked out once. */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/inventory/target.h"

#include "src/inventory/find.h"
#include "src/inventory/hosts_internal.h"
#include "src/inventory/inventory_internal.h"
#include "src/inventory/match.h"
#include "src/inventory/target_internal.h"

/* The key of a key pair: there are few pairs, and many instances. */
#define PAIRS_KEPT 64

struct pair {
	int64_t place;
	char name[256];
	size_t key;
};

struct lister {
	struct inventory *inv;
	const struct inventory_key *keys;
	size_t key_count;
	int (*fn)(void *arg, const struct inventory_row *row);
	void *arg;
	size_t area; /* the named one, or SIZE_MAX */
	struct pair pairs[PAIRS_KEPT];
	size_t pair_count;
	/* Numbers of the rows so far (a hash table), where one can come twice. */
	bool once;
	int64_t *seen;
	size_t seen_count, seen_room;
	size_t rows;
};

static size_t
key_of(struct lister *l, const struct cache_instance *i)
{
	const char *how;
	struct pair *p;
	size_t key;

	for (size_t k = 0; k < l->pair_count; k++)
		if (l->pairs[k].place == i->place &&
		    strcmp(l->pairs[k].name, i->key_pair) == 0)
			return l->pairs[k].key;
	key = target_pair_key(l->keys, l->key_count, i, &how);
	if (l->pair_count < PAIRS_KEPT &&
	    strlen(i->key_pair) < sizeof(p->name)) {
		p = &l->pairs[l->pair_count++];
		p->place = i->place;
		p->key = key;
		memcpy(p->name, i->key_pair, strlen(i->key_pair) + 1);
	}
	return key;
}

static const struct area *
area_of(const struct lister *l, int64_t place)
{
	if (l->area != SIZE_MAX)
		return &l->inv->areas[l->area];
	for (size_t i = 0; i < l->inv->area_count; i++) {
		const struct area *a = &l->inv->areas[i];

		if (!a->extra && !a->same && a->place.id == place)
			return a;
	}
	return NULL;
}

/* Where a number is in the table, or should be. */
static int64_t *
slot_of(int64_t *table, size_t room, int64_t number)
{
	size_t at = (size_t)((uint64_t)number * 0x9e3779b97f4a7c15u >> 20);

	for (at %= room; table[at] != 0 && table[at] != number; at++)
		if (at + 1 == room)
			at = SIZE_MAX;
	return &table[at];
}

static bool
make_room(struct lister *l)
{
	size_t room = l->seen_room > 0 ? l->seen_room * 4 : 1024;
	int64_t *table = calloc(room, sizeof(*table));

	if (table == NULL)
		return false;
	for (size_t i = 0; i < l->seen_room; i++)
		if (l->seen[i] != 0)
			*slot_of(table, room, l->seen[i]) = l->seen[i];
	free(l->seen);
	l->seen = table;
	l->seen_room = room;
	return true;
}

/* 1 when it is new, 0 when it was there, or ERR_NOMEM. */
static int
is_new(struct lister *l, int64_t number)
{
	int64_t *slot;

	if (!l->once)
		return 1;
	if (l->seen_count >= l->seen_room / 2 && !make_room(l))
		return ERR_NOMEM;
	slot = slot_of(l->seen, l->seen_room, number);
	if (*slot == number)
		return 0;
	*slot = number;
	l->seen_count++;
	return 1;
}

static int
take(void *arg, const struct cache_instance *i)
{
	struct lister *l = arg;
	const struct area *a = area_of(l, i->place);
	struct target_found_address address = target_address(i, false);
	struct buf reason = BUF_INIT;
	struct inventory_row row;
	int r;

	if (a == NULL || (r = is_new(l, i->number)) == 0)
		return 0;
	if (r < 0)
		return r;
	row = (struct inventory_row){ .instance = i,
		.profile = l->inv->logins[a->login].name,
		.account = l->inv->logins[a->login].account,
		.region = a->region,
		.fetched = a->place.fetched,
		.live = a->live,
		.user = target_user(l->inv, i, &reason),
		.address = address.address,
		.elastic = address.kind == TARGET_ELASTIC,
		.key = key_of(l, i) };
	buf_free(&reason);
	l->rows++;
	return l->fn(l->arg, &row);
}

static int
list_form(struct lister *l, struct match_form *form, struct err *e)
{
	struct cache_query q = { form->by, buf_text(&form->text),
		form->has_value ? buf_text(&form->value) : NULL, NULL, 0 };
	int64_t *places = NULL;
	int r;

	l->area = SIZE_MAX;
	if (form->profile.len > 0) {
		if ((r = inventory_find_area(l->inv, buf_text(&form->profile),
			 buf_text(&form->region), &l->area, e)) != 0 ||
		    l->area == SIZE_MAX)
			return r;
		l->inv->areas[l->area].used = true;
		q.places = &l->inv->areas[l->area].place.id;
		q.place_count = 1;
	} else if ((places = find_places(l->inv, &q.place_count)) != NULL) {
		q.places = places;
	} else {
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	r = cache_find(l->inv->cache, &q, take, l, e);
	free(places);
	return r;
}

static int
list_pattern(struct lister *l, const char *pattern, struct err *e)
{
	size_t before = l->rows;
	struct match m;
	int r = 0;

	match_read(pattern, &m);
	if (!match_ok(&m))
		r = err_set(e, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < m.count && r == 0; i++) {
		if (l->rows > before && m.forms[i].rank > m.forms[i - 1].rank)
			break;
		r = list_form(l, &m.forms[i], e);
	}
	match_clear(&m);
	return r;
}

/*
 * What was never asked for, or with 'anew' not in this run; the areas that the
 * patterns name, too.
 */
static int
ask_unknown(struct inventory *inv, const char *const *patterns,
    size_t pattern_count, bool anew, struct err *e)
{
	bool any = false;
	size_t at;
	int r = 0;

	for (size_t i = 0; i < pattern_count && r == 0; i++) {
		struct match m;

		match_read(patterns[i], &m);
		for (size_t k = 0; k < m.count && r == 0; k++) {
			struct match_form *f = &m.forms[k];

			if (f->profile.len == 0)
				continue;
			r = inventory_find_area(inv, buf_text(&f->profile),
			    buf_text(&f->region), &at, e);
			if (r == 0 && at != SIZE_MAX)
				inv->areas[at].named = true;
		}
		match_clear(&m);
	}
	for (size_t i = 0; i < inv->area_count; i++) {
		struct area *a = &inv->areas[i];

		a->wanted = (!a->extra || a->named) && !a->tried &&
		    (anew || a->place.fetched == 0);
		a->used |= !a->extra;
		any |= a->wanted;
	}
	if (inv->area_count == 0 || (inv->o.all_regions && !inv->asked))
		any = any || (inv->configured && !inv->asked);
	if (r != 0 || !any || !inventory_can_ask(inv))
		return r;
	return inventory_ask(inv, e);
}

/* Nothing to show, and a reason for it. */
static int
first_trouble(const struct inventory *inv, struct err *e)
{
	for (size_t i = 0; i < inv->area_count; i++)
		if (inv->areas[i].place.fetched != 0)
			return 0;
	if (!inv->configured || inv->trouble_count == 0)
		return 0;
	if (e != NULL)
		*e = inv->troubles[0].error;
	return (int)inv->troubles[0].error.code;
}

static int
list_all(struct lister *l, const char *const *patterns, size_t pattern_count,
    struct err *e)
{
	struct match_form all = { .by = CACHE_ALL };
	int r;

	if ((r = ask_unknown(l->inv, patterns, pattern_count, false, e)) != 0)
		return r;
	if (pattern_count == 0)
		r = list_form(l, &all, e);
	buf_free(&all.text);
	for (size_t i = 0; i < pattern_count && r == 0; i++)
		r = list_pattern(l, patterns[i], e);
	return r;
}

/* The cache was damaged, and is empty now: what was shown is all there is. */
static int
cut_short(struct inventory *inv, struct err *e)
{
	struct login nobody = { .name = "" };
	struct err why;

	err_set(&why, ERR_FORMAT, "the cache was damaged");
	err_hint(&why, "--refresh asks for all of it");
	return inventory_add_trouble(inv, &nobody, NULL, &why, e);
}

int
inventory_list(struct inventory *inv, const char *const *patterns,
    size_t pattern_count, const struct inventory_key *keys, size_t key_count,
    int (*fn)(void *arg, const struct inventory_row *row), void *arg,
    struct err *e)
{
	struct lister l = { .inv = inv,
		.keys = keys,
		.key_count = key_count,
		.fn = fn,
		.arg = arg,
		.once = pattern_count > 0 };
	int r;

	if ((r = inventory_prepare(inv, e)) != 0)
		return r;
	r = list_all(&l, patterns, pattern_count, e);
	if (r == ERR_FORMAT && l.rows == 0 &&
	    (r = inventory_locate(inv, e)) == 0)
		r = list_all(&l, patterns, pattern_count, e);
	if (r == ERR_FORMAT)
		r = cut_short(inv, e);
	free(l.seen);
	return r == 0 && l.rows == 0 ? first_trouble(inv, e) : r;
}

int
inventory_names(struct inventory *inv, int (*fn)(void *arg, const char *name),
    void *arg, struct err *e)
{
	int64_t *places;
	size_t count;
	int r;

	if ((r = inventory_prepare(inv, e)) != 0)
		return r;
	if ((places = find_places(inv, &count)) == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	r = cache_names(inv->cache, places, count, fn, arg, e);
	free(places);
	return r == ERR_FORMAT ? 0 : r;
}

void
inventory_put_name(struct buf *b, const char *name, const char *id)
{
	if (name[0] != '\0')
		buf_printf(b, "'%s' (%s)", name, id);
	else
		buf_put_text(b, id);
}

unsigned
inventory_port(const char *tag)
{
	unsigned port;

	return hosts_is_port(tag, &port) ? port : 0;
}

int
inventory_tags(struct inventory *inv, const struct cache_instance *instance,
    int (*fn)(void *arg, const char *key, const char *value), void *arg,
    struct err *e)
{
	int r =
	    cache_tags(inv->cache, instance->place, instance->id, fn, arg, e);

	return r == ERR_FORMAT ? 0 : r;
}

int
inventory_refresh(struct inventory *inv, struct err *e)
{
	int r;

	if ((r = inventory_prepare(inv, e)) != 0)
		return r;
	for (size_t i = 0; i < inv->area_count; i++)
		inv->areas[i].wanted = !inv->areas[i].extra;
	if (inventory_can_ask(inv) && (r = inventory_ask(inv, e)) != 0)
		return r;
	return first_trouble(inv, e);
}

int
inventory_refresh_for(struct inventory *inv, const char *const *patterns,
    size_t pattern_count, struct err *e)
{
	int r;

	if ((r = inventory_prepare(inv, e)) != 0 ||
	    (r = ask_unknown(inv, patterns, pattern_count, true, e)) != 0)
		return r;
	return first_trouble(inv, e);
}

bool
inventory_is_pattern(const char *name)
{
	return match_is_pattern(name) || strstr(name, "/tag:") != NULL;
}
