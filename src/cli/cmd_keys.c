/* SPDX-License-Identifier: ISC */

/* pemkeep keys: what is in the vault. */

#include <stdio.h>
#include <string.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/table.h"
#include "pemkeep/base/timefmt.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"

#define COLUMNS 5

static void
put_row(struct table *t, const char *const cells[COLUMNS])
{
	for (size_t i = 0; i < COLUMNS; i++)
		table_cell(t, cells[i]);
}

/* A line below the key's own, for another form of the fingerprint. */
static void
put_form(struct table *t, const char *label, const char *form)
{
	char text[128];

	if (*form == '\0')
		return;
	snprintf(text, sizeof(text), "%s %s", label, form);
	put_row(t, (const char *const[]){ "", "", "", text, "" });
}

static void
put_key(struct table *t, const struct keeper_key *key)
{
	char bits[16], created[21];

	snprintf(bits, sizeof(bits), "%u", key->bits);
	timefmt_iso(key->created, created);
	created[key->created != 0 ? 10 : 0] = '\0'; /* the day is enough */
	put_row(t,
	    (const char *const[]){ key->name, key->type,
		key->bits != 0 ? bits : "", key->fingerprint, created });
	if (key->confirm)
		put_row(t,
		    (const char *const[]){
			"", "", "", "each use is to be confirmed", "" });
	if (strcmp(key->ec2_created, key->ec2_imported) == 0) {
		put_form(t, "EC2", key->ec2_created);
		return;
	}
	put_form(t, "EC2 created ", key->ec2_created);
	put_form(t, "EC2 imported", key->ec2_imported);
}

static int
show_table(const struct keeper_keys *keys)
{
	struct table *t = table_new(COLUMNS);
	struct buf b = BUF_INIT;
	struct err e;
	int status;

	if (t != NULL) {
		table_align_right(t, 2);
		put_row(t,
		    (const char *const[]){
			"NAME", "TYPE", "BITS", "FINGERPRINT", "ADDED" });
		for (size_t i = 0; i < keys->count; i++)
			put_key(t, &keys->list[i]);
	}
	if (t != NULL && table_put(&b, t)) {
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
run(struct cli *cli)
{
	struct keeper_keys keys = { 0 };
	struct client *c = NULL;
	struct err e;
	int status;

	if (session_open(cli, &c, &e) != 0 || client_list(c, &keys, &e) != 0) {
		status = out_error(&e);
	} else if (option_on(cli, "json")) {
		status = show_keys(keys.list, keys.count);
	} else if (keys.count == 0) {
		out_say(
		    cli, "The vault is empty; pemkeep import takes keys in.");
		status = 0;
	} else {
		status = show_table(&keys);
	}
	keeper_keys_clear(&keys);
	client_free(c);
	return status;
}

const struct command cmd_keys = {
	.name = "keys",
	.args = "",
	.summary = "list the keys in the vault",
	.about = "Below a key stand its fingerprints as EC2 shows them.\n",
	.run = run,
};
