/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_INVENTORY_CACHE_H
#define PEMKEEP_INVENTORY_CACHE_H

/*
 * What EC2 has said, kept in a file (SQLite) so that a name is found without the
 * network.  It is a cache and never in the way: a file that is damaged, of
 * another version, not ours or in a wrong mode is made anew; where that cannot
 * be done, or another program does not let go of it, the same is kept in memory
 * for this run, and cache_trouble() says why.  So functions here fail for want of
 * memory only, unless they say something else.
 *
 * A place is an account and a region; what is known is known of a place.
 * Callbacks must not call the cache: it may be about to mend itself.
 *
 * Texts are what AWS has sent: escape them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cache;
struct cache_store;
struct err;

/*
 * path NULL: $XDG_CACHE_HOME/pemkeep/inventory.db.  ERR_NOMEM; ERR_UNSUPPORTED:
 * there is no SQLite on this machine.
 */
int cache_open(const char *path, struct cache **cp, struct err *e);
/*
 * The same for a look only: neither the file nor anything beside it is changed or
 * waited for.  What others are just writing is not seen; where the file cannot be
 * used, the cache is empty.
 */
int cache_peek(const char *path, struct cache **cp, struct err *e);
void cache_close(struct cache *c);

/* Why the file is not used, or NULL; for people. */
const char *cache_trouble(const struct cache *c);

struct cache_place {
	int64_t id;      /* 0: nothing was ever stored about it */
	int64_t fetched; /* Unix time of the last whole answer; 0: never */
	int64_t tried;   /* when it was last asked for, whatever came of it */
};

int cache_place(struct cache *c, const char *account, const char *region,
    struct cache_place *place, struct err *e);

/* It is being asked for: makes the place, too. */
int cache_tried(struct cache *c, const char *account, const char *region,
    int64_t now, struct cache_place *place, struct err *e);

/*
 * The account behind a set of credentials.  'identity' is a digest of what is
 * configured: never a key.  account: 12 digits, or "" when it is not known.
 */
int cache_account(struct cache *c, const char *identity,
    char account[static 13], int64_t *since, struct err *e);
int cache_set_account(struct cache *c, const char *identity,
    const char *account, int64_t now, struct err *e);

/* When the calls of these credentials last failed; 0: they did not. */
int cache_failed(
    struct cache *c, const char *identity, int64_t *when, struct err *e);
int cache_set_failed(
    struct cache *c, const char *identity, int64_t when, struct err *e);

/* The enabled regions of an account; *since is 0 when they are not known. */
int cache_regions(struct cache *c, const char *account, int64_t *since,
    int (*fn)(void *arg, const char *region), void *arg, struct err *e);
int cache_set_regions(struct cache *c, const char *account, int64_t now,
    const char *const *regions, size_t count, struct err *e);

struct cache_tag {
	const char *key, *value;
};

/*
 * An instance.  Texts are never NULL when it is read ("": not known), and may be
 * NULL when it is stored.
 */
struct cache_instance {
	const char *id;
	const char *name; /* tag "Name", as it was sent */
	const char *state;
	const char *type;
	const char *zone;
	const char *image;
	const char *key_pair;
	const char *public_ip;
	const char *private_ip;
	const char *ipv6;
	const char *public_dns;
	const char *private_dns;
	const char *platform;
	const char *details; /* platformDetails */
	const char *vpc;
	const char *lifecycle;
	const char *user; /* tag ssh-user, else default-user */
	const char *port; /* tag ssh-port */
	int64_t launched; /* Unix time */
	bool owned_ip; /* EC2 says that the public address is the account's */

	/* Storing only. */
	const struct cache_tag *tags;
	size_t tag_count;

	/* Reading only: what else is known of it. */
	int64_t number; /* of the row */
	int64_t place;
	const char *folded;  /* the name with Hangul composed */
	const char *elastic; /* an Elastic IP that it has */
	const char *image_name, *image_owner, *image_details;
	const char *parent_name, *parent_owner; /* what the image was made of */
	const char *pair_public, *pair_fingerprint;
};

/* A copy in one piece, for free(); without the tags.  NULL without memory. */
struct cache_instance *cache_copy(const struct cache_instance *instance);

enum cache_by {
	CACHE_ALL,
	CACHE_NAME,    /* text: the Name tag, with Hangul composed */
	CACHE_ID,      /* text */
	CACHE_ADDRESS, /* text: public, private, IPv6, Elastic; as inet_ntop() */
	CACHE_DNS,     /* text: lower case, without a dot at the end */
	CACHE_GLOB,    /* text: of Name tags */
	CACHE_TAG      /* text: key; value: a glob, or NULL for any */
};

struct cache_query {
	enum cache_by by;
	const char *text;
	const char *value;
	const int64_t *places; /* only there */
	size_t place_count;
};

/*
 * Call 'fn' with each instance, those of a place in the order of their names;
 * not 0 ends it, and is returned.  ERR_FORMAT: the file turned out to be damaged
 * and is empty now; what was handed over does not count.
 */
int cache_find(struct cache *c, const struct cache_query *query,
    int (*fn)(void *arg, const struct cache_instance *instance), void *arg,
    struct err *e);

/* The names only, for what comes close.  As above. */
int cache_names(struct cache *c, const int64_t *places, size_t count,
    int (*fn)(void *arg, const char *folded), void *arg, struct err *e);

/* The tags of one, in the order of their keys.  As above. */
int cache_tags(struct cache *c, int64_t place, const char *id,
    int (*fn)(void *arg, const char *key, const char *value), void *arg,
    struct err *e);

/*
 * Storing what is new about a place.  Rows are written a thousand or two at a
 * time, so that others wait for hundredths of a second only; those that have not
 * changed are not written.  'now' is when AWS was asked: what somebody has stored since stays.
 */
int cache_store_begin(struct cache *c, const char *account, const char *region,
    int64_t now, struct cache_store **sp, struct err *e);
int cache_store_instance(struct cache_store *s,
    const struct cache_instance *instance, struct err *e);
int cache_store_address(
    struct cache_store *s, const char *ip, const char *instance, struct err *e);
int cache_store_pair(struct cache_store *s, const char *name,
    const char *public_key, const char *fingerprint, struct err *e);

/* What the answer was complete about: other rows of that kind go. */
enum cache_kind { CACHE_INSTANCES = 1, CACHE_ADDRESSES = 2, CACHE_PAIRS = 4 };

/*
 * The end.  With CACHE_INSTANCES the place counts as fetched.  ERR_FORMAT: the
 * file was damaged, and rows are lost: ask AWS again.
 */
int cache_store_end(struct cache_store *s, unsigned complete, struct err *e);
void cache_store_free(struct cache_store *s);

/*
 * Images, of all places; they do not change.  cache_images_missing() calls with
 * the ids that instances of the place have, or images name as their parent, and
 * of which nothing is known; one that AWS does not know (any more) is stored
 * without a name, and asked for again a day later.
 */
struct cache_image {
	const char *id, *name, *owner, *details;
	const char *parent; /* the image it was made of, in the same region */
};
int cache_images_missing(struct cache *c, int64_t place, int64_t now,
    int (*fn)(void *arg, const char *id), void *arg, struct err *e);
int cache_set_images(struct cache *c, const struct cache_image *images,
    size_t count, int64_t now, struct err *e);

#endif
