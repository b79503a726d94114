/* SPDX-License-Identifier: ISC */

/* pemkeep help: the same texts as --help. */

#include "pemkeep/base/err.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"

static int
run(struct cli *cli)
{
	const struct command *about = NULL;
	struct err e;

	if (cli->operand_count > 0 &&
	    (about = command_find(cli->operands[0])) == NULL) {
		err_set(&e, ERR_USAGE, "there is no command '%s'",
		    cli->operands[0]);
		err_hint(&e, "pemkeep help");
		return out_error(&e);
	}
	return help_show(about);
}

const struct command cmd_help = {
	.name = "help",
	.args = "[COMMAND]",
	.max = 1,
	.summary = "explain a command",
	.run = run,
};
