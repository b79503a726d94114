/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_INVENTORY_INVENTORY_H
#define PEMKEEP_INVENTORY_INVENTORY_H

/*
 * What is out there: the EC2 instances of some profiles and regions, from the
 * cache (cache.h), and from AWS where that has to be asked.  Nothing is read
 * before it is needed: a name of the hosts file costs nothing here.
 *
 * Texts are what AWS has sent: escape them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pemkeep/base/err.h"
#include "pemkeep/inventory/cache.h"

struct aws;
struct buf;
struct inventory;
struct inventory_key;

#define INVENTORY_FRESH (5 * 60) /* seconds */

struct inventory_pair {
	const char *profile; /* NULL: the current one */
	const char *region;
};

/* All of it is the caller's, and must outlive the inventory. */
struct inventory_options {
	struct aws *aws; /* NULL, or offline: what is in the cache only */
	bool offline;
	/* The child that refreshes is handed the same. */
	const char *profile;   /* --profile: the current one; or NULL */
	const char *ca_bundle; /* or NULL */
	bool cache_credentials;
	/*
	 * Where to look.  profiles: names; NULL in it is the current one, as an
	 * empty list is.  regions: these; none: the one of each profile; with
	 * 'own_regions' both.  all_regions: all that an account has enabled.
	 */
	const char *const *profiles;
	size_t profile_count;
	const char *const *regions;
	size_t region_count;
	bool own_regions;
	bool all_regions;
	/* Or just these. */
	const struct inventory_pair *pairs;
	size_t pair_count;
	/* Places; NULL: the usual ones. */
	const char *cache;
	const char *learned;
	int64_t now; /* Unix time; 0: the clock's */
	/* AWS is going to be asked about that many regions; may be NULL. */
	void (*asking)(void *arg, size_t regions);
	void *arg;
};

/* NULL without memory. */
struct inventory *inventory_new(const struct inventory_options *options);
void inventory_free(struct inventory *inv);

/*
 * Only a look, from the beginning: AWS is not asked, and the cache not changed.
 */
void inventory_peek(struct inventory *inv);

/* Call 'fn' with the names of all instances that are known. */
int inventory_names(struct inventory *inv,
    int (*fn)(void *arg, const char *name), void *arg, struct err *e);

/* What could not be asked, or not in full. */
struct inventory_trouble {
	char *profile;
	char *region; /* "": any */
	struct err error;
};

/* What went wrong so far; partial: some of it is missing, or is old. */
const struct inventory_trouble *inventory_troubles(
    const struct inventory *inv, size_t *count);
bool inventory_partial(const struct inventory *inv);

/*
 * Is there anything that credentials may come from?  Else the user has nothing to
 * do with AWS, and does not want to hear of it.  False as long as nothing was
 * needed.
 */
bool inventory_configured(const struct inventory *inv);

/* Why the cache is not used, or NULL. */
const char *inventory_cache_trouble(const struct inventory *inv);

/*
 * Ask AWS about all of it, now.  0 also when that is partial; the code of the
 * first trouble when nothing was to be had, not even from the cache.
 * ERR_INTERRUPTED, ERR_NOMEM.
 */
int inventory_refresh(struct inventory *inv, struct err *e);

/*
 * The same for what was not asked about in this run, and also for what stands
 * before some names ("PROFILE/REGION/").  What then is not 'live' (struct
 * inventory_row) could not be asked about.
 */
int inventory_refresh_for(struct inventory *inv, const char *const *names,
    size_t count, struct err *e);

/* Is it a name that may mean several: a glob, a tag? */
bool inventory_is_pattern(const char *name);

/*
 * The profile of that name as aws_job has it: NULL where nobody has chosen it, so
 * that keys of the environment are used.
 */
const char *inventory_profile(const struct inventory *inv, const char *name);

/*
 * What AWS says now about some instances of a profile (its name) and a region;
 * the cache has it then, too.  'fn' is called with each that AWS still knows; it may
 * be NULL.  With 'addresses' the Elastic IPs of the region are asked for, and
 * follow as well.  What aws_run() says; what 'fn' says; ERR_NOT_FOUND: no such
 * profile.
 */
struct ec2_instance;
int inventory_follow(struct inventory *inv, const char *profile,
    const char *region, const char *const *ids, size_t count, bool addresses,
    int (*fn)(void *arg, const struct ec2_instance *row, struct err *e),
    void *arg, struct err *e);

/*
 * Start a process of its own that asks about what is older than INVENTORY_FRESH
 * and was used in this run.  It holds no terminal and no descriptor; there is
 * one for an account and region at a time.  Nothing to do, or no success: no
 * matter.
 */
void inventory_refresh_behind(struct inventory *inv);

/* An instance with what is worked out from that. */
struct inventory_row {
	const struct cache_instance *instance;
	const char *profile; /* the name */
	const char *account;
	const char *region;
	int64_t fetched;
	bool live;           /* AWS has said so in this run */
	const char *user;    /* NULL: not known */
	const char *address; /* as a target would have it; "" : none */
	bool elastic;
	size_t key; /* in the list of keys, or SIZE_MAX */
};

/*
 * Call 'fn' with the instances that a pattern names (each as NAME in target.h;
 * none: all), those of an account and region in the order of their names.  What
 * was never asked for is asked of AWS first.  Not 0 from 'fn' ends it, and is
 * returned.  The code of the first trouble when nothing was to be had.
 */
int inventory_list(struct inventory *inv, const char *const *patterns,
    size_t pattern_count, const struct inventory_key *keys, size_t key_count,
    int (*fn)(void *arg, const struct inventory_row *row), void *arg,
    struct err *e);

/* An instance in words, not escaped: "'web' (i-…)", or its id without a name. */
void inventory_put_name(struct buf *b, const char *name, const char *id);

/* The port that the value of a tag ssh-port says; 0: none. */
unsigned inventory_port(const char *tag);

/* The tags of an instance that was listed, in the order of their keys. */
int inventory_tags(struct inventory *inv, const struct cache_instance *instance,
    int (*fn)(void *arg, const char *key, const char *value), void *arg,
    struct err *e);

/*
 * Is this process the child of inventory_refresh_behind()?  Then its work is
 * done, and *status is its exit status.
 */
bool inventory_role_main(int argc, char **argv, int *status);

#endif
