/* SPDX-License-Identifier: ISC */

/*
 * What was launched together with instances that are terminated.  It is looked for
 * before, so that somebody can say no to it; and only what then was found is
 * removed.  What stays and costs money is named.
 */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/quote.h"
#include "pemkeep/inventory/inventory.h"
#include "pemkeep/launch/journal.h"

#include "src/cli/cli.h"
#include "src/cli/lifecycle.h"

/* One launch, some of whose instances are to be terminated. */
struct rest_part {
	const struct lifecycle_instance *instance; /* the first of them */
	struct remove_list list;
};

struct rest_address {
	char text[46];
	const struct lifecycle_instance *instance;
};

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

static int
on_pause(void *arg, const char *what, unsigned ms, struct err *e)
{
	struct lifecycle_rest *rest = arg;

	lifecycle_wait(rest->progress, what);
	return cloud_pause(ms, e);
}

static void
on_tell(void *arg, const struct remove_thing *t, enum remove_fate fate,
    const struct err *why)
{
	const struct lifecycle_rest *rest = arg;
	const struct cli *cli = rest->cloud->cli;
	struct buf b = BUF_INIT;
	struct err full;

	/* Of instances enough is said. */
	if (t->kind == REMOVE_INSTANCE && fate != REMOVE_FAILED)
		return;
	remove_describe(t, &b);
	switch (fate) {
	case REMOVE_DONE:
		out_say(cli, "%s: removed%s", buf_text(&b),
		    t->kind == REMOVE_KEY_PAIR
			? "; its private key stays in the vault"
			: "");
		break;
	case REMOVE_GONE:
		out_say(cli, "%s: was gone already", buf_text(&b));
		break;
	case REMOVE_LEFT:
		err_set(&full, why->code, "%s stays: %s%s", buf_text(&b),
		    why->text,
		    t->kind == REMOVE_ADDRESS ? "; it costs money" : "");
		out_warning(full.text, "");
		break;
	case REMOVE_FAILED:
		err_set(&full, why->code, "%s is still there%s: %s",
		    buf_text(&b),
		    t->kind == REMOVE_ADDRESS ? ", and costs money" : "",
		    why->text);
		err_hint(&full, "%s", why->hint);
		(void)out_error(&full);
		break;
	}
	buf_free(&b);
}

static struct remove_job
job_of(struct lifecycle_rest *rest, const struct lifecycle_instance *i)
{
	return (struct remove_job){ .aws = rest->cloud->aws,
		.profile =
		    inventory_profile(rest->cloud->inventory, i->profile),
		.region = i->region,
		.launch = i->launch,
		.pause = on_pause,
		.tell = on_tell,
		.arg = rest };
}

static bool
is_same(const struct lifecycle_instance *a, const struct lifecycle_instance *b)
{
	return strcmp(a->launch, b->launch) == 0 &&
	    strcmp(a->region, b->region) == 0 &&
	    strcmp(a->account, b->account) == 0;
}

static const struct lifecycle_instance *
find(const struct lifecycle *l, const char *id, const char *region)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->list[i].id, id) == 0 &&
		    strcmp(l->list[i].region, region) == 0)
			return &l->list[i];
	return NULL;
}

static int
find_part(struct lifecycle_rest *rest, const struct lifecycle_instance *i,
    struct err *e)
{
	struct remove_job job = job_of(rest, i);
	struct rest_part *part = &rest->parts[rest->count];
	struct err why;
	int r;

	if (!remove_is_launch(i->launch))
		return 0;
	for (size_t k = 0; k < rest->count; k++)
		if (is_same(rest->parts[k].instance, i))
			return 0;
	part->instance = i;
	rest->count++;
	r = remove_find(&job, &part->list, &why);
	if (r == ERR_INTERRUPTED || r == ERR_NOMEM) {
		*e = why;
		return r;
	}
	if (r != 0) {
		rest->trouble = why;
		out_warning("not all can be looked for that was launched with "
			    "it, and might stay and cost money",
		    "");
		out_warning(why.text, why.hint);
	}
	return 0;
}

/* Will a launch's removal take care of it? */
static bool
is_removed(const struct lifecycle_rest *rest, const char *address)
{
	for (size_t i = 0; i < rest->count; i++) {
		const struct remove_list *list = &rest->parts[i].list;

		for (size_t k = 0; k < list->count; k++)
			if (list->things[k].kind == REMOVE_ADDRESS &&
			    strcmp(list->things[k].name, address) == 0)
				return true;
	}
	return false;
}

int
lifecycle_rest_find(
    struct lifecycle_rest *rest, const struct lifecycle *l, struct err *e)
{
	int r = 0;

	rest->parts = calloc(l->count + 1, sizeof(*rest->parts));
	rest->stay = calloc(l->count + 1, sizeof(*rest->stay));
	if (rest->parts == NULL || rest->stay == NULL)
		return no_memory(e);
	for (size_t i = 0; i < l->count && r == 0; i++)
		r = find_part(rest, &l->list[i], e);
	for (size_t i = 0; i < l->count; i++)
		if (l->list[i].elastic &&
		    !is_removed(rest, l->list[i].address)) {
			struct rest_address *a =
			    &rest->stay[rest->stay_count++];

			memcpy(a->text, l->list[i].address, sizeof(a->text));
			a->instance = &l->list[i];
		}
	return r;
}

