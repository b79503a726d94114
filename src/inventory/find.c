/* SPDX-License-Identifier: ISC */
/*
 * Looking for instances.  What the cache has beside the areas of this inventory
 * is not seen; one that is named as PROFILE/REGION/ is an area from then on.
 */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/inventory/find.h"
#include "src/inventory/inventory_internal.h"
#include "src/inventory/match.h"

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

void
find_clear(struct found_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->list[i].instance);
	free(list->list);
	free(list->gone);
	*list = (struct found_list){ NULL, 0, NULL };
}

/* Is it up, or coming up? */
static bool
is_up(const struct cache_instance *instance)
{
	return strcmp(instance->state, "running") == 0 ||
	    strcmp(instance->state, "pending") == 0;
}

static bool
is_gone(const struct cache_instance *instance)
{
	return strcmp(instance->state, "terminated") == 0 ||
	    strcmp(instance->state, "shutting-down") == 0;
}

size_t
find_best(const struct found_list *list)
{
	size_t up = 0, best = SIZE_MAX;

	if (list->count == 1)
		return 0;
	if (list->count == FIND_MAX) /* there may be more that are up */
		return SIZE_MAX;
	for (size_t i = 0; i < list->count; i++)
		if (is_up(list->list[i].instance)) {
			up++;
			best = i;
		}
	return up == 1 ? best : SIZE_MAX;
}

int64_t *
find_places(const struct inventory *inv, size_t *count)
{
	int64_t *places = calloc(inv->area_count + 1, sizeof(*places));

	*count = 0;
	for (size_t i = 0; i < inv->area_count && places != NULL; i++) {
		const struct area *a = &inv->areas[i];

		if (!a->extra && !a->same && a->place.id != 0)
			places[(*count)++] = a->place.id;
	}
	return places;
}

struct finder {
	struct inventory *inv;
	const char *id, *region; /* only this one, or NULL */
	size_t area;             /* the named one, or SIZE_MAX */
	enum cache_by by;
	struct found_list *list;
};

static bool
is_there(const struct found_list *list, const struct cache_instance *i)
{
	for (size_t k = 0; k < list->count; k++)
		if (list->list[k].instance->place == i->place &&
		    strcmp(list->list[k].instance->id, i->id) == 0)
			return true;
	return false;
}

static size_t
area_of(const struct finder *f, int64_t place)
{
	if (f->area != SIZE_MAX)
		return f->area;
	for (size_t i = 0; i < f->inv->area_count; i++) {
		const struct area *a = &f->inv->areas[i];

		if (!a->extra && !a->same && a->place.id == place)
			return i;
	}
	return SIZE_MAX;
}

static int
take(void *arg, const struct cache_instance *i)
{
	struct finder *f = arg;
	size_t area = area_of(f, i->place);
	struct found *list;

	if (area == SIZE_MAX || (f->id != NULL && strcmp(f->id, i->id) != 0) ||
	    (f->region != NULL &&
		strcmp(f->region, f->inv->areas[area].region) != 0) ||
	    f->list->count == FIND_MAX || is_there(f->list, i))
		return 0;
	if (is_gone(i)) {
		if (f->list->gone == NULL)
			f->list->gone = cache_copy(i);
		return 0;
	}
	list = reallocarray(f->list->list, f->list->count + 1, sizeof(*list));
	if (list == NULL)
		return ERR_NOMEM;
	f->list->list = list;
	list[f->list->count] =
	    (struct found){ cache_copy(i), area, f->by, false };
	if (list[f->list->count].instance == NULL)
		return ERR_NOMEM;
	f->list->count++;
	return 0;
}

/* The answer to one form; a damaged cache has none. */
static int
find_form(struct finder *f, struct match_form *form, struct err *e)
{
	struct cache_query q = { form->by, buf_text(&form->text),
		form->has_value ? buf_text(&form->value) : NULL, NULL, 0 };
	struct inventory *inv = f->inv;
	int64_t *places = NULL;
	int r;

	f->area = SIZE_MAX;
	f->by = form->by;
	if (form->profile.len > 0) {
		if ((r = inventory_find_area(inv, buf_text(&form->profile),
			 buf_text(&form->region), &f->area, e)) != 0 ||
		    f->area == SIZE_MAX)
			return r;
		inv->areas[f->area].named = true;
		inv->areas[f->area].used = true;
		q.places = &inv->areas[f->area].place.id;
		q.place_count = 1;
	} else if ((places = find_places(inv, &q.place_count)) != NULL) {
		q.places = places;
	} else {
		return no_memory(e);
	}
	r = cache_find(inv->cache, &q, take, f, e);
	free(places);
	if (r != ERR_FORMAT)
		return r;
	find_clear(f->list);
	return inventory_locate(inv, e);
}

int
find_instances(struct inventory *inv, const char *name, const char *id,
    const char *region, struct found_list *list, struct err *e)
{
	struct finder f = {
		.inv = inv, .id = id, .region = region, .list = list
	};
	struct match m;
	int r = 0;

	*list = (struct found_list){ NULL, 0, NULL };
	for (size_t i = 0; i < inv->area_count; i++)
		inv->areas[i].used |= !inv->areas[i].extra;
	match_read(name, &m);
	if (!match_ok(&m))
		r = no_memory(e);
	for (size_t i = 0; i < m.count && r == 0; i++) {
		if (list->count > 0 && m.forms[i].rank > m.forms[i - 1].rank)
			break;
		r = find_form(&f, &m.forms[i], e);
	}
	match_clear(&m);
	return r;
}

int
find_again(struct inventory *inv, struct found *f, bool *found, struct err *e)
{
	struct found_list list = { NULL, 0, NULL };
	struct finder finder = {
		.inv = inv, .area = f->area, .by = f->by, .list = &list
	};
	const struct cache_query q = { CACHE_ID, f->instance->id, NULL,
		&f->instance->place, 1 };
	int r = cache_find(inv->cache, &q, take, &finder, e);

	*found = r == 0 && list.count == 1;
	if (*found) {
		free(f->instance);
		f->instance = list.list[0].instance;
		list.count = 0;
	}
	find_clear(&list);
	return r == ERR_FORMAT ? inventory_locate(inv, e) : r;
}
