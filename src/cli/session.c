/* SPDX-License-Identifier: ISC */

/* From the global options to a keeper. */

#include <fcntl.h>
#include <stdlib.h>

#include "pemkeep/agent/keeper.h"
#include "pemkeep/base/err.h"

#include "src/cli/cli.h"

static void
on_warning(void *arg, const char *text, const char *hint)
{
	(void)arg;
	out_warning(text, hint);
}

int
session_start(const struct cli *cli, struct keeper **kp, struct err *e)
{
	struct keeper_options options = { .warn = on_warning };
	const char *file = getenv("PEMKEEP_PASSPHRASE_FILE");
	unsigned fd;
	int r;

	*kp = NULL;
	if ((r = option_number(cli, "passphrase-fd", 0, &fd, e)) != 0)
		return r;
	options.passphrase.fd = -1;
	if (option_value(cli, "passphrase-fd") != NULL) {
		if (fcntl((int)fd, F_GETFD) == -1)
			return err_set(e, ERR_USAGE,
			    "--passphrase-fd %u: there is no such descriptor",
			    fd);
		options.passphrase.fd = (int)fd;
	}
	options.passphrase.file = file != NULL && *file != '\0' ? file : NULL;
	options.passphrase.no_input = option_on(cli, "no-input");
	return keeper_new(&options, kp, e);
}

int
session_open(const struct cli *cli, struct keeper **kp, struct err *e)
{
	int r;

	if ((r = session_start(cli, kp, e)) != 0)
		return r;
	if ((r = keeper_unlock(*kp, e)) != 0) {
		keeper_free(*kp);
		*kp = NULL;
	}
	return r;
}
