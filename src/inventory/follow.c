/* SPDX-License-Identifier: ISC */
/*
 * Some instances only, so that somebody can look again and again while they
 * change, and the cache is never behind what was seen.
 */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/aws/ec2.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/inventory/ask.h"
#include "src/inventory/inventory_internal.h"

#define AT_ONCE 100 /* a filter takes 200 values */

struct follower {
	struct cache_store *store;
	const char *const *ids;
	size_t count;
	int (*fn)(void *arg, const struct ec2_instance *row, struct err *e);
	void *arg;
};

static int
take(void *arg, const void *given, struct err *e)
{
	const struct ec2_instance *row = given;
	const struct follower *f = arg;
	size_t i = 0;
	int r;

	while (i < f->count && strcmp(f->ids[i], row->id) != 0)
		i++;
	if (i == f->count)
		return 0; /* that was not the question */
	r = rows_instance(f->store, row, e);
	return r == 0 && f->fn != NULL ? f->fn(f->arg, row, e) : r;
}

static int
follow(struct inventory *inv, const struct area *area, struct follower *f,
    bool addresses, struct err *e)
{
	const struct login *l = &inv->logins[area->login];
	struct buf params = BUF_INIT;
	struct aws_job jobs[] = {
		ask_job(l, area->region, &ec2_describe_instances, take, f),
		ask_job(l, area->region, &ec2_describe_addresses, rows_address,
		    f->store),
	};
	int r;

	aws_param_filter(&params, 1, "instance-id", f->ids, f->count);
	jobs[0].params = &params;
	(void)aws_run(inv->o.aws, jobs, addresses ? 2 : 1);
	if ((r = (int)jobs[0].error.code) != 0 && e != NULL)
		*e = jobs[0].error;
	buf_free(&params);
	if (r != 0)
		return r;
	/* Who may not see Elastic IPs has the public address all the same. */
	r = cache_store_end(f->store,
	    addresses && jobs[1].error.code == ERR_OK ? CACHE_ADDRESSES : 0, e);
	return r == ERR_FORMAT ? 0 : r; /* it was damaged: no matter */
}

int
inventory_follow(struct inventory *inv, const char *profile, const char *region,
    const char *const *ids, size_t count, bool addresses,
    int (*fn)(void *arg, const struct ec2_instance *row, struct err *e),
    void *arg, struct err *e)
{
	struct follower f = { .fn = fn, .arg = arg };
	const struct area *area;
	size_t at;
	int r;

	if ((r = inventory_prepare(inv, e)) != 0 ||
	    (r = inventory_find_area(inv, profile, region, &at, e)) != 0)
		return r;
	if (at == SIZE_MAX)
		return err_set(
		    e, ERR_NOT_FOUND, "there is no profile '%s'", profile);
	area = &inv->areas[at];
	for (size_t i = 0; i < count && r == 0; i += AT_ONCE) {
		f.ids = ids + i;
		f.count = count - i < AT_ONCE ? count - i : AT_ONCE;
		r = cache_store_begin(inv->cache,
		    inv->logins[area->login].account, region,
		    inventory_now(inv), &f.store, e);
		if (r == 0)
			r = follow(inv, area, &f, addresses && i == 0, e);
		cache_store_free(f.store);
		f.store = NULL;
	}
	return r;
}
