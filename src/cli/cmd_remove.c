/* SPDX-License-Identifier: ISC */

/*
 * pemkeep remove: forget keys for good, in the .bak, too.  Copies of the vault
 * elsewhere still have them, which is said.
 */

#include "pemkeep/agent/client.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"

static int
confirm(const struct cli *cli, struct err *e)
{
	struct buf b = BUF_INIT;
	int r;

	buf_put_text(&b, "Remove ");
	for (int i = 0; i < cli->operand_count; i++)
		buf_printf(&b, "%s'%s'", i > 0 ? ", " : "", cli->operands[i]);
	buf_put_text(&b, " for good?");
	r = prompt_confirm(cli, buf_text(&b), e);
	buf_free(&b);
	return r;
}

/* Nobody is asked about a key that is not there. */
static int
find_all(const struct cli *cli, struct client *c, struct err *e)
{
	struct keeper_key key;
	int r;

	for (int i = 0; i < cli->operand_count; i++) {
		if ((r = client_public(c, cli->operands[i], &key, e)) != 0)
			return r;
		keeper_key_clear(&key);
	}
	return 0;
}

static int
run(struct cli *cli)
{
	struct client *c = NULL;
	struct err e;
	int status = 0;

	if (session_open(cli, &c, &e) != 0 || find_all(cli, c, &e) != 0 ||
	    confirm(cli, &e) != 0 ||
	    client_remove(c, cli->operands, (size_t)cli->operand_count, &e) !=
		0) {
		status = out_error(&e);
	} else {
		for (int i = 0; i < cli->operand_count; i++)
			out_say(cli, "'%s' is removed.", cli->operands[i]);
		out_say(cli,
		    "Copies of the vault elsewhere still hold what was "
		    "removed here.");
	}
	client_free(c);
	return status;
}

const struct command cmd_remove = {
	.name = "remove",
	.args = "KEY...",
	.min = 1,
	.max = -1,
	.summary = "remove keys from the vault",
	.about =
	    "Asks first; --yes answers. All of them are removed, or none.\n",
	.run = run,
};
