/* SPDX-License-Identifier: ISC */
/*
 * From an instance to a target.  Every value says where it is from; what nobody
 * knows stays empty and says that, so that the server can be asked.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/inventory/ami_users.h"
#include "pemkeep/inventory/learned.h"

#include "src/inventory/find.h"
#include "src/inventory/hosts_internal.h"
#include "src/inventory/inventory_internal.h"
#include "src/inventory/target_internal.h"

static const char *const found_by[] = {
	[CACHE_ALL] = "EC2",
	[CACHE_NAME] = "Name tag",
	[CACHE_ID] = "instance id",
	[CACHE_ADDRESS] = "address of the instance",
	[CACHE_DNS] = "DNS name of the instance",
	[CACHE_GLOB] = "Name tag that matches",
	[CACHE_TAG] = "tag",
};

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

/* "EC2, profile 'x', eu-west-1, 3 min ago". */
static void
put_origin(struct buf *b, const struct inventory *inv, const struct found *f)
{
	const struct area *a = &inv->areas[f->area];
	int64_t age = inventory_now(inv) - a->place.fetched;

	buf_printf(b, "EC2, profile '%s', %s, ", inv->logins[a->login].name,
	    a->region);
	if (a->live || f->live)
		buf_put_text(b, "asked now");
	else if (age < 60)
		buf_printf(b, "%" PRId64 " s ago", age > 0 ? age : 0);
	else if (age < 2 * 60 * 60)
		buf_printf(b, "%" PRId64 " min ago", age / 60);
	else
		buf_printf(b, "%" PRId64 " h ago", age / (60 * 60));
}

struct target_found_address
target_address(const struct cache_instance *i, bool private_only)
{
	if (private_only)
		return (struct target_found_address){ i->private_ip,
			TARGET_PRIVATE, "private IPv4, as configured" };
	if (i->elastic[0] != '\0')
		return (struct target_found_address){ i->elastic,
			TARGET_ELASTIC, "Elastic IP" };
	if (i->public_ip[0] != '\0' && i->owned_ip)
		return (struct target_found_address){ i->public_ip,
			TARGET_ELASTIC, "Elastic IP" };
	if (i->public_ip[0] != '\0')
		return (struct target_found_address){ i->public_ip,
			TARGET_PUBLIC,
			"public IPv4; another one after the next stop" };
	if (i->ipv6[0] != '\0')
		return (struct target_found_address){ i->ipv6, TARGET_IPV6,
			"IPv6" };
	return (struct target_found_address){ i->private_ip, TARGET_PRIVATE,
		"private IPv4; there is no way to it from outside its "
		"network" };
}

static int
set_addresses(struct target *t, const struct inventory_question *q,
    const struct cache_instance *i, struct err *e)
{
	struct target_found_address a = target_address(i, q->private_address);
	int r = 0;

	t->address_kind = a.kind;
	if (a.address[0] != '\0')
		r = target_add(
		    &t->addresses, &t->address_count, a.address, a.source, e);
	if (r == 0 && i->ipv6[0] != '\0' && a.kind != TARGET_IPV6 &&
	    a.kind != TARGET_PRIVATE)
		r = target_add(
		    &t->addresses, &t->address_count, i->ipv6, "IPv6", e);
	if (r == 0)
		r = target_add(&t->host_keys, &t->host_key_count, i->id,
		    "the instance id", e);
	return r;
}

/* What the table says of the image, or of the one that it was made of. */
static const struct ami_user *
user_of_image(
    const struct cache_instance *i, enum ami_reason *reason, const char **image)
{
	struct ami_facts facts = { .name = i->image_name,
		.owner = i->image_owner,
		.platform = i->platform,
		.details = i->details };
	const struct ami_user *found = NULL;
	enum ami_reason parent;

	*image = i->image_name[0] != '\0' ? i->image_name : i->image;
	found = ami_users_find(&facts, reason);
	if (i->parent_name[0] == '\0' ||
	    (found != NULL && *reason != AMI_DETAILS))
		return found;
	facts.name = i->parent_name;
	facts.owner = i->parent_owner;
	if (ami_users_find(&facts, &parent) == NULL)
		return found;
	*image = i->parent_name;
	return ami_users_find(&facts, reason);
}

/* The tag, what was learned of the instance, of its image; NULL. */
static const char *
known_user(const struct inventory *inv, const struct cache_instance *i,
    struct buf *source)
{
	const struct learned mine = learned_find(inv->learned, i->id);
	const struct learned image = learned_find(inv->learned, i->image);

	if (i->user[0] != '\0' && hosts_is_user(i->user)) {
		buf_put_text(source, "tag of the instance");
		return i->user;
	}
	if (mine.user != NULL)
		buf_printf(source, "learned: %s:%lu",
		    learned_path(inv->learned), mine.line);
	else if (image.user != NULL)
		buf_printf(source, "learned of its image: %s:%lu",
		    learned_path(inv->learned), image.line);
	return mine.user != NULL ? mine.user : image.user;
}

const char *
target_user(const struct inventory *inv, const struct cache_instance *i,
    struct buf *source)
{
	const char *user = known_user(inv, i, source), *image;
	const struct ami_user *found;
	enum ami_reason reason;

