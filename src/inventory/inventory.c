/* SPDX-License-Identifier: ISC */
/*
 * Where to look: which profiles, which regions of each, and what the cache
 * knows of them.  What is in the cache beside that is never looked at.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pemkeep/aws/call.h"
#include "pemkeep/aws/profile.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/inventory/inventory_internal.h"
#include "src/inventory/learned_internal.h"
#include "src/inventory/match.h"

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

struct inventory *
inventory_new(const struct inventory_options *options)
{
	struct inventory *inv = calloc(1, sizeof(*inv));

	if (inv != NULL)
		inv->o = *options;
	return inv;
}

void
inventory_free(struct inventory *inv)
{
	if (inv == NULL)
		return;
	for (size_t i = 0; i < inv->login_count; i++) {
		free(inv->logins[i].name);
		free(inv->logins[i].own_region);
	}
	for (size_t i = 0; i < inv->trouble_count; i++) {
		free(inv->troubles[i].profile);
		free(inv->troubles[i].region);
	}
	free(inv->logins);
	free(inv->areas);
	free(inv->troubles);
	learned_close(inv->learned);
	aws_profiles_free(inv->profiles);
	cache_close(inv->cache);
	free(inv);
}

void
inventory_peek(struct inventory *inv)
{
	inv->peek = inv->o.offline = true;
}

int64_t
inventory_now(const struct inventory *inv)
{
	return inv->o.now != 0 ? inv->o.now : (int64_t)time(NULL);
}

bool
inventory_can_ask(const struct inventory *inv)
{
	return inv->o.aws != NULL && !inv->o.offline;
}

const struct inventory_trouble *
inventory_troubles(const struct inventory *inv, size_t *count)
{
	*count = inv->trouble_count;
	return inv->troubles;
}

bool
inventory_partial(const struct inventory *inv)
{
	return inv->partial;
}

bool
inventory_configured(const struct inventory *inv)
{
	return inv->configured;
}

const char *
inventory_cache_trouble(const struct inventory *inv)
{
	return inv->cache != NULL ? cache_trouble(inv->cache) : NULL;
}

/* One for each profile and text: an expired token is the same everywhere. */
int
inventory_add_trouble(struct inventory *inv, const struct login *login,
    const char *region, const struct err *why, struct err *e)
{
	struct inventory_trouble *list, *new;

	inv->partial = true;
	for (size_t i = 0; i < inv->trouble_count; i++)
		if (strcmp(inv->troubles[i].profile, login->name) == 0 &&
		    strcmp(inv->troubles[i].error.text, why->text) == 0)
			return 0;
	list =
	    reallocarray(inv->troubles, inv->trouble_count + 1, sizeof(*list));
	if (list == NULL)
		return no_memory(e);
	inv->troubles = list;
	new = &list[inv->trouble_count];
	*new = (struct inventory_trouble){ strdup(login->name),
		strdup(region != NULL ? region : ""), *why };
	inv->trouble_count++;
	return new->profile != NULL &&new->region != NULL ? 0 : no_memory(e);
}

static int
no_region(struct inventory *inv, const struct login *l, const char *region,
    struct err *e)
{
	struct err why;

	err_set(&why, ERR_USAGE, "'%s' is not a region", region);
	return inventory_add_trouble(inv, l, NULL, &why, e);
}

static int
add_login(struct inventory *inv, const char *profile, const char *name,
    bool extra, struct err *e)
{
	struct login *list, *l;
	const char *region;
	int r = 0;

	list = reallocarray(inv->logins, inv->login_count + 1, sizeof(*list));
	if (list == NULL)
		return no_memory(e);
	inv->logins = list;
	l = &list[inv->login_count++];
	memset(l, 0, sizeof(*l));
	l->profile = profile;
	l->extra = extra;
	if ((l->name = strdup(name)) == NULL)
		return no_memory(e);
	region = aws_profile_region(inv->profiles, name, NULL);
	if (region != NULL && !aws_is_region(region))
		r = no_region(inv, l, region, e);
	else if (region != NULL && (l->own_region = strdup(region)) == NULL)
		r = no_memory(e);
	return r;
}

/* Is there anything that credentials may come from? */
static bool
is_configured(const struct inventory *inv)
{
	static const char *const variables[] = { "AWS_ACCESS_KEY_ID",
		"AWS_PROFILE", "AWS_DEFAULT_PROFILE",
		"AWS_WEB_IDENTITY_TOKEN_FILE",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI" };

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *value = getenv(variables[i]);

		if (value != NULL && *value != '\0')
			return true;
	}
	return inv->o.profile != NULL || inv->o.profile_count > 0 ||
	    aws_profiles_count(inv->profiles) > 0;
}

