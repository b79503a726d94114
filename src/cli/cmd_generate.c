/* SPDX-License-Identifier: ISC */

/* pemkeep generate: make a key that never lies on a disk in clear. */

#include "pemkeep/agent/client.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"

static int
show(const struct cli *cli, const struct keeper_key *key)
{
	struct buf b = BUF_INIT;
	int status;

	if (option_on(cli, "json"))
		return show_keys(key, 1);
	out_put(&b, key->public_line);
	buf_put_text(&b, "\n");
	status = out_data(&b);
	buf_free(&b);
	return status;
}

static int
run(struct cli *cli)
{
	const char *type = option_value(cli, "type");
	struct keeper_key key = { 0 };
	struct client *c = NULL;
	unsigned bits;
	struct err e;
	int status;

	if (option_number(cli, "bits", 1, &bits, &e) != 0 ||
	    session_open(cli, &c, &e) != 0 ||
	    client_generate(c, cli->operands[0],
		type != NULL ? type : "ed25519", bits, &key, &e) != 0)
		status = out_error(&e);
	else
		status = show(cli, &key);
	keeper_key_clear(&key);
	client_free(c);
	return status;
}

static const struct option options[] = {
	{ "type", 't', "TYPE", "ed25519 (default) or rsa" },
	{ "bits", 'b', "N", "size of an RSA key (default 4096)" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_generate = {
	.name = "generate",
	.args = "KEY",
	.min = 1,
	.max = 1,
	.summary = "make a new key in the vault",
	.about = "Prints the public key.\n",
	.options = options,
	.run = run,
};
