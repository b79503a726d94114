/* SPDX-License-Identifier: ISC */

/*
 * pemkeep list: the hosts that have a name here.  Those of ~/.ssh/config are not
 * listed: only ssh could say what they are, one run for each.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/glob.h"
#include "pemkeep/base/json.h"
#include "pemkeep/base/table.h"
#include "pemkeep/base/utf8.h"
#include "pemkeep/inventory/hosts.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"

#define COLUMNS 5

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

static int
by_name(const void *a, const void *b)
{
	const struct host *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void
put_row(struct table *t, const char *const cells[COLUMNS])
{
	for (size_t i = 0; i < COLUMNS; i++)
		table_cell(t, cells[i] != NULL ? cells[i] : "");
}

static int
show_table(const struct cli *cli, const struct hosts *hosts)
{
	struct table *t = table_new(COLUMNS);
	struct buf b = BUF_INIT;
	struct err e;
	int status;

	put_row(t,
	    (const char *const[]){ "NAME", "ADDRESS", "USER", "PORT", "KEY" });
	table_align_right(t, 3);
	for (size_t i = 0; i < hosts->count; i++) {
		const struct host *h = &hosts->list[i];
		char port[16] = "";

		if (!wanted(cli, h))
			continue;
		if (h->port != 0)
			snprintf(port, sizeof(port), "%u", h->port);
		put_row(t,
		    (const char *const[]){ h->name, h->host, h->user, port,
			h->key != NULL ? h->key : h->fingerprint });
	}
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

static int
show_json(const struct cli *cli, const struct hosts *hosts)
{
	struct json *top = json_new_object(), *list = json_new_array();

	for (size_t i = 0; i < hosts->count; i++) {
		const struct host *h = &hosts->list[i];
		struct json *o;

		if (!wanted(cli, h))
			continue;
		o = json_new_object();
		json_set_text(o, "name", h->name);
		json_set_text(o, "id", NULL);
		json_set_text(o, "address", h->host);
		json_set_text(o, "user", h->user);
		if (h->port != 0)
			json_set_int(o, "port", h->port);
		else
			json_set_text(o, "port", NULL);
		json_set_text(o, "key", h->key);
		json_set_text(o, "fingerprint", h->fingerprint);
		json_append(list, o);
	}
	json_set(top, "instances", list);
	json_set_bool(top, "partial", false);
	json_set(top, "errors", json_new_array());
	return out_json(top);
}

static bool
any(const struct cli *cli, const struct hosts *hosts)
{
	for (size_t i = 0; i < hosts->count; i++)
		if (wanted(cli, &hosts->list[i]))
			return true;
	return false;
}

static int
run(struct cli *cli)
{
	struct hosts hosts;
	struct err e;
	int status = 0;

	if (hosts_read(NULL, &hosts, &e) != 0) {
		status = out_error(&e);
		goto out;
	}
	if (hosts.count > 1)
		qsort(hosts.list, hosts.count, sizeof(*hosts.list), by_name);
	if (!any(cli, &hosts) && cli->operand_count > 0) {
		err_set(&e, ERR_NOT_FOUND, "no host matches '%s'%s",
		    cli->operands[0],
		    cli->operand_count > 1 ? " or the other patterns" : "");
		err_hint(&e, "pemkeep list");
		status = out_error(&e);
	} else if (option_on(cli, "json")) {
		status = show_json(cli, &hosts);
	} else if (hosts.count == 0) {
		out_say(
		    cli, "No host has a name yet; pemkeep add gives it one.");
	} else {
		status = show_table(cli, &hosts);
	}
out:
	hosts_clear(&hosts);
	return status;
}

const struct command cmd_list = {
	.name = "list",
	.args = "[PATTERN...]",
	.max = -1,
	.summary = "list the hosts that have a name",
	.run = run,
};
