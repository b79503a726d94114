/* SPDX-License-Identifier: ISC */

/* A target, and the reason for every field of it: for people and for programs. */

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/json.h"
#include "pemkeep/base/table.h"
#include "pemkeep/base/timefmt.h"
#include "pemkeep/inventory/target.h"

#include "src/cli/cli.h"
#include "src/cli/cloud.h"
#include "src/cli/resolve.h"
#include "src/cli/vault_keys.h"

#define COLUMNS 3

static bool
is_instance(const struct target *target)
{
	return target->instance.id != NULL;
}

/*
 * Facts of an instance; all of them are from where its id is from.  title NULL:
 * in the table it stands beside another one, as its detail.
 */
struct fact {
	const char *title, *field;
	const char *value;
	const char *detail;
};

#define FACTS 11

static void
list_facts(const struct target *t, struct fact facts[FACTS])
{
	const struct target_instance *i = &t->instance;

	const struct fact all[FACTS] = {
		{ "state", "state", i->state, NULL },
		{ "key pair", "key_pair", i->key_pair, NULL },
		{ "image", "image", i->image_id, i->image_name },
		{ NULL, "image_name", i->image_name, NULL },
		{ "platform", "platform", i->platform, NULL },
		{ "type", "type", i->type, NULL },
		{ "zone", "zone", i->zone, NULL },
		{ "vpc", "vpc", i->vpc, NULL },
		{ "region", "region", i->region, NULL },
		{ "account", "account", i->account, NULL },
		{ "profile", "profile", i->profile, NULL },
	};

	memcpy(facts, all, sizeof(all));
}

static void
put_row(
    struct table *t, const char *field, const char *value, const char *source)
{
	table_cell(t, field);
	table_cell(t, value != NULL && *value != '\0' ? value : "-");
	table_cell(t, source);
}

/* Why there is none, or what to do about it. */
static void
say_no_key(struct buf *b, const struct target *t, const struct vault_keys *keys)
{
	const char *pair = is_instance(t) ? t->instance.key_pair : "";

	if (!keys->known && *pair != '\0')
		buf_printf(b,
		    "the vault is locked: pemkeep unlock; in EC2 it is the key "
		    "pair '%s'",
		    pair);
	else if (!keys->known)
		buf_put_text(b, "the vault is locked: pemkeep unlock");
	else if (t->key_missing)
		buf_printf(b,
		    "the key of the pair '%s' is not in the vault: pemkeep "
		    "import its file, or name another key with -k",
		    pair);
	else if (keys->count == 0)
		buf_put_text(b, "the vault is empty");
	else if (is_instance(t) && *pair == '\0')
		buf_put_text(
		    b, "it was launched without a key pair; -k names a key");
	else
		buf_put_text(
		    b, "none of the vault's keys is named for it; -k says one");
}

static const char *
no_address(const struct target *t)
{
	if (strcmp(t->instance.state, "running") == 0)
		return "it has none; is there a way in through its network?";
	return "it has none while it does not run: pemkeep connect --start";
}

static void
put_keys(
    struct table *t, const struct target *target, const struct vault_keys *keys)
{
	struct buf why = BUF_INIT;

	for (size_t i = 0; i < target->key_count; i++) {
		const struct target_key *k = &target->keys[i];

		put_row(t, "key", k->name[0] != '\0' ? k->name : k->fingerprint,
		    k->source);
	}
	if (target->key_count == 0 || target->key_missing) {
		say_no_key(&why, target, keys);
		put_row(t, target->key_count == 0 ? "key" : "key pair's key",
		    NULL, buf_text(&why));
	}
	buf_free(&why);
}

static void
put_rows(
    struct table *t, const struct target *target, const struct vault_keys *keys)
{
	struct fact facts[FACTS];
	char port[16];

	put_row(t, "name", target->name.value, target->name.source);
	if (is_instance(target)) {
		list_facts(target, facts);
		put_row(t, "id", target->id.value, target->id.source);
		put_row(t, facts[0].title, facts[0].value, target->id.source);
	}
	for (size_t i = 0; i < target->address_count; i++)
		put_row(t, "address", target->addresses[i].value,
		    target->addresses[i].source);
	if (target->address_count == 0)
		put_row(t, "address", NULL, no_address(target));
	snprintf(port, sizeof(port), "%u", target->port);
	put_row(t, "port", port, target->port_source);
	put_row(t, "user", target->user.value, target->user.source);
	put_keys(t, target, keys);
	for (size_t i = 0; i < target->host_key_count; i++)
		put_row(t, "host key", target->host_keys[i].value,
		    target->host_keys[i].source);
	if (!is_instance(target))
		return;
	for (size_t i = 1; i < FACTS; i++)
		if (facts[i].title != NULL && facts[i].value[0] != '\0')
			put_row(t, facts[i].title, facts[i].value,
			    facts[i].detail != NULL &&
				    facts[i].detail[0] != '\0'
				? facts[i].detail
				: target->id.source);
}

