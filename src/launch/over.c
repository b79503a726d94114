/* SPDX-License-Identifier: ISC */
/*
 * A launch that was not complete, and whose things somebody has removed without
 * undoing it.  Its journal goes only when it cannot know of anything more.
 */

#include <string.h>
#include <time.h>

#include "pemkeep/base/err.h"
#include "pemkeep/launch/lifecycle.h"
#include "pemkeep/launch/plan.h"
#include "pemkeep/launch/remove.h"

#include "src/launch/journal_internal.h"

static const struct remove_thing *
find_kind(const struct remove_list *list, enum remove_kind kind)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->things[i].kind == kind)
			return &list->things[i];
	return NULL;
}

static bool
has(const struct remove_list *list, const char *id)
{
	if (id[0] == '\0')
		return true;
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->things[i].id, id) == 0)
			return true;
	return false;
}

/* Nobody knows how its step has ended: is what it makes among what is gone? */
static bool
is_step_known(const struct launch *l, const struct remove_list *list)
{
	if (!l->begun)
		return true;
	switch ((enum launch_step)l->step) {
	case LAUNCH_PAIR:
		return find_kind(list, REMOVE_KEY_PAIR) != NULL;
	case LAUNCH_GROUP:
		return find_kind(list, REMOVE_GROUP) != NULL;
	case LAUNCH_INSTANCE:
		return find_kind(list, REMOVE_INSTANCE) != NULL;
	case LAUNCH_ADDRESS:
		return !l->elastic || find_kind(list, REMOVE_ADDRESS) != NULL;
	case LAUNCH_KEY:
	case LAUNCH_RULES:
	case LAUNCH_RUNNING:
	case LAUNCH_ASSOCIATION:
	case LAUNCH_READY:
	case LAUNCH_DONE:
		break;
	}
	return true;
}

/* What AWS has not shown is not there, unless it was made a moment ago. */
static bool
is_all_gone(const struct launch *l, const struct remove_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (!list->things[i].gone)
			return false;
	if (time(NULL) - (time_t)l->since >= LAUNCH_FRESH_SECONDS)
		return true;
	return is_step_known(l, list) && has(list, l->allocation) &&
	    has(list, l->group_id) && has(list, l->pair_id);
}

void
launch_forget(struct launch *l, const char *id)
{
	char *ids[] = { l->instance, l->allocation, l->group_id, l->pair_id };

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (strcmp(ids[i], id) == 0)
			ids[i][0] = '\0';
}

/* There is nothing to go on with, and what is left is not what there was. */
static int
write_rest(struct journal *j, struct launch *l, const char *instance,
    const struct remove_list *list, struct err *e)
{
	launch_forget(l, instance);
	for (size_t i = 0; i < list->count; i++)
		if (list->things[i].gone)
			launch_forget(l, list->things[i].id);
	l->undoing = true;
	return journal_write(j, l, e);
}

static bool
is_of(const struct launch *l, const struct lifecycle_instance *i)
{
	return strcmp(l->account, i->account) == 0 &&
	    strcmp(l->region, i->region) == 0 &&
	    (l->instance[0] == '\0' || strcmp(l->instance, i->id) == 0);
}

int
journal_end(const struct lifecycle_instance *i, const struct remove_list *list,
    bool complete, bool *ended, struct err *e)
{
	struct journal *j = NULL;
	struct launch l;
	int r;

	*ended = false;
	r = journal_open_of(i->launch, &j, &l, e);
	if (r == 0 && is_of(&l, i)) {
		*ended = complete && is_all_gone(&l, list);
		r = *ended ? journal_remove(j, e)
			   : write_rest(j, &l, i->id, list, e);
	}
	journal_close(j);
	launch_clear(&l);
	return r == ERR_NOT_FOUND ? 0 : r;
}
