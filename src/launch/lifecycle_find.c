/* SPDX-License-Identifier: ISC */
/* Which instances are meant: asked of AWS, all names before anything is done. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/aws/ec2.h"
#include "pemkeep/inventory/inventory.h"
#include "pemkeep/launch/remove.h"

#include "src/launch/lifecycle_internal.h"

struct finder {
	struct lifecycle *l;
	const char *name;
	size_t first;       /* of this name in the list */
	bool stale;         /* one fits that AWS could not be asked about … */
	char doubtful[160]; /* … and is another one than is named */
	char ended[64], ended_id[32];
	struct cache_instance **copies; /* as long as the list, for the tags */
	struct err *e;
};

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

static void
clear_one(struct lifecycle_instance *i)
{
	free(i->id);
	free(i->name);
	free(i->profile);
	free(i->account);
	free(i->region);
	free(i->zone);
	free(i->launch);
}

void
lifecycle_clear(struct lifecycle *l)
{
	for (size_t i = 0; i < l->count; i++)
		clear_one(&l->list[i]);
	free(l->list);
	l->list = NULL;
	l->count = 0;
}

void
lifecycle_take_address(
    struct lifecycle_instance *i, const struct ec2_instance *row)
{
	const char *address = row->public_ip[0] != '\0' ? row->public_ip
	    : row->ipv6[0] != '\0'                      ? row->ipv6
							: row->private_ip;

	if (strcmp(address, i->address) == 0 ||
	    strlen(address) >= sizeof(i->address))
		return;
	memcpy(i->address, address, strlen(address) + 1);
	i->elastic = address == row->public_ip && ec2_is_elastic(row);
	i->changes = address == row->public_ip && !i->elastic;
}

static bool
copy(struct lifecycle_instance *i, const struct inventory_row *row)
{
	const struct cache_instance *from = row->instance;

	*i = (struct lifecycle_instance){ .id = strdup(from->id),
		.name = strdup(from->name),
		.profile = strdup(row->profile),
		.account = strdup(row->account),
		.region = strdup(row->region),
		.zone = strdup(from->zone),
		.launch = strdup(""),
		.elastic = row->elastic,
		.changes = !row->elastic && row->address[0] != '\0' &&
		    strcmp(row->address, from->public_ip) == 0 };
	(void)snprintf(i->state, sizeof(i->state), "%s", from->state);
	(void)snprintf(i->address, sizeof(i->address), "%s", row->address);
	return i->id != NULL && i->name != NULL && i->profile != NULL &&
	    i->account != NULL && i->region != NULL && i->zone != NULL &&
	    i->launch != NULL;
}

/* "i-…", or with a profile and a region before it. */
static bool
is_by_id(const char *name, const char *id)
{
	size_t len = strlen(name), end = strlen(id);

	return len >= end && strcmp(name + len - end, id) == 0 &&
	    (len == end || name[len - end - 1] == '/');
}

static bool
is_out(struct finder *f, const struct cache_instance *i)
{
	if (strcmp(i->state, "terminated") != 0 &&
	    strcmp(i->state, "shutting-down") != 0)
		return false;
	if (f->l->verb == LIFECYCLE_TERMINATE && is_by_id(f->name, i->id))
		return false;
	(void)snprintf(f->ended, sizeof(f->ended), "%s (%s)", i->id, i->state);
	(void)snprintf(f->ended_id, sizeof(f->ended_id), "%s", i->id);
	return true;
}

static void
take_stale(struct finder *f, const struct inventory_row *row)
{
	const struct cache_instance *i = row->instance;

	f->stale = true;
	if (strcmp(i->state, "terminated") != 0 &&
	    strcmp(i->state, "shutting-down") != 0 && !is_by_id(f->name, i->id))
		(void)snprintf(f->doubtful, sizeof(f->doubtful),
		    "%s (%.64s/%.32s)", i->id, row->profile, row->region);
}

static int
take(void *arg, const struct inventory_row *row)
{
	struct finder *f = arg;
	struct lifecycle *l = f->l;
	struct lifecycle_instance *list;
	struct cache_instance **copies;

	if (!row->live) {
		take_stale(f, row);
		return 0;
	}
	if (is_out(f, row->instance))
		return 0;
	list = reallocarray(l->list, l->count + 1, sizeof(*list));
	if (list == NULL)
		return no_memory(f->e);
	l->list = list;
	copies = reallocarray(f->copies, l->count + 1, sizeof(*copies));
	if (copies == NULL)
		return no_memory(f->e);
	f->copies = copies;
	copies[l->count] = cache_copy(row->instance);
	if (!copy(&list[l->count], row) || copies[l->count] == NULL) {
		clear_one(&list[l->count]);
		free(copies[l->count]);
		return no_memory(f->e);
	}
	l->count++;
	return 0;
}

/* Take the rows from 'first' on out of the list, but for one. */
static void
keep_only(struct finder *f, size_t one)
{
	struct lifecycle *l = f->l;

	for (size_t i = f->first; i < l->count; i++)
		if (i != one) {
			clear_one(&l->list[i]);
			free(f->copies[i]);
		}
	if (one != SIZE_MAX) {
		l->list[f->first] = l->list[one];
		f->copies[f->first] = f->copies[one];
	}
	l->count = f->first + (one != SIZE_MAX);
}

/* Take those of the names before out of the list. */
static void
show_only(struct finder *f)
{
	struct lifecycle *l = f->l;

	for (size_t i = 0; i < l->count; i++)
		if (i < f->first) {
			clear_one(&l->list[i]);
			free(f->copies[i]);
		} else {
			l->list[i - f->first] = l->list[i];
			f->copies[i - f->first] = f->copies[i];
		}
	l->count -= f->first;
	f->first = 0;
}

