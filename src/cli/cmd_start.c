/* SPDX-License-Identifier: ISC */

/* pemkeep start: start instances. */

#include "src/cli/cli.h"
#include "src/cli/commands.h"
#include "src/cli/lifecycle.h"

static int
run(struct cli *cli)
{
	return lifecycle_command(cli, LIFECYCLE_START);
}

const struct command cmd_start = {
	.name = "start",
	.args = "NAME...",
	.min = 1,
	.max = -1,
	.summary = "start instances that are stopped, and wait until they run",
	.run = run,
};