/* The login of that name, made where there is none. */
static int
need_login(struct inventory *inv, const char *profile, bool extra, size_t *at,
    struct err *e)
{
	const char *name =
	    profile != NULL ? profile : aws_profile_current(inv->o.profile);

	for (size_t i = 0; i < inv->login_count; i++)
		if (strcmp(inv->logins[i].name, name) == 0) {
			*at = i;
			return 0;
		}
	*at = inv->login_count;
	return add_login(inv, profile, name, extra, e);
}

static int
add_logins(struct inventory *inv, struct err *e)
{
	const struct inventory_options *o = &inv->o;
	size_t at;
	int r = 0;

	for (size_t i = 0; i < o->pair_count && r == 0; i++)
		r = need_login(inv, o->pairs[i].profile, false, &at, e);
	for (size_t i = 0; i < o->profile_count && r == 0; i++)
		r = need_login(inv, o->profiles[i], false, &at, e);
	if (inv->login_count == 0 && r == 0)
		r = need_login(inv, NULL, false, &at, e);
	return r;
}

int
inventory_add_area(struct inventory *inv, size_t login, const char *region,
    bool extra, struct err *e)
{
	struct area *list, *a;

	for (size_t i = 0; i < inv->area_count; i++)
		if (inv->areas[i].login == login &&
		    strcmp(inv->areas[i].region, region) == 0) {
			inv->areas[i].extra &= extra;
			return 0;
		}
	if (strlen(region) >= sizeof(a->region))
		return 0;
	list = reallocarray(inv->areas, inv->area_count + 1, sizeof(*list));
	if (list == NULL)
		return no_memory(e);
	inv->areas = list;
	a = &list[inv->area_count++];
	memset(a, 0, sizeof(*a));
	a->login = login;
	a->extra = extra;
	memcpy(a->region, region, strlen(region) + 1);
	return 0;
}

static int
add_given_area(
    struct inventory *inv, size_t login, const char *region, struct err *e)
{
	if (!aws_is_region(region))
		return no_region(inv, &inv->logins[login], region, e);
	return inventory_add_area(inv, login, region, false, e);
}

static int
add_areas(struct inventory *inv, struct err *e)
{
	const struct inventory_options *o = &inv->o;
	size_t at = 0;
	int r = 0;

	for (size_t i = 0; i < o->pair_count && r == 0; i++)
		if ((r = need_login(inv, o->pairs[i].profile, false, &at, e)) ==
		    0)
			r = add_given_area(inv, at, o->pairs[i].region, e);
	for (size_t i = 0; o->pair_count == 0 && i < inv->login_count && r == 0;
	     i++) {
		const char *own = inv->logins[i].own_region;

		if (own != NULL &&
		    (o->region_count == 0 || o->own_regions || o->all_regions))
			r = inventory_add_area(inv, i, own, false, e);
		for (size_t k = 0; k < o->region_count && r == 0; k++)
			r = add_given_area(inv, i, o->regions[k], e);
	}
	return r;
}

struct region_adder {
	struct inventory *inv;
	size_t login;
	struct err *e;
};

static int
add_region(void *arg, const char *region)
{
	struct region_adder *a = arg;

	return inventory_add_area(a->inv, a->login, region, false, a->e);
}

static int
locate_login(struct inventory *inv, size_t at, struct err *e)
{
	struct region_adder adder = { inv, at, e };
	struct login *l = &inv->logins[at];
	int64_t since, now = inventory_now(inv);
	char account[13];
	int r;

	if (l->identity[0] == '\0' && (r = identity_of(inv, l, e)) != 0)
		return r;
	if ((r = cache_account(inv->cache, l->identity, account, &since, e)) !=
		0 ||
	    (r = cache_failed(inv->cache, l->identity, &l->failed, e)) != 0)
		return r;
	if (l->account[0] == '\0' &&
	    (!l->changing || inv->o.offline ||
		(since <= now && now - since < INVENTORY_FRESH)))
		memcpy(l->account, account, sizeof(account));
	if (!inv->o.all_regions || l->extra || l->account[0] == '\0' ||
	    l->regions_known)
		return 0;
	r = cache_regions(
	    inv->cache, l->account, &since, add_region, &adder, e);
	l->regions_known = r == 0 && since != 0 &&
	    (inv->o.offline || (since <= now && now - since < REGIONS_FRESH));
	return r == ERR_FORMAT ? 0 : r;
}

