/* SPDX-License-Identifier: ISC */

/* pemkeep stop: stop instances; their disks stay. */

#include "src/cli/cli.h"
#include "src/cli/commands.h"
#include "src/cli/lifecycle.h"

static int
run(struct cli *cli)
{
	return lifecycle_command(cli, LIFECYCLE_STOP);
}

const struct command cmd_stop = {
	.name = "stop",
	.args = "NAME...",
	.min = 1,
	.max = -1,
	.summary = "stop instances, and wait until they have stopped",
	.run = run,
};