	if (user != NULL)
		return user;
	found = user_of_image(i, &reason, &image);
	if (found != NULL)
		buf_printf(source, "%s, by %s ('%s')%s%s", found->family,
		    ami_users_reason(reason),
		    reason == AMI_PLATFORM || reason == AMI_DETAILS ? i->details
								    : image,
		    found->note != NULL ? "; " : "",
		    found->note != NULL ? found->note : "");
	else if (i->image_name[0] != '\0')
		buf_printf(source,
		    "not known: the AMI '%s' of %s is none of the usual ones",
		    i->image_name, i->image_owner);
	else
		buf_printf(source,
		    "not known: AWS does not say what the AMI '%s' is",
		    i->image);
	return found != NULL ? found->user : NULL;
}

static int
set_login(struct target *t, const struct inventory_question *q,
    const struct cache_instance *i, struct err *e)
{
	struct buf source = BUF_INIT;
	const char *user;
	unsigned port = inventory_port(i->port);
	int r = 0;

	if (t->port == 0 && port != 0)
		r = target_set_port(t, port, e, "tag ssh-port");
	if (r == 0 && t->user.value == NULL) {
		user = target_user(q->inventory, i, &source);
		r = buf_ok(&source)
		    ? target_set(&t->user, user, e, "%s", buf_text(&source))
		    : no_memory(e);
	}
	buf_free(&source);
	return r;
}

static int
describe(struct target_instance *to, const struct inventory *inv,
    const struct found *f, bool private_only, struct err *e)
{
	const struct cache_instance *i = f->instance;
	const struct area *a = &inv->areas[f->area];
	const struct login *l = &inv->logins[a->login];
	const struct {
		char **to;
		const char *text;
	} texts[] = {
		{ &to->id, i->id },
		{ &to->name, i->name },
		{ &to->profile, l->name },
		{ &to->region, a->region },
		{ &to->account, l->account },
		{ &to->state, i->state },
		{ &to->zone, i->zone },
		{ &to->type, i->type },
		{ &to->vpc, i->vpc },
		{ &to->platform, i->platform },
		{ &to->image_id, i->image },
		{ &to->image_name, i->image_name },
		{ &to->key_pair, i->key_pair },
		{ &to->address, target_address(i, private_only).address },
	};
	int r = 0;

	to->launched = i->launched;
	for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++)
		if ((*texts[k].to = strdup(texts[k].text)) == NULL)
			r = no_memory(e);
	return r;
}

int
target_from_instance(struct target *t, const struct inventory_question *q,
    const struct found *f, struct err *e)
{
	const struct inventory *inv = q->inventory;
	const struct cache_instance *i = f->instance;
	struct buf origin = BUF_INIT;
	int r;

	put_origin(&origin, inv, f);
	t->live = inv->areas[f->area].live || f->live;
	t->fetched = inv->areas[f->area].place.fetched;
	if (!buf_ok(&origin))
		r = no_memory(e);
	else if ((r = target_set(&t->name, i->name[0] != '\0' ? i->name : i->id,
		      e, "%s", found_by[f->by])) == 0 &&
	    (r = target_set(&t->id, i->id, e, "%s", buf_text(&origin))) == 0 &&
	    (r = describe(&t->instance, inv, f, q->private_address, e)) == 0 &&
	    (r = set_addresses(t, q, i, e)) == 0)
		r = set_login(t, q, i, e);
	buf_free(&origin);
	return r;
}

/* "1 stopped instance fits, too". */
int
target_note(struct target *t, const struct found_list *list, size_t chosen,
    struct err *e)
{
	struct buf b = BUF_INIT;
	int r = 0;

	if (list->count < 2)
		return 0;
	buf_printf(&b, "%s is the one that is up of %zu that fit:",
	    list->list[chosen].instance->id, list->count);
	for (size_t i = 0; i < list->count && i < 5; i++)
		if (i != chosen)
			buf_printf(&b, " %s (%s)", list->list[i].instance->id,
			    list->list[i].instance->state);
	if (!buf_ok(&b) || (t->note = strdup(buf_text(&b))) == NULL)
		r = no_memory(e);
	buf_free(&b);
	return r;
}

int
target_ambiguous(struct target *t, const struct inventory_question *q,
    const char *name, const struct found_list *list, struct err *e)
{
	size_t n = list->count < TARGET_CANDIDATES_MAX ? list->count
						       : TARGET_CANDIDATES_MAX;
	int r = 0;

	t->candidates = calloc(n, sizeof(*t->candidates));
	if (t->candidates == NULL)
		return no_memory(e);
	for (; t->candidate_count < n && r == 0; t->candidate_count++)
		r = describe(&t->candidates[t->candidate_count], q->inventory,
		    &list->list[t->candidate_count], q->private_address, e);
	if (r != 0)
		return r;
	err_set(e, ERR_AMBIGUOUS, "'%s' is %s%zu instances", name,
	    list->count == FIND_MAX ? "more than " : "", list->count);
	err_hint(e, "name one by its id");
	return ERR_AMBIGUOUS;
}
