/* SPDX-License-Identifier: ISC */

/*
 * pemkeep set: what is to be done with a key when it is used.  Taking a
 * protection away needs the passphrase; adding one does not.
 */

#include "pemkeep/agent/client.h"
#include "pemkeep/base/err.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"

static int
run(struct cli *cli)
{
	bool confirm = option_on(cli, "confirm");
	struct client *c = NULL;
	struct err e;
	int status = 0;

	if (confirm == option_on(cli, "no-confirm")) {
		err_set(&e, ERR_USAGE,
		    "set needs either --confirm or --no-confirm");
		err_hint(&e, "pemkeep help set");
		return out_error(&e);
	}
	if (session_open(cli, &c, &e) != 0 ||
	    client_set_confirm(c, cli->operands[0], confirm, &e) != 0)
		status = out_error(&e);
	else
		out_say(cli,
		    confirm ? "Each use of '%s' is to be confirmed now."
			    : "'%s' is used without asking now.",
		    cli->operands[0]);
	client_free(c);
	return status;
}

static const struct option options[] = {
	{ "confirm", 0, NULL, "ask before each use of the key" },
	{ "no-confirm", 0, NULL, "use it without asking" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_set = {
	.name = "set",
	.args = "KEY",
	.min = 1,
	.max = 1,
	.summary = "change how a key is used",
	.about = "The question comes from the program that SSH_ASKPASS named "
		 "when the vault was\nunlocked; without an answer in 30 "
		 "seconds the key is not used.\n",
	.options = options,
	.run = run,
};
