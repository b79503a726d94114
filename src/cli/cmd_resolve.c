/* SPDX-License-Identifier: ISC */

/*
 * pemkeep resolve: what connect would use for a name, and why.  It never asks for
 * the passphrase, and connects to nothing but AWS; with the vault locked it says
 * so.
 */

#include <string.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/base/err.h"
#include "pemkeep/inventory/inventory.h"
#include "pemkeep/inventory/target.h"

#include "src/cli/cli.h"
#include "src/cli/cloud.h"
#include "src/cli/commands.h"
#include "src/cli/resolve.h"
#include "src/cli/vault_keys.h"

static int
resolve(struct cloud *cloud, struct vault_keys *keys, struct target *target,
    struct err *e)
{
	const struct cli *cli = cloud->cli;
	struct inventory_question q = { .argument = cli->operands[0],
		.refresh = option_on(cli, "refresh") };
	struct client *c = NULL;
	int r;

	if ((r = session_start(cli, &c, e)) == 0 &&
	    (r = vault_keys_public(c, keys, e)) == 0) {
		q.keys = keys->list;
		q.key_count = keys->count;
		q.keys_known = keys->known;
		r = cloud_resolve(cloud, &q, target, e);
		cloud_tell(cloud, r == 0 ? NULL : e);
	}
	client_free(c);
	return r;
}

static int
show(const struct cloud *cloud, const struct vault_keys *keys,
    const struct target *target)
{
	if (option_on(cloud->cli, "json"))
		return resolve_show_json(target, keys, cloud);
	if (target->note != NULL)
		out_say(cloud->cli, "%s", target->note);
	return resolve_show_table(target, keys);
}

/* Those that fit: for programs on stdout, for people beside the error. */
static int
show_ambiguous(const struct cloud *cloud, const struct vault_keys *keys,
    const struct target *target, const struct err *e)
{
	if (option_on(cloud->cli, "json"))
		(void)resolve_show_json(target, keys, cloud);
	else
		pick_show(target);
	return out_error(e);
}

static int
run(struct cli *cli)
{
	struct vault_keys keys = { 0 };
	struct cloud cloud;
	struct target target;
	struct err e;
	int r, status;

	memset(&target, 0, sizeof(target));
	if ((r = cloud_open(&cloud, cli, &e)) == 0)
		r = resolve(&cloud, &keys, &target, &e);
	if (r == 0)
		status = show(&cloud, &keys, &target);
	else if (r == ERR_AMBIGUOUS)
		status = show_ambiguous(&cloud, &keys, &target, &e);
	else
		status = out_error(&e);
	if (cloud.inventory != NULL)
		inventory_refresh_behind(cloud.inventory);
	target_clear(&target);
	vault_keys_clear(&keys);
	cloud_close(&cloud);
	return status;
}

static const struct option options[] = {
	{ "refresh", 0, NULL, "ask AWS first, whatever is known" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_resolve = {
	.name = "resolve",
	.args = "NAME",
	.min = 1,
	.max = 1,
	.summary = "what connect would use for a name, and why",
	.options = options,
	.run = run,
};
