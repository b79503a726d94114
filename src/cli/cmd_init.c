/* SPDX-License-Identifier: ISC */

/* pemkeep init: make the vault.  It never replaces one. */

#include "pemkeep/agent/client.h"
#include "pemkeep/base/err.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"

static int
run(struct cli *cli)
{
	struct client *c = NULL;
	unsigned memory, passes;
	struct err e;
	int status = 0;

	if (option_number(cli, "kdf-memory", 1, &memory, &e) != 0 ||
	    option_number(cli, "kdf-passes", 1, &passes, &e) != 0 ||
	    session_start(cli, &c, &e) != 0 ||
	    client_init(c, memory, passes, &e) != 0) {
		status = out_error(&e);
	} else {
		out_say(cli, "The vault is '%s'.", client_path(c));
		out_say(cli,
		    "A copy of this file is a backup, and you need one: "
		    "without "
		    "it and its passphrase the keys in it are lost.");
	}
	client_free(c);
	return status;
}

static const struct option options[] = {
	{ "kdf-memory", 0, "MiB",
	    "memory for hashing the passphrase (default 256)" },
	{ "kdf-passes", 0, "N", "passes over that memory (default 3)" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_init = {
	.name = "init",
	.args = "",
	.summary = "make the vault",
	.options = options,
	.run = run,
};
