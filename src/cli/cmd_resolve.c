/* SPDX-License-Identifier: ISC */

/*
 * pemkeep resolve: what connect would use for a name, and why.  It asks for
 * nothing and connects nowhere; with the vault locked it says so.
 */

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/json.h"
#include "pemkeep/base/table.h"
#include "pemkeep/inventory/target.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"
#include "src/cli/vault_keys.h"

#define COLUMNS 3

static void
put_row(
    struct table *t, const char *field, const char *value, const char *source)
{
	table_cell(t, field);
	table_cell(t, value != NULL ? value : "-");
	table_cell(t, source);
}

/* Why there is none. */
static const char *
no_key(const struct vault_keys *keys)
{
	if (!keys->known)
		return "the vault is locked: pemkeep unlock";
	if (keys->count == 0)
		return "the vault is empty";
	return "none of the vault's keys is named for it; -k says one";
}

static void
put_rows(
    struct table *t, const struct target *target, const struct vault_keys *keys)
{
	char port[16];

	put_row(t, "name", target->name.value, target->name.source);
	for (size_t i = 0; i < target->address_count; i++)
		put_row(t, "address", target->addresses[i].value,
		    target->addresses[i].source);
	snprintf(port, sizeof(port), "%u", target->port);
	put_row(t, "port", port, target->port_source);
	put_row(t, "user", target->user.value, target->user.source);
	for (size_t i = 0; i < target->key_count; i++) {
		const struct target_key *k = &target->keys[i];

		put_row(t, "key", k->name[0] != '\0' ? k->name : k->fingerprint,
		    k->source);
	}
	if (target->key_count == 0)
		put_row(t, "key", NULL, no_key(keys));
	for (size_t i = 0; i < target->host_key_count; i++)
		put_row(t, "host key", target->host_keys[i].value,
		    target->host_keys[i].source);
}

static int
show_table(const struct target *target, const struct vault_keys *keys)
{
	struct table *t = table_new(COLUMNS);
	struct buf b = BUF_INIT;
	struct err e;
	int status;

	put_rows(t, target, keys);
	if (table_put(&b, t)) {
		status = out_data(&b);
	} else {
		err_set(&e, ERR_NOMEM, "out of memory");
		status = out_error(&e);
	}
	table_free(t);
	buf_free(&b);
	return status;
}

static struct json *
text_object(const struct target_text *text)
{
	struct json *o = json_new_object();

	json_set_text(o, "value", text->value);
	json_set_text(o, "source", text->source);
	return o;
}

static struct json *
list_object(const struct target_text *list, size_t count)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < count; i++)
		json_append(array, text_object(&list[i]));
	return array;
}

static struct json *
keys_object(const struct target *target)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < target->key_count; i++) {
		const struct target_key *k = &target->keys[i];
		struct json *o = json_new_object();

		json_set_text(o, "name", k->name[0] != '\0' ? k->name : NULL);
		json_set_text(o, "fingerprint",
		    k->fingerprint[0] != '\0' ? k->fingerprint : NULL);
		json_set_bool(o, "present", k->index != SIZE_MAX);
		json_set_text(o, "source", k->source);
		json_append(array, o);
	}
	return array;
}

static int
show_json(const struct target *target, const struct vault_keys *keys)
{
	struct json *top = json_new_object(), *o = json_new_object();
	struct json *port = json_new_object();

	json_set_int(port, "value", target->port);
	json_set_text(port, "source", target->port_source);
	json_set(o, "name", text_object(&target->name));
	json_set(o, "addresses",
	    list_object(target->addresses, target->address_count));
	json_set(o, "port", port);
	json_set(o, "user", text_object(&target->user));
	json_set(o, "keys", keys_object(target));
	json_set(o, "host_keys",
	    list_object(target->host_keys, target->host_key_count));
	json_set(top, "target", o);
	json_set_bool(top, "locked", !keys->known);
	return out_json(top);
}

static int
resolve(const struct cli *cli, struct vault_keys *keys, struct target *target,
    struct err *e)
{
	struct inventory_question q = { .argument = cli->operands[0] };
	struct client *c = NULL;
	int r;

	if ((r = session_start(cli, &c, e)) == 0 &&
	    (r = vault_keys_public(c, keys, e)) == 0) {
		q.keys = keys->list;
		q.key_count = keys->count;
		q.keys_known = keys->known;
		r = inventory_resolve(&q, target, e);
	}
	client_free(c);
	return r;
}

static int
run(struct cli *cli)
{
	struct vault_keys keys = { 0 };
	struct target target;
	struct err e;
	int status;

	memset(&target, 0, sizeof(target));
	if (resolve(cli, &keys, &target, &e) != 0)
		status = out_error(&e);
	else if (option_on(cli, "json"))
		status = show_json(&target, &keys);
	else
		status = show_table(&target, &keys);
	target_clear(&target);
	vault_keys_clear(&keys);
	return status;
}

const struct command cmd_resolve = {
	.name = "resolve",
	.args = "NAME",
	.min = 1,
	.max = 1,
	.summary = "what connect would use for a name, and why",
	.run = run,
};
