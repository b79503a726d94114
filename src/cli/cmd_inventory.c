/* SPDX-License-Identifier: ISC */

/*
 * pemkeep inventory: what Ansible asks of an inventory script.  It is started by
 * Ansible, again and again: it asks nobody, and of the vault it knows what an
 * agent tells that is unlocked.
 *
 * Ansible evaluates "{{ … }}" in variables, with programs in them: a text that
 * has such a thing is left out.
 */

#include <string.h>

#include "pemkeep/base/err.h"
#include "pemkeep/base/json.h"
#include "pemkeep/inventory/cache.h"
#include "pemkeep/inventory/inventory.h"

#include "src/cli/bridge.h"
#include "src/cli/cli.h"
#include "src/cli/commands.h"
#include "src/cli/inventory_groups.h"

static const char *
name_of(const struct bridge_host *h)
{
	return h->label != NULL ? h->label : bridge_id(h);
}

/* Those that can be reached; a host that is off is no failure of a play. */
static bool
is_wanted(const struct bridge_host *h)
{
	return h->up && name_of(h) != NULL;
}

static bool
is_template(const char *text)
{
	return strstr(text, "{{") != NULL || strstr(text, "{%") != NULL ||
	    strstr(text, "{#") != NULL;
}

static void
set_text(struct json *o, const char *key, const char *text)
{
	if (*text != '\0' && !is_template(text) && !is_template(key))
		json_set_text(o, key, text);
}

/* Quotes for Ansible, which splits as a shell does: our paths have none. */
static void
put_argument(void *arg, const char *key, const char *value)
{
	struct buf *b = arg;

	if (strcmp(key, "Port") != 0 && strcmp(key, "User") != 0)
		buf_printf(
		    b, "%s-o '%s=%s'", b->len > 0 ? " " : "", key, value);
}

static int
add_tag(void *arg, const char *key, const char *value)
{
	set_text(arg, key, value);
	return 0;
}

static struct json *
facts_of(struct bridge *b, const struct bridge_host *h)
{
	const struct cache_instance *i = h->instance;
	struct json *o = json_new_object(), *tags = json_new_object();

	set_text(o, "id", i->id);
	set_text(o, "name", i->name);
	set_text(o, "state", i->state);
	set_text(o, "profile", h->profile);
	set_text(o, "region", h->region);
	set_text(o, "zone", i->zone);
	set_text(o, "type", i->type);
	set_text(o, "image", i->image);
	set_text(o, "image_name", i->image_name);
	set_text(o, "key_pair", i->key_pair);
	set_text(o, "public_address", i->public_ip);
	set_text(o, "private_address", i->private_ip);
	(void)inventory_tags(b->cloud.inventory, i, add_tag, tags, NULL);
	json_set(o, "tags", tags);
	return o;
}

static struct json *
vars_of(struct bridge *b, const struct bridge_host *h)
{
	struct json *o = json_new_object();
	struct buf args = BUF_INIT;

	json_set_text(o, "ansible_host",
	    h->address[0] != '\0' ? h->address : bridge_id(h));
	json_set_int(o, "ansible_port", h->port);
	if (h->user[0] != '\0')
		json_set_text(o, "ansible_user", h->user);
	bridge_settings(b, h, true, put_argument, &args);
	json_set_text(o, "ansible_ssh_common_args", buf_text(&args));
	if (h->instance != NULL)
		json_set(o, "pemkeep", facts_of(b, h));
	buf_free(&args);
	return o;
}

struct tagger {
	struct inventory_groups *groups;
	const char *host;
};

static int
group_tag(void *arg, const char *key, const char *value)
{
	const struct tagger *t = arg;

	if (strcmp(key, "Name") != 0)
		inventory_groups_add(t->groups, t->host, "tag", key, value);
	return 0;
}

static void
group(struct bridge *b, const struct bridge_host *h, struct inventory_groups *g)
{
	struct tagger t = { g, name_of(h) };

	if (h->instance == NULL) {
		inventory_groups_add(g, t.host, "profile", "hosts", NULL);
		return;
	}
	inventory_groups_add(g, t.host, "profile", h->profile, NULL);
	inventory_groups_add(g, t.host, "region", h->region, NULL);
	(void)inventory_tags(
	    b->cloud.inventory, h->instance, group_tag, &t, NULL);
}

static int
put_list(struct bridge *b, struct err *e)
{
	struct json *top = json_new_object(), *meta = json_new_object();
	struct json *vars = json_new_object(), *all = json_new_object();
	struct json *hosts = json_new_array(), *names = json_new_array();
	struct inventory_groups groups = { .list = NULL };
	bool done;

	for (size_t i = 0; i < b->count; i++) {
		const struct bridge_host *h = &b->list[i];

		if (!is_wanted(h))
			continue;
		json_set(vars, name_of(h), vars_of(b, h));
		json_append_text(hosts, name_of(h));
		group(b, h, &groups);
	}
	json_set(meta, "hostvars", vars);
	json_set(top, "_meta", meta);
	done = inventory_groups_put(&groups, top, names);
	json_set(all, "hosts", hosts);
	json_set(all, "children", names);
	json_set(top, "all", all);
	inventory_groups_clear(&groups);
	if (!done) {
		json_free(top);
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	return out_json(top) == 0
	    ? 0
	    : err_set(e, ERR_SYSTEM, "the inventory could not be printed");
}

static int
put_host(struct bridge *b, const char *name, struct err *e)
{
	for (size_t i = 0; i < b->count; i++) {
		const struct bridge_host *h = &b->list[i];

		if (!is_wanted(h) || strcmp(name_of(h), name) != 0)
			continue;
		return out_json(vars_of(b, h)) == 0
		    ? 0
		    : err_set(
			  e, ERR_SYSTEM, "the variables could not be printed");
	}
	err_set(e, ERR_NOT_FOUND, "no host '%s' is in the inventory", name);
	err_hint(e, "pemkeep inventory --list");
	return ERR_NOT_FOUND;
}

static int
put_out(struct bridge *b, struct err *e)
{
	const char *host = option_value(b->cli, "host");

	return host != NULL ? put_host(b, host, e) : put_list(b, e);
}

static int
run(struct cli *cli)
{
	struct bridge b;
	struct err e;
	int r;

	memset(&e, 0, sizeof(e));
	memset(&b, 0, sizeof(b));
	option_give(cli, "no-input");
	if (option_on(cli, "list") == option_on(cli, "host")) {
		r = err_set(
		    &e, ERR_USAGE, "inventory takes one of --list and --host");
		err_hint(&e, "pemkeep help inventory");
	} else if ((r = bridge_open(&b, cli, false, &e)) == 0) {
		r = put_out(&b, &e);
	}
	return bridge_close(&b, r, &e);
}

static const struct option options[] = {
	{ "list", 0, NULL, "all hosts, with their groups and variables" },
	{ "host", 0, "HOST", "the variables of one" },
	{ "refresh", 0, NULL, "ask AWS now, whatever is known" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_inventory = {
	.name = "inventory",
	.args = "",
	.summary = "the hosts as an inventory of Ansible",
	.about = "Ansible wants a program: a file that can be executed, with "
		 "these two lines\n"
		 "    #!/bin/sh\n"
		 "    exec pemkeep inventory \"$@\"\n"
		 "and then: ansible -i ./FILE all -m ping\n",
	.options = options,
	.run = run,
};
