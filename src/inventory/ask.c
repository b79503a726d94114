/* SPDX-License-Identifier: ISC */
/*
 * Asking AWS: all profiles and regions at the same time, in three rounds. Whose
 * credentials these are (where nobody knows yet) and which regions there are;
 * then instances, Elastic IPs and key pairs; then the images that are new. What
 * fails is missing, the rest is there.
 */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/aws/ec2.h"
#include "pemkeep/aws/sts.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/inventory/ask.h"
#include "src/inventory/inventory_internal.h"

#define IMAGE_ROUNDS 2 /* an image, and what it was made of */
#define QUESTIONS 3    /* about each area */
#define ANY_REGION "us-east-1"

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

int
ask_run(
    struct inventory *inv, struct aws_job *jobs, size_t count, struct err *e)
{
	struct err *worst = NULL;

	if (count == 0)
		return 0;
	(void)aws_run(inv->o.aws, jobs, count);
	for (size_t i = 0; i < count; i++)
		if (jobs[i].error.code == ERR_INTERRUPTED ||
		    jobs[i].error.code == ERR_NOMEM)
			worst = &jobs[i].error;
	if (worst == NULL)
		return 0;
	if (e != NULL)
		*e = *worst;
	return (int)worst->code;
}

struct aws_job
ask_job(const struct login *l, const char *region,
    const struct aws_action *action,
    int (*row)(void *, const void *, struct err *), void *arg)
{
	return (struct aws_job){ .profile = l->profile,
		.region = region,
		.action = action,
		.row = row,
		.arg = arg };
}

static int
failed(struct inventory *inv, struct login *l, const struct aws_job *job,
    struct err *e)
{
	int r;

	r = inventory_add_trouble(inv, l, job->region, &job->error, e);
	return r == 0
	    ? cache_set_failed(inv->cache, l->identity, inventory_now(inv), e)
	    : r;
}

/* Is any of a login's areas to be asked? */
static bool
is_wanted(const struct inventory *inv, size_t login)
{
	for (size_t i = 0; i < inv->area_count; i++)
		if (inv->areas[i].login == login && inv->areas[i].wanted)
			return true;
	return false;
}

static const char *
some_region(const struct inventory *inv, size_t login)
{
	for (size_t i = 0; i < inv->area_count; i++)
		if (inv->areas[i].login == login)
			return inv->areas[i].region;
	return ANY_REGION;
}

static int
take_account(void *arg, const void *row, struct err *e)
{
	const struct sts_identity *id = row;
	struct login *l = arg;

	(void)e;
	if (aws_is_account(id->account))
		memcpy(l->account, id->account, 13);
	return 0;
}

static int
ask_accounts(struct inventory *inv, struct err *e)
{
	struct aws_job *jobs = calloc(inv->login_count + 1, sizeof(*jobs));
	size_t count = 0;
	int r;

	if (jobs == NULL)
		return no_memory(e);
	for (size_t i = 0; i < inv->login_count; i++) {
		struct login *l = &inv->logins[i];

		if (l->account[0] == '\0' &&
		    (is_wanted(inv, i) || (inv->o.all_regions && !l->extra)))
			jobs[count++] = ask_job(l, some_region(inv, i),
			    &sts_get_caller_identity, take_account, l);
	}
	r = ask_run(inv, jobs, count, e);
	for (size_t i = 0; i < count && r == 0; i++) {
		struct login *l = jobs[i].arg;

		if (jobs[i].error.code != ERR_OK)
			r = failed(inv, l, &jobs[i], e);
		else if (l->account[0] != '\0')
			r = cache_set_account(inv->cache, l->identity,
			    l->account, inventory_now(inv), e);
	}
	free(jobs);
	return r;
}

struct regions {
	struct inventory *inv;
	size_t login;
	char **names;
	size_t count;
};

static int
take_region(void *arg, const void *given, struct err *e)
{
	const struct ec2_region *row = given;
	struct regions *all = arg;
	char **names;

	if (!aws_is_region(row->name))
		return 0;
	names = reallocarray(all->names, all->count + 1, sizeof(*names));
	if (names == NULL)
		return no_memory(e);
	all->names = names;
	if ((names[all->count] = strdup(row->name)) == NULL)
		return no_memory(e);
	all->count++;
	return 0;
}

static int
keep_regions(struct regions *all, struct err *e)
{
	struct login *l = &all->inv->logins[all->login];
	int r = cache_set_regions(all->inv->cache, l->account,
	    inventory_now(all->inv), (const char *const *)all->names,
	    all->count, e);

	for (size_t i = 0; i < all->count && r == 0; i++)
		r = inventory_add_area(
		    all->inv, all->login, all->names[i], false, e);
	l->regions_known = true;
	return r;
}