int
resolve_show_table(const struct target *target, const struct vault_keys *keys)
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

static void
set_text(struct json *o, const char *key, const char *text)
{
	json_set_text(o, key, text != NULL && *text != '\0' ? text : NULL);
}

static void
set_field(
    struct json *o, const char *key, const char *value, const char *source)
{
	struct json *field = json_new_object();

	set_text(field, "value", value);
	json_set_text(field, "source", source);
	json_set(o, key, field);
}

static void
set_list(struct json *o, const char *key, const struct target_text *list,
    size_t count)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < count; i++) {
		struct json *field = json_new_object();

		json_set_text(field, "value", list[i].value);
		json_set_text(field, "source", list[i].source);
		json_append(array, field);
	}
	json_set(o, key, array);
}

static struct json *
keys_json(const struct target *target)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < target->key_count; i++) {
		const struct target_key *k = &target->keys[i];
		struct json *o = json_new_object();

		set_text(o, "name", k->name);
		set_text(o, "fingerprint", k->fingerprint);
		json_set_bool(o, "present", k->index != SIZE_MAX);
		json_set_text(o, "source", k->source);
		json_append(array, o);
	}
	return array;
}

static void
set_kind(struct json *o, const struct target *t)
{
	static const char *const kinds[] = {
		[TARGET_STATIC] = "static",
		[TARGET_ELASTIC] = "elastic",
		[TARGET_PUBLIC] = "public",
		[TARGET_IPV6] = "ipv6",
		[TARGET_PRIVATE] = "private",
	};

	if (t->address_count > 0)
		set_field(o, "address_kind", kinds[t->address_kind],
		    t->addresses[0].source);
	else
		set_field(o, "address_kind", NULL, no_address(t));
}

static struct json *
target_json(const struct target *t)
{
	struct json *o = json_new_object(), *port = json_new_object();
	struct fact facts[FACTS];

	list_facts(t, facts);
	set_field(o, "name", t->name.value, t->name.source);
	set_field(o, "id", t->id.value, t->id.source);
	set_list(o, "addresses", t->addresses, t->address_count);
	set_kind(o, t);
	json_set_int(port, "value", t->port);
	json_set_text(port, "source", t->port_source);
	json_set(o, "port", port);
	set_field(o, "user", t->user.value, t->user.source);
	json_set(o, "keys", keys_json(t));
	set_list(o, "host_keys", t->host_keys, t->host_key_count);
	for (size_t i = 0; i < FACTS; i++)
		set_field(o, facts[i].field, facts[i].value, t->id.source);
	json_set_bool(o, "live", t->live);
	return o;
}

static struct json *
candidates_json(const struct target *t)
{
	struct json *array = json_new_array();

	for (size_t k = 0; k < t->candidate_count; k++) {
		const struct target_instance *i = &t->candidates[k];
		struct json *o = json_new_object();
		char launched[21];

		timefmt_iso(
		    i->launched > 0 ? (uint64_t)i->launched : 0, launched);
		json_set_text(o, "id", i->id);
		set_text(o, "name", i->name);
		set_text(o, "state", i->state);
		set_text(o, "zone", i->zone);
		json_set_text(o, "profile", i->profile);
		json_set_text(o, "region", i->region);
		set_text(o, "account", i->account);
		set_text(o, "address", i->address);
		json_set_text(o, "launched", i->launched > 0 ? launched : NULL);
		json_append(array, o);
	}
	return array;
}

int
resolve_show_json(const struct target *t, const struct vault_keys *keys,
    const struct cloud *cloud)
{
	struct json *top = json_new_object();

	if (t->name.value != NULL)
		json_set(top, "target", target_json(t));
	else
		json_set_text(top, "target", NULL);
	json_set(top, "candidates", candidates_json(t));
	json_set_text(top, "note", t->note);
	json_set_bool(top, "locked", !keys->known);
	json_set_bool(top, "partial", cloud_partial(cloud));
	json_set(top, "errors", cloud_errors(cloud));
	return out_json(top);
}