void
lifecycle_rest_clear(struct lifecycle_rest *rest)
{
	for (size_t i = 0; i < rest->count; i++)
		remove_clear(&rest->parts[i].list);
	free(rest->parts);
	free(rest->stay);
	rest->parts = NULL;
	rest->stay = NULL;
	rest->count = rest->stay_count = 0;
}

/* Those of a kind; how many. */
static size_t
show_kind(const struct cli *cli, const struct remove_list *list,
    enum remove_kind kind)
{
	struct buf b = BUF_INIT;
	size_t n = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (list->things[i].kind != kind)
			continue;
		buf_clear(&b);
		remove_describe(&list->things[i], &b);
		out_say(cli, "With it goes: %s", buf_text(&b));
		n++;
	}
	buf_free(&b);
	return n;
}

bool
lifecycle_rest_show(const struct lifecycle_rest *rest)
{
	static const enum remove_kind kinds[] = { REMOVE_ADDRESS, REMOVE_GROUP,
		REMOVE_KEY_PAIR };
	size_t n = 0;

	for (size_t i = 0; i < rest->count; i++)
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
			n += show_kind(
			    rest->cloud->cli, &rest->parts[i].list, kinds[k]);
	return n > 0;
}

static bool
has_ended(const struct lifecycle_instance *i)
{
	return strcmp(i->state, "terminated") == 0;
}

/*
 * Instances of the same launch that nobody has named stay, whatever their tag says;
 * and one that could not be terminated is not tried again by the way.  True when
 * there was any.
 */
static bool
drop_living(struct rest_part *part, const struct lifecycle *l)
{
	struct remove_list *list = &part->list;
	size_t kept = 0, all = list->count;

	for (size_t i = 0; i < list->count; i++) {
		struct remove_thing *t = &list->things[i];
		const struct lifecycle_instance *one =
		    find(l, t->id, part->instance->region);

		if (t->kind == REMOVE_INSTANCE &&
		    (one == NULL || !has_ended(one))) {
			free(t->id);
			free(t->name);
			continue;
		}
		list->things[kept++] = *t;
	}
	list->count = kept;
	return kept < all;
}

/* One of the launch that is terminated now, or NULL. */
static const struct lifecycle_instance *
find_ended(const struct rest_part *part, const struct lifecycle *l)
{
	for (size_t i = 0; i < l->count; i++)
		if (is_same(&l->list[i], part->instance) &&
		    has_ended(&l->list[i]))
			return &l->list[i];
	return NULL;
}

/* A launch that was not complete is over when nothing of it is left. */
static void
end_launch(const struct cli *cli, const struct lifecycle_instance *ended,
    const struct remove_list *list, bool complete)
{
	struct err why;
	bool is_over;

	if (journal_end(ended, list, complete, &is_over, &why) != 0)
		out_warning(why.text, why.hint);
	else if (is_over)
		out_say(cli,
		    "the launch of %s was not complete, and is over now",
		    ended->id);
}

static int
remove_part(struct lifecycle_rest *rest, struct rest_part *part,
    const struct lifecycle *l, struct err *e)
{
	const struct lifecycle_instance *i = part->instance;
	struct remove_job job = job_of(rest, i);
	const struct lifecycle_instance *ended = find_ended(part, l);
	struct buf where = BUF_INIT, again = BUF_INIT;
	const char *id = i->id;
	struct err why;
	bool more;
	int r;

	if (ended == NULL)
		return 0;
	more = drop_living(part, l);
	if ((r = remove_run(&job, &part->list, &why)) != 0) {
		err_set(e, why.code,
		    "not all is removed that was launched with %s", i->id);
		buf_printf(&where, "%s/%s/%s", i->profile, i->region, i->id);
		quote_put(&again, buf_text(&where));
		err_hint(
		    e, "go on with: pemkeep terminate %s", buf_text(&again));
	}
	end_launch(rest->cloud->cli, ended, &part->list,
	    r == 0 && !more && rest->trouble.code == ERR_OK);
	/* Which addresses there are has changed, too. */
	if (r != ERR_INTERRUPTED)
		(void)inventory_follow(rest->cloud->inventory, i->profile,
		    i->region, &id, 1, true, NULL, NULL, &why);
	buf_free(&where);
	buf_free(&again);
	return r;
}

int
lifecycle_rest_remove(
    struct lifecycle_rest *rest, const struct lifecycle *l, struct err *e)
{
	struct err first = rest->trouble, why;
	struct buf b = BUF_INIT;
	int r = 0;

	for (size_t i = 0; i < rest->count && r != ERR_INTERRUPTED; i++)
		if ((r = remove_part(rest, &rest->parts[i], l, &why)) != 0 &&
		    (first.code == ERR_OK || r == ERR_INTERRUPTED))
			first = why;
	out_progress_end();
	for (size_t i = 0; i < rest->stay_count; i++) {
		const struct lifecycle_instance *one = rest->stay[i].instance;

		if (!has_ended(one))
			continue;
		buf_clear(&b);
		inventory_put_name(&b, one->name, one->id);
		err_set(&why, ERR_OK,
		    "the Elastic IP %s of %s was not made by its launch, and "
		    "stays: it costs money until it is released",
		    rest->stay[i].text, buf_text(&b));
		out_warning(why.text, "");
	}
	buf_free(&b);
	if (first.code != ERR_OK && e != NULL)
		*e = first;
	return (int)first.code;
}