/* Which regions has each account?  Those that are new are asked for, too. */
static int
ask_regions(struct inventory *inv, struct err *e)
{
	size_t n = inv->login_count, count = 0, before = inv->area_count;
	struct aws_job *jobs = calloc(n + 1, sizeof(*jobs));
	struct regions *all = calloc(n + 1, sizeof(*all));
	int r = 0;

	if (jobs == NULL || all == NULL) {
		free(jobs);
		free(all);
		return no_memory(e);
	}
	for (size_t i = 0; i < n; i++) {
		struct login *l = &inv->logins[i];

		if (!inv->o.all_regions || l->extra || l->regions_known ||
		    l->account[0] == '\0')
			continue;
		all[count] = (struct regions){ inv, i, NULL, 0 };
		jobs[count] = ask_job(l, some_region(inv, i),
		    &ec2_describe_regions, take_region, &all[count]);
		count++;
	}
	r = ask_run(inv, jobs, count, e);
	for (size_t i = 0; i < count && r == 0; i++) {
		if (jobs[i].error.code != ERR_OK)
			r = failed(
			    inv, &inv->logins[all[i].login], &jobs[i], e);
		else
			r = keep_regions(&all[i], e);
	}
	for (; before < inv->area_count; before++)
		inv->areas[before].wanted = true;
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < all[i].count; k++)
			free(all[i].names[k]);
		free(all[i].names);
	}
	free(jobs);
	free(all);
	return r;
}

/* What is asked about one area, and where the answers go. */
struct question {
	size_t area;
	struct cache_store *store;
	struct aws_job *jobs; /* QUESTIONS of them */
};

static const struct {
	const struct aws_action *action;
	int (*row)(void *arg, const void *row, struct err *e);
	unsigned kind;
} questions[QUESTIONS] = {
	{ &ec2_describe_instances, rows_instance, CACHE_INSTANCES },
	{ &ec2_describe_addresses, rows_address, CACHE_ADDRESSES },
	{ &ec2_describe_key_pairs, rows_pair, CACHE_PAIRS },
};

static int
begin(struct inventory *inv, struct question *q, const struct buf *pairs,
    struct err *e)
{
	struct area *a = &inv->areas[q->area];
	const struct login *l = &inv->logins[a->login];
	int r;

	r = cache_store_begin(inv->cache, l->account, a->region,
	    inventory_now(inv), &q->store, e);
	for (size_t i = 0; i < QUESTIONS; i++)
		q->jobs[i] = ask_job(l, a->region, questions[i].action,
		    questions[i].row, q->store);
	q->jobs[2].params = pairs;
	return r;
}

/* What came of it; *again when the cache has lost the rows. */
static int
end(struct inventory *inv, struct question *q, bool *again, struct err *e)
{
	struct area *a = &inv->areas[q->area];
	struct login *l = &inv->logins[a->login];
	unsigned complete = 0;
	int r = 0;

	for (size_t i = 0; i < QUESTIONS && r == 0; i++) {
		if (q->jobs[i].error.code == ERR_OK)
			complete |= questions[i].kind;
		else if (i == 0 || (complete & CACHE_INSTANCES) != 0)
			r = inventory_add_trouble(
			    inv, l, a->region, &q->jobs[i].error, e);
	}
	if (r == 0)
		r = cache_store_end(q->store, complete, e);
	if (r == ERR_FORMAT) {
		*again = true;
		return 0;
	}
	if (r == 0 && (complete & CACHE_INSTANCES) != 0) {
		a->live = true;
		a->elastic_live = (complete & CACHE_ADDRESSES) != 0;
		a->wanted = false;
		/* The cache may have been made anew meanwhile. */
		if (!l->changing)
			r = cache_set_account(inv->cache, l->identity,
			    l->account, inventory_now(inv), e);
		else if (l->failed != 0)
			r = cache_set_failed(inv->cache, l->identity, 0, e);
	} else if (r == 0) {
		a->wanted = false;
	}
	a->tried = true;
	return r;
}

