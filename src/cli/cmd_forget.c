/* SPDX-License-Identifier: ISC */

/*
 * pemkeep forget: take a name out of the hosts file again.  Host keys and the
 * vault stay as they are.
 */

#include "pemkeep/base/err.h"
#include "pemkeep/inventory/hosts.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"

static int
run(struct cli *cli)
{
	struct err e;

	if (hosts_forget(NULL, cli->operands[0], &e) != 0)
		return out_error(&e);
	out_say(cli, "'%s' is forgotten.", cli->operands[0]);
	return 0;
}

const struct command cmd_forget = {
	.name = "forget",
	.args = "NAME",
	.min = 1,
	.max = 1,
	.summary = "remove the name of a host",
	.run = run,
};
