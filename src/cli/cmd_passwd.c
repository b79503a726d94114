/* SPDX-License-Identifier: ISC */

/* pemkeep passwd: another passphrase, and a new key under it. */

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
	    session_open(cli, &c, &e) != 0 ||
	    client_passwd(c, memory, passes, &e) != 0) {
		status = out_error(&e);
	} else {
		out_say(cli,
		    "The passphrase is changed, and every key is "
		    "encrypted anew.");
		out_say(cli,
		    "Copies of the vault elsewhere still open with the old "
		    "passphrase: if others may know it, replace the SSH keys "
		    "themselves.");
	}
	client_free(c);
	return status;
}

static const struct option options[] = {
	{ "kdf-memory", 0, "MiB", "memory for hashing the passphrase" },
	{ "kdf-passes", 0, "N", "passes over that memory" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_passwd = {
	.name = "passwd",
	.args = "",
	.summary = "change the vault's passphrase",
	.about = "Every key is encrypted anew. Without options the cost stays "
		 "as it is.\n",
	.options = options,
	.run = run,
};
