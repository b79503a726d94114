/* SPDX-License-Identifier: ISC */

/*
 * The first contact with an instance: only its root writes to its console, and
 * only AWS shows that.  So a key that stands there is the instance's, and when
 * there are only others, somebody else answers.
 */

#include <string.h>

#include "pemkeep/aws/ec2.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/inventory/inventory.h"

#include "src/cli/cli.h"
#include "src/cli/connect_cloud.h"

void
connect_proof_clear(struct connect_cloud *c)
{
	console_clear(&c->console);
	c->console_asked = false;
}

void
connect_proof_types(const struct connect_cloud *c)
{
	struct connect_hosts *h = c->hosts;
	const size_t most = sizeof(h->type_list) / sizeof(h->type_list[0]);

	for (h->type_count = 0;
	     h->type_count < c->console.count && h->type_count < most;
	     h->type_count++)
		h->type_list[h->type_count] =
		    c->console.keys[h->type_count].type;
}

/* Once for each instance: what it shows does not change while we look. */
int
connect_proof_read(struct connect_cloud *c, struct err *e)
{
	const struct target_instance *i = &c->target->instance;
	struct err *why = &c->console_trouble;
	int r;

	if (c->console_asked)
		return 0;
	memset(why, 0, sizeof(*why));
	cloud_begin(&c->cloud);
	r = ec2_host_keys(c->cloud.aws,
	    inventory_profile(c->cloud.inventory, i->profile), i->region, i->id,
	    &c->console, why);
	cloud_end(&c->cloud);
	if (r == ERR_INTERRUPTED || r == ERR_NOMEM) {
		*e = *why;
		return r;
	}
	c->console_asked = true;
	return 0;
}

static bool
shows_key(const struct console_keys *keys, const struct ssh_host_key *key)
{
	for (size_t i = 0; i < keys->count; i++)
		if (keys->keys[i].len == key->len &&
		    memcmp(keys->keys[i].blob, key->blob, key->len) == 0)
			return true;
	return false;
}

static bool
shows_print(const struct console_keys *keys, const char *print)
{
	for (size_t i = 0; i < keys->fingerprint_count; i++)
		if (strcmp(keys->fingerprints[i], print) == 0)
			return true;
	return false;
}

static bool
shows_type(const struct console_keys *keys, const char *type)
{
	for (size_t i = 0; i < keys->count; i++)
		if (strcmp(keys->keys[i].type, type) == 0)
			return true;
	return false;
}

/* The key that was shown, and those of other types that it will show one day. */
static void
remember(struct connect_cloud *c, const struct ssh_host_key *key)
{
	connect_hosts_remember(c->hosts, key);
	for (size_t i = 0; i < c->console.count; i++) {
		const struct console_key *k = &c->console.keys[i];
		const struct ssh_host_key other = { k->type, k->blob, k->len };

		if (strcmp(k->type, key->type) != 0)
			connect_hosts_remember(c->hosts, &other);
	}
}

static void
say_proven(const struct connect_cloud *c, const char *print)
{
	struct buf name = BUF_INIT;

	connect_cloud_name(c, &name);
	if (!c->options->quiet)
		out_say(c->cli,
		    "The host key of %s is proven by its console: %s",
		    buf_text(&name), print);
	buf_free(&name);
}

static int
alarm_about(const struct connect_cloud *c, const struct ssh_host_key *key,
    const char *print, struct err *e)
{
	struct buf name = BUF_INIT;

	connect_cloud_name(c, &name);
	err_set(e, ERR_UNTRUSTED,
	    "the host key at %s is NOT one that the console of %s shows: it is "
	    "%s %s; somebody may be in between",
	    c->hosts->address, buf_text(&name), key->type, print);
	err_hint(e,
	    "only if its keys were changed on purpose since it was launched: "
	    "get the right ones on another way, and add them to known_hosts "
	    "as '%s'",
	    c->target->instance.id);
	buf_free(&name);
	return ERR_UNTRUSTED;
}

int
connect_proof(struct connect_cloud *c, const struct ssh_host_key *key,
    const char *print, struct buf *why, struct err *e)
{
	const struct console_keys *keys = &c->console;
	int r;

	if ((r = connect_proof_read(c, e)) != 0)
		return r;
	if (shows_key(keys, key) || shows_print(keys, print)) {
		say_proven(c, print);
		remember(c, key);
		return 1;
	}
	if (keys->count == 0 && keys->fingerprint_count == 0) {
		buf_printf(why,
		    "its console, which would prove its host key, %s%s",
		    c->console_trouble.code != ERR_OK ? "could not be read: "
						      : "does not show any",
		    c->console_trouble.text);
		return 0;
	}
	if (keys->count > 0 && !shows_type(keys, key->type) &&
	    !c->asked_types) {
		c->other_type = c->asked_types = true;
		return err_set(e, ERR_UNTRUSTED,
		    "the console shows host keys of other types only");
	}
	return alarm_about(c, key, print, e);
}