/* Is it the place of an area before it, by another profile? */
static bool
is_same(const struct inventory *inv, size_t at)
{
	const struct area *a = &inv->areas[at];

	for (size_t i = 0; i < at; i++) {
		const struct area *b = &inv->areas[i];

		if (strcmp(a->region, b->region) == 0 && b->extra <= a->extra &&
		    strcmp(inv->logins[a->login].account,
			inv->logins[b->login].account) == 0)
			return true;
	}
	return false;
}

/* Unless it is, or nothing could be asked of it. */
static int
open_cache(struct inventory *inv, struct err *e)
{
	if (inv->cache != NULL || (inv->area_count == 0 && !inv->o.all_regions))
		return 0;
	return inv->peek ? cache_peek(inv->o.cache, &inv->cache, e)
			 : cache_open(inv->o.cache, &inv->cache, e);
}

int
inventory_locate(struct inventory *inv, struct err *e)
{
	int r = open_cache(inv, e);

	if (inv->cache == NULL)
		return r;
	for (size_t i = 0; i < inv->login_count && r == 0; i++)
		r = locate_login(inv, i, e);
	for (size_t i = 0; i < inv->area_count && r == 0; i++) {
		struct area *a = &inv->areas[i];
		const char *account = inv->logins[a->login].account;

		a->place = (struct cache_place){ 0, 0, 0 };
		if (account[0] == '\0')
			continue;
		r = cache_place(inv->cache, account, a->region, &a->place, e);
		a->same = is_same(inv, i);
	}
	return r;
}

int
inventory_prepare(struct inventory *inv, struct err *e)
{
	struct login nobody = { .name = "" };
	struct err why;
	int r;

	if (inv->ready)
		return inventory_locate(inv, e);
	if (inv->profiles == NULL &&
	    (r = aws_profiles_load(&inv->profiles, NULL, NULL, &why)) != 0) {
		if (r == ERR_NOMEM ||
		    (r = inventory_add_trouble(inv, &nobody, NULL, &why, e)) !=
			0)
			return no_memory(e);
		inv->ready = true; /* without EC2 */
		inv->configured = true;
		return 0;
	}
	inv->configured = is_configured(inv);
	if ((r = add_logins(inv, e)) != 0 || (r = add_areas(inv, e)) != 0)
		return r;
	inv->ready = true;
	if ((r = learned_open(inv->o.learned, &inv->learned, e)) != 0)
		return r;
	return inventory_locate(inv, e);
}

int
inventory_find_area(struct inventory *inv, const char *profile,
    const char *region, size_t *at, struct err *e)
{
	const char *current = aws_profile_current(inv->o.profile);
	const char *name = NULL;
	size_t login;
	int r;

	*at = SIZE_MAX;
	if (inv->profiles == NULL)
		return 0;
	for (size_t i = 0; i < inv->login_count; i++)
		if (strcmp(inv->logins[i].name, profile) == 0)
			name = inv->logins[i].name;
	for (size_t i = 0; i < aws_profiles_count(inv->profiles); i++)
		if (strcmp(aws_profiles_name(inv->profiles, i), profile) == 0)
			name = aws_profiles_name(inv->profiles, i);
	if (name == NULL && strcmp(current, profile) != 0)
		return 0;
	if ((r = need_login(inv, name, true, &login, e)) != 0)
		return r;
	if ((r = inventory_add_area(inv, login, region, true, e)) != 0 ||
	    (r = inventory_locate(inv, e)) != 0)
		return r;
	for (size_t i = 0; i < inv->area_count; i++)
		if (inv->areas[i].login == login &&
		    strcmp(inv->areas[i].region, region) == 0)
			*at = i;
	return 0;
}

const char *
inventory_profile(const struct inventory *inv, const char *name)
{
	for (size_t i = 0; i < inv->login_count; i++)
		if (strcmp(inv->logins[i].name, name) == 0)
			return inv->logins[i].profile;
	return name;
}

bool
inventory_is_fresh(const struct inventory *inv, const struct area *area)
{
	int64_t now = inventory_now(inv);

	return area->live ||
	    (area->place.fetched != 0 && area->place.fetched <= now &&
		now - area->place.fetched < INVENTORY_FRESH);
}

bool
inventory_is_unknown(const struct inventory *inv, const struct area *area)
{
	const struct login *l = &inv->logins[area->login];
	int64_t now = inventory_now(inv), tried = area->place.tried;

	if (area->tried || area->place.fetched != 0)
		return false;
	if (l->failed > tried)
		tried = l->failed;
	return tried == 0 || tried > now || now - tried >= INVENTORY_FRESH;
}