/* One that was named before. */
static void
drop_known(struct finder *f)
{
	struct lifecycle *l = f->l;
	size_t kept = f->first;

	for (size_t i = f->first; i < l->count; i++) {
		bool known = false;

		for (size_t k = 0; k < kept; k++)
			known |= strcmp(l->list[k].id, l->list[i].id) == 0 &&
			    strcmp(l->list[k].region, l->list[i].region) == 0;
		if (known) {
			clear_one(&l->list[i]);
			free(f->copies[i]);
			continue;
		}
		l->list[kept] = l->list[i];
		f->copies[kept++] = f->copies[i];
	}
	l->count = kept;
}

/* The only one that the verb has anything to do for, or SIZE_MAX. */
static size_t
only_one(const struct finder *f)
{
	const struct lifecycle *l = f->l;
	const char *a = l->verb == LIFECYCLE_START ? "stopped" : "running";
	const char *b = l->verb == LIFECYCLE_START ? "stopping" : "pending";
	size_t one = SIZE_MAX;

	if (l->verb == LIFECYCLE_TERMINATE)
		return SIZE_MAX;
	for (size_t i = f->first; i < l->count; i++) {
		if (strcmp(l->list[i].state, a) != 0 &&
		    strcmp(l->list[i].state, b) != 0)
			continue;
		if (one != SIZE_MAX)
			return SIZE_MAX;
		one = i;
	}
	return one;
}

static int
not_found(const struct finder *f, struct err *e)
{
	const struct inventory_trouble *troubles;
	size_t count;

	troubles = inventory_troubles(f->l->inventory, &count);
	if (f->stale && count > 0) {
		*e = troubles[0].error;
		return (int)e->code;
	}
	if (!inventory_configured(f->l->inventory)) {
		err_set(e, ERR_NOT_FOUND,
		    "there is no EC2 instance '%s': no AWS account is "
		    "configured here",
		    f->name);
		err_hint(e, "aws configure, or set AWS_PROFILE");
		return ERR_NOT_FOUND;
	}
	if (f->ended[0] != '\0')
		err_set(
		    e, ERR_NOT_FOUND, "'%s' is over: %s", f->name, f->ended);
	else
		err_set(e, ERR_NOT_FOUND, "there is no EC2 instance '%s'%s",
		    f->name,
		    inventory_is_pattern(f->name) ? " (a pattern)" : "");
	if (f->ended[0] != '\0' && f->l->verb == LIFECYCLE_TERMINATE)
		err_hint(e,
		    "pemkeep terminate %s removes what was launched with it, "
		    "if any of that is left",
		    f->ended_id);
	else
		err_hint(e,
		    "pemkeep list --refresh shows what there is; --region and "
		    "--profile where to look");
	return ERR_NOT_FOUND;
}

/* What is the only one now is so because the others do not answer. */
static int
doubtful(struct finder *f, struct err *e)
{
	show_only(f);
	err_set(e, ERR_AMBIGUOUS,
	    "'%s' may also mean %s, about which AWS could not be asked",
	    f->name, f->doubtful);
	err_hint(e, "say which: pemkeep %s %s", lifecycle_name(f->l->verb),
	    f->l->list[0].id);
	return ERR_AMBIGUOUS;
}

static int
find_one(struct finder *f, struct err *e)
{
	struct lifecycle *l = f->l;
	size_t one, found;
	int r;

	f->first = l->count;
	f->stale = false;
	f->doubtful[0] = '\0';
	f->ended[0] = '\0';
	r = inventory_list(l->inventory, &f->name, 1, NULL, 0, take, f, e);
	if (r != 0)
		return r;
	found = l->count - f->first;
	if (found == 0)
		return not_found(f, e);
	if (f->doubtful[0] != '\0' && !inventory_is_pattern(f->name))
		return doubtful(f, e);
	if (found > 1 && !inventory_is_pattern(f->name)) {
		if ((one = only_one(f)) == SIZE_MAX) {
			show_only(f);
			err_set(e, ERR_AMBIGUOUS, "'%s' means %zu instances",
			    f->name, found);
			err_hint(e, "say which: pemkeep %s %s",
			    lifecycle_name(l->verb), l->list[0].id);
			return ERR_AMBIGUOUS;
		}
		keep_only(f, one);
	}
	drop_known(f);
	return 0;
}

static int
take_tag(void *arg, const char *key, const char *value)
{
	struct lifecycle_instance *i = arg;
	char *text;

	if (strcmp(key, REMOVE_TAG) != 0)
		return 0;
	if ((text = strdup(value)) == NULL)
		return ERR_NOMEM;
	free(i->launch);
	i->launch = text;
	return 0;
}

int
lifecycle_find(
    struct lifecycle *l, const char *const *names, size_t count, struct err *e)
{
	struct finder f = { .l = l, .e = e };
	int r = inventory_refresh_for(l->inventory, names, count, e);

	for (size_t i = 0; i < count && r == 0; i++) {
		f.name = names[i];
		r = find_one(&f, e);
	}
	for (size_t i = 0; i < l->count && r == 0; i++)
		r = inventory_tags(
		    l->inventory, f.copies[i], take_tag, &l->list[i], e);
	if (r == ERR_NOMEM)
		(void)no_memory(e);
	for (size_t i = 0; i < l->count; i++)
		free(f.copies[i]);
	free(f.copies);
	return r;
}