static int
ask_areas(struct inventory *inv, bool *again, struct err *e)
{
	struct question *list = calloc(inv->area_count + 1, sizeof(*list));
	struct aws_job *jobs =
	    calloc(inv->area_count * QUESTIONS + 1, sizeof(*jobs));
	struct buf pairs = BUF_INIT;
	size_t count = 0;
	int r = 0;

	if (list == NULL || jobs == NULL) {
		free(list);
		free(jobs);
		return no_memory(e);
	}
	aws_param(&pairs, "true", "IncludePublicKey");
	for (size_t i = 0; i < inv->area_count && r == 0; i++) {
		const struct area *a = &inv->areas[i];

		if (!a->wanted || a->same ||
		    inv->logins[a->login].account[0] == '\0')
			continue;
		list[count].area = i;
		list[count].jobs = &jobs[count * QUESTIONS];
		r = begin(inv, &list[count++], &pairs, e);
	}
	if (r == 0 && !buf_ok(&pairs))
		r = no_memory(e);
	if (r == 0)
		r = ask_run(inv, jobs, count * QUESTIONS, e);
	for (size_t i = 0; i < count && r == 0; i++)
		r = end(inv, &list[i], again, e);
	for (size_t i = 0; i < count; i++)
		cache_store_free(list[i].store);
	free(list);
	free(jobs);
	buf_free(&pairs);
	return r;
}

static void
tell(struct inventory *inv)
{
	size_t count = 0;

	for (size_t i = 0; i < inv->area_count; i++)
		count += inv->areas[i].wanted && !inv->areas[i].same;
	if (inv->o.asking != NULL)
		inv->o.asking(inv->o.arg, count);
}

/* Where the configuration names no region, this may be an instance that has
 * one. */
static int
find_regions(struct inventory *inv, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < inv->login_count && r == 0; i++) {
		struct login *l = &inv->logins[i];
		const char *region;
		struct err why;
		bool any = inv->o.all_regions || inv->o.region_count > 0;

		for (size_t k = 0; k < inv->area_count; k++)
			any |= inv->areas[k].login == i;
		if (any)
			continue;
		r = aws_region(inv->o.aws, l->profile, &region, &why);
		if (r == 0) {
			r = inventory_add_area(inv, i, region, l->extra, e);
			if (r == 0 && inv->area_count > 0)
				inv->areas[inv->area_count - 1].wanted = true;
		} else if (r != ERR_INTERRUPTED && r != ERR_NOMEM) {
			r = inventory_add_trouble(inv, l, NULL, &why, e);
		} else if (e != NULL) {
			*e = why;
		}
	}
	return r;
}

int
inventory_ask_where(struct inventory *inv, struct err *e)
{
	int r;

	inv->asked = true;
	if ((r = find_regions(inv, e)) != 0 ||
	    (inv->cache == NULL && (r = inventory_locate(inv, e)) != 0))
		return r;
	tell(inv);
	if ((r = ask_accounts(inv, e)) != 0 || (r = ask_regions(inv, e)) != 0)
		return r;
	return inventory_locate(inv, e);
}

int
inventory_ask(struct inventory *inv, struct err *e)
{
	bool again = true, more = true;
	int r;

	if ((r = inventory_ask_where(inv, e)) != 0)
		return r;
	for (int i = 0; i < 2 && again && r == 0; i++) {
		again = false;
		r = ask_areas(inv, &again, e);
	}
	if (r == 0)
		r = inventory_locate(inv, e);
	for (int i = 0; i < IMAGE_ROUNDS && more && r == 0; i++)
		r = ask_images(inv, &more, e);
	/* Another profile of the account has asked for them. */
	for (size_t i = 0; i < inv->area_count; i++) {
		struct area *a = &inv->areas[i];

		for (size_t k = 0; k < i && a->same; k++)
			if (inv->areas[k].place.id == a->place.id &&
			    a->place.id != 0) {
				a->live |= inv->areas[k].live;
				a->elastic_live |= inv->areas[k].elastic_live;
			}
		a->tried |= a->wanted;
		a->wanted = false;
	}
	return r;
}

struct one {
	struct cache_store *store;
	const char *id;
	bool found;
};

static int
take_one(void *arg, const void *row, struct err *e)
{
	const struct ec2_instance *instance = row;
	struct one *one = arg;

	if (strcmp(instance->id, one->id) != 0)
		return 0; /* that was not the question */
	one->found = true;
	return rows_instance(one->store, row, e);
}

int
inventory_ask_one(struct inventory *inv, struct area *area, const char *id,
    bool *found, struct err *e)
{
	const struct login *l = &inv->logins[area->login];
	struct one one = { NULL, id, false };
	struct buf params = BUF_INIT;
	struct aws_job job =
	    ask_job(l, area->region, &ec2_describe_instances, take_one, &one);
	int r;

	*found = false;
	aws_param_filter(&params, 1, "instance-id", &id, 1);
	job.params = &params;
	r = cache_store_begin(inv->cache, l->account, area->region,
	    inventory_now(inv), &one.store, e);
	if (r == 0)
		r = aws_run_one(inv->o.aws, &job, e);
	if (r == 0)
		r = cache_store_end(one.store, 0, e);
	*found = r == 0 && one.found;
	cache_store_free(one.store);
	buf_free(&params);
	return r;
}
