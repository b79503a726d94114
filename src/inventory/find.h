/* SPDX-License-Identifier: ISC */
#ifndef INVENTORY_FIND_H
#define INVENTORY_FIND_H

/* From a name to the instances that it may mean. */

#include <stdbool.h>
#include <stddef.h>

#include "pemkeep/inventory/cache.h"

struct err;
struct inventory;

#define FIND_MAX 1000 /* that are kept */

struct found {
	struct cache_instance *instance; /* a copy */
	size_t area;
	enum cache_by by;
	bool live; /* AWS was asked about this one */
};

struct found_list {
	struct found *list;
	size_t count;
	struct cache_instance *gone; /* one that would fit, but for its end */
};

/*
 * Those that the cache has, as match.h reads the name, without those that are
 * terminated or about to be.  id, region: only this one; or NULL.  The inventory is ready.
 * ERR_NOMEM.  Clear the list, also after a failure.
 */
int find_instances(struct inventory *inv, const char *name, const char *id,
    const char *region, struct found_list *list, struct err *e);
void find_clear(struct found_list *list);

/*
 * The one that is meant: the only one, or the only one that is up.  SIZE_MAX
 * when there are several, or none.
 */
size_t find_best(const struct found_list *list);

/* Its row as it is in the cache now; *found tells whether it is there. */
int find_again(
    struct inventory *inv, struct found *f, bool *found, struct err *e);

/* The places that are searched; to be freed.  NULL without memory. */
int64_t *find_places(const struct inventory *inv, size_t *count);

#endif
