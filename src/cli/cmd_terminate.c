/* SPDX-License-Identifier: ISC */

/* pemkeep terminate: terminate instances, with what was launched with them. */

#include "src/cli/cli.h"
#include "src/cli/commands.h"
#include "src/cli/lifecycle.h"

static int
run(struct cli *cli)
{
	return lifecycle_command(cli, LIFECYCLE_TERMINATE);
}

const struct command cmd_terminate = {
	.name = "terminate",
	.args = "NAME...",
	.min = 1,
	.max = -1,
	.summary = "terminate instances, and remove what their launch has made",
	.run = run,
};
