/* SPDX-License-Identifier: ISC */

/* pemkeep lock: make the agent forget all keys.  It goes on running. */

#include "pemkeep/agent/client.h"
#include "pemkeep/base/err.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"

static int
run(struct cli *cli)
{
	struct client *c = NULL;
	struct err e;
	int r;

	if ((r = session_start(cli, &c, &e)) == 0)
		r = client_lock(c, &e);
	client_free(c);
	if (r == ERR_NOT_FOUND) /* what is not open need not be closed */
		out_say(cli, "No agent is running: the vault is locked.");
	else if (r != 0)
		return out_error(&e);
	else
		out_say(cli, "The vault is locked.");
	return 0;
}

const struct command cmd_lock = {
	.name = "lock",
	.args = "",
	.summary = "lock the vault",
	.about = "Sessions that are open stay open.\n",
	.run = run,
};
