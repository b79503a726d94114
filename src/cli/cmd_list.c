/* SPDX-License-Identifier: ISC */

/*
 * pemkeep list: the hosts that have a name here, and the EC2 instances.  Those of
 * ~/.ssh/config are not listed: only ssh could say what they are, one run for
 * each.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/glob.h"
#include "pemkeep/base/timefmt.h"
#include "pemkeep/base/utf8.h"
#include "pemkeep/inventory/hosts.h"
#include "pemkeep/inventory/inventory.h"

#include "src/cli/cli.h"
#include "src/cli/cloud.h"
#include "src/cli/commands.h"
#include "src/cli/list.h"
#include "src/cli/vault_keys.h"

struct search {
	const struct cli *cli;
	struct cloud cloud;
	struct hosts hosts;
	struct vault_keys keys;
	struct list list;
};

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

/* '*' and '?', in the name or the address; Hangul as it may be typed. */
static bool
matches(const char *pattern, const struct host *host)
{
	struct buf composed = BUF_INIT;
	bool found;

	utf8_compose_hangul(&composed, pattern);
	found = buf_ok(&composed) &&
	    (glob_match(buf_text(&composed), host->name) ||
		glob_match(buf_text(&composed), host->host));
	buf_free(&composed);
	return found;
}

static bool
wanted(const struct cli *cli, const struct host *host)
{
	for (int i = 0; i < cli->operand_count; i++)
		if (matches(cli->operands[i], host))
			return true;
	return cli->operand_count == 0;
}

static struct list_entry *
add_entry(struct list *list)
{
	struct list_entry *entries, *entry;

	if (list->count == list->room) {
		size_t room = list->room > 0 ? list->room * 2 : 64;

		entries = reallocarray(list->entries, room, sizeof(*entries));
		if (entries == NULL)
			return NULL;
		list->entries = entries;
		list->room = room;
	}
	entry = &list->entries[list->count++];
	memset(entry, 0, sizeof(*entry));
	return entry;
}

static void
clear_list(struct list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->entries[i].instance);
		free(list->entries[i].texts);
	}
	free(list->entries);
	memset(list, 0, sizeof(*list));
}

static const char *
kind_of(const struct inventory_row *row)
{
	if (row->address[0] == '\0')
		return "";
	if (row->elastic)
		return "elastic";
	if (strcmp(row->address, row->instance->public_ip) == 0)
		return "public";
	return strcmp(row->address, row->instance->ipv6) == 0 ? "ipv6"
							      : "private";
}

/* What the row points to is gone when the callback returns. */
static bool
copy_texts(struct list_entry *entry, const struct inventory_row *row)
{
	const struct {
		const char **to;
		const char *text;
	} texts[] = {
		{ &entry->profile, row->profile },
		{ &entry->account, row->account },
		{ &entry->region, row->region },
		{ &entry->user, row->user != NULL ? row->user : "" },
		{ &entry->address, row->address },
	};
	size_t size = 0;
	char *at;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		size += strlen(texts[i].text) + 1;
	if ((at = entry->texts = malloc(size)) == NULL)
		return false;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		*texts[i].to = at;
		at = stpcpy(at, texts[i].text) + 1;
	}
	return true;
}

static int
take(void *arg, const struct inventory_row *row)
{
	struct search *s = arg;
	struct list_entry *entry = add_entry(&s->list);

	if (entry == NULL)
		return ERR_NOMEM;
	entry->instance = cache_copy(row->instance);
	if (entry->instance == NULL || !copy_texts(entry, row))
		return ERR_NOMEM;
	entry->kind = kind_of(row);
	entry->fetched = row->fetched;
	entry->live = row->live;
	if (row->key < s->keys.count)
		entry->key = s->keys.list[row->key].name;
	return 0;
}

static int
take_hosts(struct search *s, struct err *e)
{
	for (size_t i = 0; i < s->hosts.count; i++) {
		struct list_entry *entry;

		if (!wanted(s->cli, &s->hosts.list[i]))
			continue;
		if ((entry = add_entry(&s->list)) == NULL)
			return no_memory(e);
		entry->host = &s->hosts.list[i];
	}
	return 0;
}

static int
list_instances(struct search *s, struct err *e)
{
	struct err why;
	int r;

	err_set(&why, ERR_NOMEM, "out of memory");
	r = inventory_list(s->cloud.inventory,
	    (const char *const *)s->cli->operands,
	    (size_t)s->cli->operand_count, s->keys.list, s->keys.count, take, s,
	    &why);
	if (r != 0 && e != NULL)
		*e = why;
	return r;
}

static int
find_instances(struct search *s, struct err *e)
{
	int r;

	if (option_on(s->cli, "refresh") &&
	    ((r = inventory_refresh(s->cloud.inventory, e)) ==
		    ERR_INTERRUPTED ||
		r == ERR_NOMEM))
		return r;
	return list_instances(s, e);
}

/* Nothing is configured, but this may be an instance that has a role. */
static int
find_at_home(struct search *s, struct err *e)
{
	int r;

	if (inventory_configured(s->cloud.inventory))
		return 0;
	r = inventory_refresh(s->cloud.inventory, e);
	if (r == ERR_INTERRUPTED || r == ERR_NOMEM)
		return r;
	return list_instances(s, e);
}

