/* SPDX-License-Identifier: ISC */

/*
 * What a login has taught, and could not be known before.  It is help for the
 * next one: where it cannot be kept, that is no failure of this one.
 */

#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/inventory/learned.h"

#include "src/cli/cli.h"
#include "src/cli/connect_cloud.h"

static void
keep(const struct connect_cloud *c, const char *id, const char *user,
    const char *key)
{
	struct err e;

	if (*id != '\0' && learned_set(NULL, id, user, key, &e) != 0 &&
	    c->options->verbose)
		out_warning(e.text, e.hint);
}

/* Would nobody have known it? */
static bool
is_unknown(struct connect_cloud *c)
{
	const struct target_instance *i = &c->target->instance;
	struct inventory_question q = {
		.argument = i->id, .instance = i->id, .region = i->region
	};
	struct target plain;
	bool unknown;

	unknown = cloud_resolve(&c->cloud, &q, &plain, NULL) == 0 &&
	    plain.user.value == NULL;
	target_clear(&plain);
	return unknown;
}

static void
learn_user(struct connect_cloud *c, const struct connect_user *u)
{
	const struct target *t = c->target;
	bool given = t->user.value != NULL &&
	    (strcmp(t->user.source, "-l") == 0 ||
		strcmp(t->user.source, "given with the name") == 0);

	if (u->name[0] != '\0' && (!given || strcmp(u->name, "root") != 0)) {
		keep(c, t->instance.id, u->name, NULL);
		if (strcmp(u->name, "root") != 0)
			keep(c, t->instance.image_id, u->name, NULL);
	} else if (given && is_unknown(c)) {
		keep(c, t->instance.id, t->user.value, NULL);
	}
}

static void
say_key(const struct connect_cloud *c, const struct target_key *worked)
{
	if (!c->options->quiet && c->options->key == NULL &&
	    strncmp(worked->source, "learned", 7) != 0)
		out_say(c->cli, "The key '%s' was taken, '%s' was not.",
		    worked->name, c->target->keys[0].name);
}

/* The first is tried first next time, too, unless it was chosen by hand. */
static void
learn_key(const struct connect_cloud *c)
{
	const struct target_key *worked;
	size_t n;

	if (!connect_keys_used(c->keys, &n) ||
	    (n == 0 && c->options->key == NULL))
		return;
	worked = &c->target->keys[n];
	if (n > 0)
		say_key(c, worked);
	if (worked->fingerprint[0] != '\0')
		keep(c, c->target->instance.id, NULL, worked->fingerprint);
}

void
connect_learn(struct connect_cloud *c, const struct connect_user *u)
{
	if (!connect_cloud_is(c))
		return;
	learn_user(c, u);
	learn_key(c);
}
