/* SPDX-License-Identifier: ISC */
#ifndef INVENTORY_INVENTORY_INTERNAL_H
#define INVENTORY_INVENTORY_INTERNAL_H

/* Logins (profiles) and areas (a login and a region) of an inventory. */

#include "pemkeep/inventory/inventory.h"

struct aws_profiles;
struct learned_file;

#define REGIONS_FRESH (24 * 60 * 60) /* seconds that a list of regions holds */

/* Whose credentials. */
struct login {
	const char *profile; /* as aws_run() wants it: NULL is the current */
	char *name;
	char *own_region;  /* NULL: none is configured */
	char identity[65]; /* digest of what is configured; "": not yet */
	bool changing;     /* what is configured does not say which account */
	char account[13];  /* or "" */
	int64_t failed;    /* when its calls failed last, as a whole */
	bool extra;        /* named in PROFILE/REGION/ only */
	bool regions_known;
};

struct area {
	size_t login;
	char region[33];
	struct cache_place place;
	bool extra;        /* not searched unless it is named */
	bool named;        /* somebody has named it */
	bool same;         /* another area has this place */
	bool wanted;       /* to be asked now */
	bool live;         /* was asked in this run, and AWS has answered */
	bool elastic_live; /* about its Elastic IPs, too */
	bool used;         /* what is in the cache was looked at */
	bool tried;        /* was asked in this run */
};

struct inventory {
	struct inventory_options o;
	bool ready;
	bool peek;       /* nothing is changed */
	bool asked;      /* AWS was asked about something in this run */
	bool configured; /* there is something to get credentials from */
	struct aws_profiles *profiles;
	struct cache *cache; /* NULL: not opened (yet) */
	struct learned_file *learned;
	struct login *logins;
	size_t login_count;
	struct area *areas;
	size_t area_count;
	struct inventory_trouble *troubles;
	size_t trouble_count;
	bool partial;
};

int64_t inventory_now(const struct inventory *inv);

/*
 * Find out where to look, and open the cache when there is such a place.  Once.
 * ERR_NOMEM; what cache_open() says.
 */
int inventory_prepare(struct inventory *inv, struct err *e);

/*
 * Look up accounts, regions and places in the cache (again); it is opened when
 * there is anything to look up.
 */
int inventory_locate(struct inventory *inv, struct err *e);

/* Add a region of a login, unless it is there; the caller locates it. */
int inventory_add_area(struct inventory *inv, size_t login, const char *region,
    bool extra, struct err *e);

/* PROFILE/REGION: *at is the area, or SIZE_MAX when there is no such profile. */
int inventory_find_area(struct inventory *inv, const char *profile,
    const char *region, size_t *at, struct err *e);

bool inventory_is_fresh(const struct inventory *inv, const struct area *area);

/* Was never asked for, and not in vain a moment ago. */
bool inventory_is_unknown(const struct inventory *inv, const struct area *area);

bool inventory_can_ask(const struct inventory *inv);

/* Remember what went wrong; region may be NULL. */
int inventory_add_trouble(struct inventory *inv, const struct login *login,
    const char *region, const struct err *why, struct err *e);

/*
 * Ask AWS about the areas that are wanted.  Their fields say what came of it;
 * what went wrong is among the troubles.  ERR_NOMEM, ERR_INTERRUPTED.
 */
int inventory_ask(struct inventory *inv, struct err *e);

/*
 * The first part of it: whose credentials these are, and which regions there
 * are.  As inventory_ask().
 */
int inventory_ask_where(struct inventory *inv, struct err *e);

/*
 * Ask about one instance of an area.  *found: AWS has it.  What aws_run() says.
 */
int inventory_ask_one(struct inventory *inv, struct area *area, const char *id,
    bool *found, struct err *e);

/* identity.c: a digest of what is configured for a login, and what it says. */
int identity_of(struct inventory *inv, struct login *login, struct err *e);

/* rows.c: what the actions answer, into the cache. */
int rows_instance(void *store, const void *row, struct err *e);
int rows_address(void *store, const void *row, struct err *e);
int rows_pair(void *store, const void *row, struct err *e);

/* An address as inet_ntop() writes it; false for what is none. */
bool rows_address_text(const char *text, char out[static 46]);

#endif
