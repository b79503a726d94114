/* SPDX-License-Identifier: ISC */

/* pemkeep rename: give a key another name. */

#include "pemkeep/agent/keeper.h"
#include "pemkeep/base/err.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"

static int
run(struct cli *cli)
{
	struct keeper *k = NULL;
	struct err e;
	int status = 0;

	if (session_open(cli, &k, &e) != 0 ||
	    keeper_rename(k, cli->operands[0], cli->operands[1], &e) != 0)
		status = out_error(&e);
	else
		out_say(cli, "'%s' is called '%s' now.", cli->operands[0],
		    cli->operands[1]);
	keeper_free(k);
	return status;
}

const struct command cmd_rename = {
	.name = "rename",
	.args = "KEY NEW",
	.min = 2,
	.max = 2,
	.summary = "give a key another name",
	.run = run,
};
