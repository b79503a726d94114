/* SPDX-License-Identifier: ISC */

/*
 * pemkeep unlock: give the passphrase now.  One that comes from a descriptor is
 * checked even when the vault is unlocked already, which is also how SSH_ASKPASS
 * is told to the agent anew.
 */

#include "pemkeep/agent/client.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/timefmt.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"

#define LONGEST (366u * 86400u)

/* 0 when it was not given. */
static int
get_time(const struct cli *cli, unsigned *seconds, struct err *e)
{
	const char *text = option_value(cli, "for");
	uint64_t value;

	*seconds = 0;
	if (text == NULL)
		return 0;
	if (!timefmt_duration(text, LONGEST, &value)) {
		err_set(e, ERR_USAGE, "--for needs a time, not '%s'", text);
		err_hint(e, "90s, 30m, 8h, 2d");
		return ERR_USAGE;
	}
	*seconds = (unsigned)value;
	return 0;
}

static int
run(struct cli *cli)
{
	struct client *c = NULL;
	unsigned seconds;
	struct err e;
	int status = 0;

	if (option_on(cli, "no-agent"))
		status = err_set(&e, ERR_USAGE,
		    "there is nothing to unlock without an agent");
	else if ((status = get_time(cli, &seconds, &e)) == 0 &&
	    (status = session_start(cli, &c, &e)) == 0)
		status = client_unlock(c, seconds, &e);
	client_free(c);
	if (status != 0)
		return out_error(&e);
	out_say(cli, "The vault is unlocked.");
	return 0;
}

static const struct option options[] = {
	{ "for", 0, "TIME", "lock after TIME without use (30m)" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_unlock = {
	.name = "unlock",
	.args = "",
	.summary = "unlock the vault, so that nobody is asked later",
	.about =
	    "TIME is a number with s, m, h, d or w. Other commands unlock by "
	    "themselves.\n",
	.options = options,
	.run = run,
};
