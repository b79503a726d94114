/* SPDX-License-Identifier: ISC */

/* The list as people see it, and as programs do. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pemkeep/base/err.h"
#include "pemkeep/base/json.h"
#include "pemkeep/base/table.h"
#include "pemkeep/base/timefmt.h"
#include "pemkeep/inventory/hosts.h"
#include "pemkeep/inventory/inventory.h"

#include "src/cli/cli.h"
#include "src/cli/cloud.h"
#include "src/cli/list.h"

enum column {
	NAME,
	ID,
	STATE,
	ADDRESS,
	KIND,
	USER,
	PORT,
	KEY,
	TYPE,
	ZONE,
	AGE,
	PROFILE,
	COLUMNS
};

static const char *const titles[COLUMNS] = { "NAME", "ID", "STATE", "ADDRESS",
	"KIND", "USER", "PORT", "KEY", "TYPE", "ZONE", "AGE", "PROFILE" };

#define NAME_WIDTH 40 /* columns of a name on a terminal */
#define CELL 300      /* bytes of a cell that is put together */

const char *
list_name(const struct list_entry *entry)
{
	return entry->host != NULL ? entry->host->name
				   : entry->instance->folded;
}

/* From the tag ssh-port, or the hosts file; 0: it is not said. */
static unsigned
port_of(const struct list_entry *entry)
{
	return entry->host != NULL ? entry->host->port
				   : inventory_port(entry->instance->port);
}

static const char *
or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static const char *
host_cell(const struct host *h, enum column column)
{
	switch (column) {
	case NAME:
		return h->name;
	case ADDRESS:
		return h->host;
	case USER:
		return or_empty(h->user);
	case KEY:
		return or_empty(h->key != NULL ? h->key : h->fingerprint);
	default:
		return "";
	}
}

/* The key of the vault, else what EC2 calls it. */
static const char *
key_cell(const struct list_entry *entry, char text[CELL])
{
	if (entry->key != NULL)
		return entry->key;
	if (entry->instance->key_pair[0] == '\0')
		return "";
	snprintf(text, CELL, "(%s)", entry->instance->key_pair);
	return text;
}

static const char *
instance_cell(
    const struct list_entry *entry, enum column column, char text[CELL])
{
	const struct cache_instance *i = entry->instance;

	switch (column) {
	case NAME:
		return i->folded;
	case ID:
		return i->id;
	case STATE:
		return i->state;
	case ADDRESS:
		return entry->address;
	case KIND:
		return entry->kind;
	case USER:
		return entry->user;
	case KEY:
		return key_cell(entry, text);
	case TYPE:
		return i->type;
	case ZONE:
		return i->zone;
	case AGE:
		timefmt_age(i->launched, (int64_t)time(NULL), text);
		return text;
	case PROFILE:
		return entry->profile;
	default:
		return "";
	}
}

static const char *
cell(const struct list_entry *entry, enum column column, char text[CELL])
{
	unsigned port;

	text[0] = '\0';
	if (column == PORT) {
		if ((port = port_of(entry)) != 0)
			snprintf(text, CELL, "%u", port);
		return text;
	}
	return entry->host != NULL ? host_cell(entry->host, column)
				   : instance_cell(entry, column, text);
}

static const char *
state_style(const char *state)
{
	static const struct {
		const char *state, *sgr;
	} styles[] = {
		{ "running", "32" },
		{ "pending", "33" },
		{ "stopping", "33" },
		{ "stopped", "31" },
		{ "shutting-down", "2" },
		{ "terminated", "2" },
	};

	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++)
		if (strcmp(styles[i].state, state) == 0)
			return styles[i].sgr;
	return NULL;
}

/* Does anything stand in it?  The profile counts when there are several. */
static bool
is_used(const struct list *list, enum column column)
{
	const char *first = NULL;
	char text[CELL];

	if (column == NAME || column == ADDRESS)
		return true;
	for (size_t i = 0; i < list->count; i++) {
		const char *value = cell(&list->entries[i], column, text);

		if (*value == '\0')
			continue;
		if (column != PROFILE)
			return true;
		if (first != NULL && strcmp(first, value) != 0)
			return true;
		first = value;
	}
	return false;
}

