/* SPDX-License-Identifier: ISC */

/* From the global options to the agent. */

#include <fcntl.h>
#include <stdlib.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/base/err.h"

#include "src/cli/cli.h"

static void
on_warning(void *arg, const char *text, const char *hint)
{
	(void)arg;
	out_warning(text, hint);
}

static int
start(const struct cli *cli, bool own, struct client **cp, struct err *e)
{
	struct client_options options = { .warn = on_warning };
	const char *file = getenv("PEMKEEP_PASSPHRASE_FILE");
	unsigned fd;
	int r;

	*cp = NULL;
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
	options.no_agent = own || option_on(cli, "no-agent");
	return client_new(&options, cp, e);
}

int
session_start(const struct cli *cli, struct client **cp, struct err *e)
{
	return start(cli, false, cp, e);
}

int
session_own(const struct cli *cli, struct client **cp, struct err *e)
{
	return start(cli, true, cp, e);
}

int
session_open(const struct cli *cli, struct client **cp, struct err *e)
{
	int r;

	if ((r = session_start(cli, cp, e)) != 0)
		return r;
	if ((r = client_unlock(*cp, 0, e)) != 0) {
		client_free(*cp);
		*cp = NULL;
	}
	return r;
}
