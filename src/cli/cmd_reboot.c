/* SPDX-License-Identifier: ISC */

/* pemkeep reboot: reboot instances. */

#include "src/cli/cli.h"
#include "src/cli/commands.h"
#include "src/cli/lifecycle.h"

static int
run(struct cli *cli)
{
	return lifecycle_command(cli, LIFECYCLE_REBOOT);
}

const struct command cmd_reboot = {
	.name = "reboot",
	.args = "NAME...",
	.min = 1,
	.max = -1,
	.summary = "reboot instances",
	.run = run,
};