static int
by_name(const void *a, const void *b)
{
	const struct list_entry *x = a, *y = b;
	const char *p = list_name(x), *q = list_name(y);
	int order;

	/* Those without a name come last. */
	if ((*p == '\0') != (*q == '\0'))
		return *p == '\0' ? 1 : -1;
	if ((order = strcmp(p, q)) != 0)
		return order;
	if (x->instance == NULL || y->instance == NULL)
		return (x->instance != NULL) - (y->instance != NULL);
	if ((order = strcmp(x->region, y->region)) != 0)
		return order;
	return strcmp(x->instance->id, y->instance->id);
}

static int
find_all(struct search *s, struct err *e)
{
	int r;

	if ((r = hosts_read(NULL, &s->hosts, e)) != 0 ||
	    (r = take_hosts(s, e)) != 0)
		return r;
	cloud_begin(&s->cloud);
	r = find_instances(s, e);
	if (r == 0 && s->list.count == 0)
		r = find_at_home(s, e);
	cloud_end(&s->cloud);
	/* What could not be had is said beside what there is. */
	if (s->list.count > 0 && r != ERR_INTERRUPTED && r != ERR_NOMEM)
		r = 0;
	if (r == 0 && s->list.count > 1)
		qsort(s->list.entries, s->list.count, sizeof(*s->list.entries),
		    by_name);
	return r;
}

static int
find_keys(struct search *s, struct err *e)
{
	struct client *c = NULL;
	int r;

	if ((r = session_start(s->cli, &c, e)) == 0)
		r = vault_keys_public(c, &s->keys, e);
	client_free(c);
	return r;
}

static int
show_nothing(const struct search *s)
{
	const struct cli *cli = s->cli;
	struct err e;

	if (cli->operand_count > 0) {
		err_set(&e, ERR_NOT_FOUND, "no host matches '%s'%s",
		    cli->operands[0],
		    cli->operand_count > 1 ? " or the other patterns" : "");
		err_hint(&e, "pemkeep list");
		return out_error(&e);
	}
	if (option_on(cli, "json"))
		return -1;
	if (inventory_configured(s->cloud.inventory))
		out_say(cli, "There are no instances, and no host has a name.");
	else
		out_say(
		    cli, "No host has a name yet; pemkeep add gives it one.");
	return 0;
}

/* For those who watch: what is in parentheses, and what is old. */
static void
explain(const struct search *s)
{
	int64_t oldest = INT64_MAX, now = (int64_t)time(NULL);
	bool pairs = false;
	char age[TIMEFMT_AGE];

	for (size_t i = 0; i < s->list.count; i++) {
		const struct list_entry *entry = &s->list.entries[i];

		if (entry->host != NULL)
			continue;
		pairs |= entry->instance->key_pair[0] != '\0';
		if (!entry->live && entry->fetched < oldest)
			oldest = entry->fetched;
	}
	if (!isatty(STDERR_FILENO))
		return;
	if (pairs && !s->keys.known)
		out_say(s->cli,
		    "Keys in parentheses are named as in EC2: the vault is "
		    "locked, or there is none.");
	if (oldest <= now - INVENTORY_FRESH) {
		timefmt_age(oldest, now, age);
		out_say(s->cli,
		    "Some of this is %s old; pemkeep list --refresh asks AWS "
		    "now.",
		    age);
	}
}

static int
show(struct search *s)
{
	struct buf b = BUF_INIT;
	struct err e;
	int status;

	if (s->list.count == 0 && (status = show_nothing(s)) >= 0)
		return status;
	if (option_on(s->cli, "json"))
		return list_show_json(&s->list, &s->cloud);
	if (list_put_table(
		&b, &s->list, isatty(STDOUT_FILENO) != 0, out_colour())) {
		status = out_data(&b);
		explain(s);
	} else {
		no_memory(&e);
		status = out_error(&e);
	}
	buf_free(&b);
	return status;
}

static int
run(struct cli *cli)
{
	struct search s = { .cli = cli };
	struct err e;
	int r, status;

	r = cloud_open(&s.cloud, cli, &e);
	if (r == 0 && (r = find_keys(&s, &e)) == 0) {
		r = find_all(&s, &e);
		cloud_tell(&s.cloud, r == 0 ? NULL : &e);
	}
	status = r == 0 ? show(&s) : out_error(&e);
	if (r == 0)
		inventory_refresh_behind(s.cloud.inventory);
	clear_list(&s.list);
	hosts_clear(&s.hosts);
	vault_keys_clear(&s.keys);
	cloud_close(&s.cloud);
	return status;
}

static const struct option options[] = {
	{ "refresh", 0, NULL, "ask AWS now, whatever is known" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_list = {
	.name = "list",
	.args = "[PATTERN...]",
	.max = -1,
	.summary = "list the instances, and the hosts that have a name",
	.about =
	    "PATTERN is a name, with * and ?, an instance id, an address, a "
	    "DNS name, or\n"
	    "tag:KEY=VALUE; for instances also behind PROFILE/REGION/.\n",
	.options = options,
	.run = run,
};