bool
list_put_table(
    struct buf *b, const struct list *list, bool terminal, bool colour)
{
	enum column used[COLUMNS];
	size_t count = 0;
	struct table *t;
	char text[CELL];
	bool done;

	for (enum column c = 0; c < COLUMNS; c++)
		if (is_used(list, c))
			used[count++] = c;
	t = table_new(count);
	for (size_t c = 0; c < count; c++) {
		table_cell(t, titles[used[c]]);
		if (used[c] == PORT || used[c] == AGE)
			table_align_right(t, c);
		if (terminal && (used[c] == NAME || used[c] == KEY))
			table_limit(t, c, NAME_WIDTH);
	}
	for (size_t i = 0; i < list->count; i++)
		for (size_t c = 0; c < count; c++) {
			const char *value =
			    cell(&list->entries[i], used[c], text);

			table_cell_style(t, value,
			    colour && used[c] == STATE ? state_style(value)
						       : NULL);
		}
	done = table_put(b, t);
	table_free(t);
	return done;
}

static void
set_text(struct json *o, const char *key, const char *text)
{
	json_set_text(o, key, text != NULL && *text != '\0' ? text : NULL);
}

static void
set_time(struct json *o, const char *key, int64_t at)
{
	char text[21];

	timefmt_iso(at > 0 ? (uint64_t)at : 0, text);
	json_set_text(o, key, at > 0 ? text : NULL);
}

static void
set_port(struct json *o, const struct list_entry *entry)
{
	unsigned port = port_of(entry);

	if (port != 0)
		json_set_int(o, "port", port);
	else
		json_set_text(o, "port", NULL);
}

static struct json *
host_json(const struct list_entry *entry)
{
	const struct host *h = entry->host;
	struct json *o = json_new_object();

	json_set_text(o, "name", h->name);
	json_set_text(o, "address", h->host);
	json_set_text(o, "user", h->user);
	set_port(o, entry);
	json_set_text(o, "key", h->key);
	json_set_text(o, "fingerprint", h->fingerprint);
	return o;
}

static int
add_tag(void *arg, const char *key, const char *value)
{
	struct json *o = json_new_object();

	json_set_text(o, "key", key);
	json_set_text(o, "value", value);
	json_append(arg, o);
	return 0;
}

static struct json *
instance_json(const struct list_entry *entry, struct inventory *inventory)
{
	const struct cache_instance *i = entry->instance;
	struct json *o = json_new_object(), *tags = json_new_array();

	set_text(o, "name", i->name);
	json_set_text(o, "id", i->id);
	set_text(o, "state", i->state);
	set_text(o, "address", entry->address);
	set_text(o, "address_kind", entry->kind);
	set_text(o, "user", entry->user);
	set_port(o, entry);
	set_text(o, "key", entry->key);
	set_text(o, "key_pair", i->key_pair);
	set_text(o, "type", i->type);
	set_text(o, "zone", i->zone);
	json_set_text(o, "region", entry->region);
	json_set_text(o, "profile", entry->profile);
	set_text(o, "account", entry->account);
	set_time(o, "launched", i->launched);
	set_text(o, "private_address", i->private_ip);
	set_text(o, "ipv6_address", i->ipv6);
	set_text(o, "image", i->image);
	set_text(o, "image_name", i->image_name);
	set_text(o, "platform", i->platform);
	set_text(o, "vpc", i->vpc);
	/* The cache has them apart; one that is lost shows none. */
	(void)inventory_tags(inventory, i, add_tag, tags, NULL);
	json_set(o, "tags", tags);
	set_time(o, "fetched", entry->fetched);
	json_set_bool(o, "live", entry->live);
	return o;
}

int
list_show_json(const struct list *list, struct cloud *cloud)
{
	struct json *top = json_new_object(), *hosts = json_new_array();
	struct json *instances = json_new_array();

	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].host != NULL)
			json_append(hosts, host_json(&list->entries[i]));
		else
			json_append(instances,
			    instance_json(&list->entries[i], cloud->inventory));
	json_set(top, "instances", instances);
	json_set(top, "hosts", hosts);
	json_set_bool(top, "partial", cloud_partial(cloud));
	json_set(top, "errors", cloud_errors(cloud));
	return out_json(top);
}
