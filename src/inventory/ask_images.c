/* SPDX-License-Identifier: ISC */
/*
 * What images are called and who has made them, which says the login user. Each
 * is asked for once, when an instance of it is first seen: it may be gone
 * later.
 */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/aws/ec2.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/inventory/ask.h"
#include "src/inventory/inventory_internal.h"

#define IMAGES_AT_ONCE 200 /* values of a filter */

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

/* The images of an area that nothing is known of. */
struct images {
	size_t area;
	char **ids;
	size_t count;
	struct cache_image *found; /* with texts of their own */
	size_t found_count;
};

static int
want_image(void *arg, const char *id)
{
	struct images *m = arg;
	char **ids;

	if (strncmp(id, "ami-", 4) != 0 || m->count == IMAGES_AT_ONCE)
		return 0;
	ids = reallocarray(m->ids, m->count + 1, sizeof(*ids));
	if (ids == NULL)
		return ERR_NOMEM;
	m->ids = ids;
	if ((ids[m->count] = strdup(id)) == NULL)
		return ERR_NOMEM;
	m->count++;
	return 0;
}

/* Was it asked for, and not there yet? */
static bool
is_new(const struct images *m, const char *id)
{
	bool asked = false;

	for (size_t i = 0; i < m->count; i++)
		asked |= strcmp(m->ids[i], id) == 0;
	for (size_t i = 0; i < m->found_count; i++)
		asked &= strcmp(m->found[i].id, id) != 0;
	return asked;
}

static int
take_image(void *arg, const void *given, struct err *e)
{
	const struct ec2_image *row = given;
	struct images *m = arg;
	struct cache_image *list, *to;

	if (!is_new(m, row->id))
		return 0;
	list = reallocarray(m->found, m->found_count + 1, sizeof(*list));
	if (list == NULL)
		return no_memory(e);
	m->found = list;
	to = &list[m->found_count++];
	*to = (struct cache_image){ strdup(row->id), strdup(row->name),
		strdup(row->owner), strdup(row->platform_details),
		strdup(row->source) };
	return to->id != NULL && to->name != NULL && to->owner != NULL &&
		to->details != NULL && to->parent != NULL
	    ? 0
	    : no_memory(e);
}

static void
clear_images(struct images *m)
{
	for (size_t i = 0; i < m->count; i++)
		free(m->ids[i]);
	for (size_t i = 0; i < m->found_count; i++) {
		free((char *)m->found[i].id);
		free((char *)m->found[i].name);
		free((char *)m->found[i].owner);
		free((char *)m->found[i].details);
		free((char *)m->found[i].parent);
	}
	free(m->ids);
	free(m->found);
}

/* Those that AWS did not know are stored without a name. */
static int
keep_images(struct inventory *inv, const struct images *m, struct err *e)
{
	int64_t now = inventory_now(inv);
	int r;

	r = cache_set_images(inv->cache, m->found, m->found_count, now, e);
	for (size_t i = 0; i < m->count && r == 0; i++) {
		struct cache_image unknown = { .id = m->ids[i] };
		bool there = false;

		for (size_t k = 0; k < m->found_count; k++)
			there |= strcmp(m->found[k].id, m->ids[i]) == 0;
		if (!there)
			r = cache_set_images(inv->cache, &unknown, 1, now, e);
	}
	return r;
}

/* What is asked about one area. */
static int
prepare(struct inventory *inv, struct images *m, struct buf *params,
    struct aws_job *job, struct err *e)
{
	const struct area *a = &inv->areas[m->area];
	int r;

	r = cache_images_missing(
	    inv->cache, a->place.id, inventory_now(inv), want_image, m, e);
	if (r == ERR_FORMAT)
		return 0; /* nothing is there: nothing to ask */
	aws_param_filter(
	    params, 1, "image-id", (const char *const *)m->ids, m->count);
	aws_param(params, "true", "IncludeDeprecated");
	*job = ask_job(&inv->logins[a->login], a->region, &ec2_describe_images,
	    take_image, m);
	job->params = params;
	return r == 0 && !buf_ok(params) ? no_memory(e) : r;
}

int
ask_images(struct inventory *inv, bool *more, struct err *e)
{
	size_t n = inv->area_count, count = 0;
	struct images *list = calloc(n + 1, sizeof(*list));
	struct aws_job *jobs = calloc(n + 1, sizeof(*jobs));
	struct buf *params = calloc(n + 1, sizeof(*params));
	int r = 0;

	if (list == NULL || jobs == NULL || params == NULL) {
		r = no_memory(e);
		goto out;
	}
	for (size_t i = 0; i < n && r == 0; i++) {
		if (!inv->areas[i].live || inv->areas[i].same)
			continue;
		list[count].area = i;
		r = prepare(inv, &list[count], &params[count], &jobs[count], e);
		if (list[count].count > 0)
			count++;
		else
			buf_clear(&params[count]);
	}
	*more = count > 0;
	if (r == 0)
		r = ask_run(inv, jobs, count, e);
	for (size_t i = 0; i < count && r == 0; i++) {
		const struct area *a = &inv->areas[list[i].area];

		if (jobs[i].error.code == ERR_OK)
			r = keep_images(inv, &list[i], e);
		else
			r = inventory_add_trouble(inv, &inv->logins[a->login],
			    a->region, &jobs[i].error, e);
	}
	for (size_t i = 0; i <= n; i++) {
		clear_images(&list[i]);
		buf_free(&params[i]);
	}
out:
	free(list);
	free(jobs);
	free(params);
	return r;
}
