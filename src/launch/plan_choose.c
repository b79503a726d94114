/* SPDX-License-Identifier: ISC */
/*
 * Type, zone and subnet, which depend on each other: not every zone has every
 * type, and a type runs images of its own architecture only.
 */

#include <string.h>

#include "pemkeep/base/err.h"

#include "src/launch/plan_internal.h"

/* Which of them is free depends on the region and on the account's age. */
const char *const plan_free_types[] = { "t2.micro", "t3.micro", "t4g.micro",
	NULL };

static bool
fits(const struct plan *p, const struct plan_type *t)
{
	const char *architecture = p->launch->architecture;

	if (strcmp(architecture, "x86_64") == 0)
		return t->fits[0];
	return strcmp(architecture, "arm64") == 0 && t->fits[1];
}

static bool
is_offered(const struct plan *p, const char *type, const char *zone)
{
	for (size_t i = 0; i < p->place_count; i++)
		if (strcmp(p->places[i].type, type) == 0 &&
		    strcmp(p->places[i].zone, zone) == 0)
			return true;
	return false;
}

/* The first zone, by name, that has the type. */
static const struct plan_subnet *
find_subnet(const struct plan *p, const char *type)
{
	const struct plan_subnet *found = NULL;

	for (size_t i = 0; i < p->subnet_count; i++) {
		const struct plan_subnet *s = &p->subnets[i];

		if (is_offered(p, type, s->zone) &&
		    (found == NULL || strcmp(s->zone, found->zone) < 0))
			found = s;
	}
	return found;
}

static const struct plan_type *
find_type(const struct plan *p, const char *name)
{
	for (size_t i = 0; i < p->type_count; i++)
		if (strcmp(p->types[i].name, name) == 0)
			return &p->types[i];
	return NULL;
}

static int
take(struct plan *p, const struct plan_type *t, const struct plan_subnet *s,
    struct err *e)
{
	struct launch *l = p->launch;
	int r;

	if ((r = launch_set(&l->type, t->name, e)) != 0 ||
	    (r = launch_set(&l->subnet, s->id, e)) != 0 ||
	    (r = launch_set(&l->vpc, p->vpc, e)) != 0 ||
	    (r = launch_set(&l->zone, s->zone, e)) != 0)
		return r;
	l->free_tier = t->free_tier;
	l->cpus = t->cpus;
	l->mebibytes = t->mebibytes;
	l->public_subnet = s->public_ip;
	return 0;
}

static int
no_place(const struct plan *p, const char *type, struct err *e)
{
	if (p->wish->subnet != NULL)
		err_set(e, ERR_UNSUPPORTED,
		    "'%s' is not offered in %s, the zone of '%s'", type,
		    p->subnets[0].zone, p->wish->subnet);
	else if (p->subnet_count == 0)
		err_set(e, ERR_NOT_FOUND,
		    "the default VPC '%s' has no default subnet", p->vpc);
	else
		err_set(e, ERR_UNSUPPORTED,
		    "'%s' is not offered in a zone of %s that has a default "
		    "subnet",
		    type, p->launch->region);
	err_hint(e, "--subnet SUBNET of another zone, or another --type");
	return (int)e->code;
}

static int
take_asked(struct plan *p, struct err *e)
{
	const char *wanted = p->wish->type;
	const struct plan_type *t = find_type(p, wanted);
	const struct plan_subnet *s;

	if (t == NULL)
		return err_set(e, ERR_NOT_FOUND, "there is no type '%s' in %s",
		    wanted, p->launch->region);
	if (!fits(p, t)) {
		err_set(e, ERR_UNSUPPORTED,
		    "the image '%s' is for %s, and '%s' is not", p->wish->image,
		    p->launch->architecture, wanted);
		err_hint(e,
		    "leave --type out, or take an image for %s (aliases have "
		    "it as -arm64)",
		    t->fits[1] ? "arm64" : "x86_64");
		return ERR_UNSUPPORTED;
	}
	s = find_subnet(p, wanted);
	return s != NULL ? take(p, t, s, e) : no_place(p, wanted, e);
}

int
plan_choose_place(struct plan *p, struct err *e)
{
	const struct plan_type *t = NULL;
	const struct plan_subnet *s;

	if (p->wish->type != NULL)
		return take_asked(p, e);
	for (size_t i = 0; plan_free_types[i] != NULL; i++) {
		const struct plan_type *one = find_type(p, plan_free_types[i]);

		if (one == NULL || !fits(p, one))
			continue;
		t = one;
		if ((s = find_subnet(p, t->name)) != NULL)
			return take(p, t, s, e);
	}
	if (t != NULL)
		return no_place(p, t->name, e);
	err_set(e, ERR_UNSUPPORTED,
	    "no small type of %s runs the image '%s' (%s)", p->launch->region,
	    p->wish->image, p->launch->architecture);
	err_hint(e, "say which: --type TYPE");
	return ERR_UNSUPPORTED;
}
