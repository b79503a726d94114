/* SPDX-License-Identifier: ISC */

/*
 * From a name to an instance, and again when the cache turns out to be wrong.
 * While a connection is under way the target stays as it is, since the connection
 * looks at it: what AWS says then waits in 'fresh'.
 */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/inventory/inventory.h"

#include "src/cli/cli.h"
#include "src/cli/connect_cloud.h"

int
connect_cloud_open(struct connect_cloud *c, const struct cli *cli,
    const struct connect_options *o, struct connect_keys *keys,
    struct connect_hosts *hosts, struct target *target, struct err *e)
{
	int r;

	c->cli = cli;
	c->options = o;
	c->keys = keys;
	c->hosts = hosts;
	c->target = target;
	r = cloud_open(&c->cloud, cli, e);
	c->cloud.quiet |= o->quiet;
	return r;
}

void
connect_cloud_close(struct connect_cloud *c)
{
	connect_proof_clear(c);
	target_clear(&c->fresh);
	if (c->cli != NULL)
		cloud_close(&c->cloud);
	memset(c, 0, sizeof(*c));
}

bool
connect_cloud_is(const struct connect_cloud *c)
{
	return c->target != NULL && c->target->instance.id != NULL;
}

void
connect_cloud_name(const struct connect_cloud *c, struct buf *b)
{
	const struct target_instance *i = &c->target->instance;

	inventory_put_name(b, i->name, i->id);
}

static void
ask_for(const struct connect_cloud *c, struct inventory_question *q)
{
	const struct connect_options *o = c->options;
	const struct vault_keys *keys = &c->keys->vault;

	*q = (struct inventory_question){
		.argument = o->host,
		.user = o->login,
		.port = o->port,
		.key = o->file == NULL ? o->key : NULL,
		.keys = keys->list,
		.key_count = keys->count,
		.keys_known = keys->known,
	};
}

int
connect_cloud_find(struct connect_cloud *c, struct err *e)
{
	struct target *t = c->target, found;
	struct inventory_question q;
	int r;

	ask_for(c, &q);
	if (!connect_cloud_is(c)) {
		r = cloud_choose(&c->cloud, &q, &found, e);
	} else {
		q.instance = t->instance.id;
		q.region = t->instance.region;
		r = cloud_resolve(&c->cloud, &q, &found, e);
		/* What is in the cache is not older than that. */
		found.live |= t->live;
	}
	target_clear(t);
	*t = found;
	return r;
}

/*
 * What AWS says now, into 'fresh'.  The name may mean another instance by now;
 * but the one that somebody has chosen among several stays.
 */
static int
ask_again(struct connect_cloud *c, struct err *e)
{
	const struct target_instance *i = &c->target->instance;
	struct inventory_question q;
	int r;

	ask_for(c, &q);
	q.live = q.anew = true;
	target_clear(&c->fresh);
	r = cloud_resolve(&c->cloud, &q, &c->fresh, e);
	if (r == ERR_AMBIGUOUS) {
		target_clear(&c->fresh);
		q.instance = i->id;
		q.region = i->region;
		r = cloud_resolve(&c->cloud, &q, &c->fresh, e);
	}
	if (r != 0 || (c->fresh.instance.id != NULL && c->fresh.live))
		return r;
	err_set(e, ERR_NOT_FOUND, "'%s' does not lead to '%s' any more",
	    c->options->host, i->id);
	err_hint(e, "connect %s", i->id);
	return ERR_NOT_FOUND;
}

static bool
is_same(const struct connect_cloud *c)
{
	return strcmp(c->fresh.instance.id, c->target->instance.id) == 0 &&
	    strcmp(c->fresh.instance.region, c->target->instance.region) == 0;
}

static void
say_other(const struct connect_cloud *c)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "'%s' is %s now, no longer %s", c->options->host,
	    c->fresh.instance.id, c->target->instance.id);
	out_warning(buf_text(&b), "");
	buf_free(&b);
}

/* Go on with what AWS has said. */
static int
adopt(struct connect_cloud *c, struct err *e)
{
	bool same = is_same(c);
	int r;

	if (!same)
		say_other(c);
	target_clear(c->target);
	*c->target = c->fresh;
	memset(&c->fresh, 0, sizeof(c->fresh));
	if (!same) {
		connect_proof_clear(c);
		c->asked_types = c->agreed = false;
	}
	if ((r = connect_hosts_name(c->hosts, c->target, same, e)) != 0)
		return r;
	return connect_keys_choose(c->keys, c->target, e);
}

int
connect_cloud_look(struct connect_cloud *c, struct err *e)
{
	int r = ask_again(c, e);

	return r == 0 ? adopt(c, e) : r;
}

static bool
has_address(const struct target *t, const char *address)
{
	for (size_t i = 0; i < t->address_count; i++)
		if (strcmp(t->addresses[i].value, address) == 0)
			return true;
	return false;
}

int
connect_cloud_confirm(
    struct connect_cloud *c, const char *address, struct err *e)
{
	struct buf name = BUF_INIT;
	struct err why;
	int r = 0;

	if (c->target->live)
		return 0;
	connect_cloud_name(c, &name);
	if ((r = ask_again(c, &why)) == ERR_INTERRUPTED) {
		*e = why;
	} else if (r != 0) {
		err_set(e, ERR_UNTRUSTED,
		    "the address %s of %s is from the cache, and may be "
		    "somebody else's by now: %s",
		    address, buf_text(&name), why.text);
		err_hint(e, "%s", why.hint);
	} else if (is_same(c) && has_address(&c->fresh, address)) {
		c->target->live = true;
	} else {
		c->moved = true;
		r = err_set(e, ERR_UNTRUSTED, "%s is not at %s any more",
		    buf_text(&name), address);
	}
	buf_free(&name);
	return r;
}

/* What did not answer, or is not there, was the cache's idea of it. */
static bool
is_worth_asking(const struct connect_cloud *c, int r)
{
	return (r == ERR_NETWORK || c->target->address_count == 0) &&
	    !c->target->live && !c->patient && c->hosts->accepted.len == 0;
}

bool
connect_cloud_again(struct connect_cloud *c, int r, struct err *e)
{
	struct err why;

	if (r == 0 || !connect_cloud_is(c))
		return false;
	if (c->other_type) {
		c->other_type = false;
		connect_proof_types(c);
		return true;
	}
	if (!c->moved) {
		if (!is_worth_asking(c, r))
			return false;
		if ((r = ask_again(c, &why)) != 0) {
			if (r != ERR_NETWORK && r != ERR_REFUSED) {
				*e = why;
				return false;
			}
			out_warning(why.text, why.hint);
			return c->patient = true;
		}
	}
	c->moved = false;
	return adopt(c, e) == 0;
}
