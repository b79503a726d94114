/* SPDX-License-Identifier: ISC */

/* pemkeep rename: give a key another name. */

#include "pemkeep/agent/client.h"
#include "pemkeep/base/err.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"

static int
run(struct cli *cli)
{
	struct client *c = NULL;
	struct err e;
	int status = 0;

	if (session_open(cli, &c, &e) != 0 ||
	    client_rename(c, cli->operands[0], cli->operands[1], &e) != 0)
		status = out_error(&e);
	else
		out_say(cli, "'%s' is called '%s' now.", cli->operands[0],
		    cli->operands[1]);
	client_free(c);
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
