/* SPDX-License-Identifier: ISC */

/*
 * pemkeep add: give a host that is no EC2 instance a name.  A key is noted by
 * name and, when the vault is unlocked, by fingerprint, so that renaming it does
 * not matter; nobody is asked for a passphrase for that.
 */

#include <stdint.h>
#include <string.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/base/err.h"
#include "pemkeep/inventory/hosts.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"
#include "src/cli/vault_keys.h"

/* The key that is meant, when that can be known; ERR_NOT_FOUND. */
static int
find_key(const struct vault_keys *keys, struct host *host, struct err *e)
{
	for (size_t i = 0; i < keys->count; i++)
		if (strcmp(keys->list[i].name, host->key) == 0) {
			host->fingerprint = keys->keys.list[i].fingerprint;
			return 0;
		}
	if (!keys->known)
		return 0;
	err_set(
	    e, ERR_NOT_FOUND, "there is no key '%s' in the vault", host->key);
	err_hint(e, "pemkeep keys");
	return ERR_NOT_FOUND;
}

static int
add(const struct cli *cli, struct host *host, struct vault_keys *keys,
    struct err *e)
{
	struct client *c = NULL;
	int r = 0;

	if (option_value(cli, "port") != NULL &&
	    (r = option_number(cli, "port", 1, &host->port, e)) != 0)
		return r;
	if (host->key != NULL && (r = session_start(cli, &c, e)) == 0 &&
	    (r = vault_keys_public(c, keys, e)) == 0)
		r = find_key(keys, host, e);
	client_free(c);
	return r == 0 ? hosts_add(NULL, host, e) : r;
}

static char *
value(const struct cli *cli, const char *name)
{
	return (char *)(uintptr_t)option_value(cli, name);
}

static int
run(struct cli *cli)
{
	struct host host = { .name = cli->operands[0],
		.host = cli->operands[1],
		.user = value(cli, "user"),
		.key = value(cli, "key") };
	struct vault_keys keys = { 0 };
	struct err e;
	int status = 0;

	if (add(cli, &host, &keys, &e) != 0)
		status = out_error(&e);
	else
		out_say(cli, "'%s' is %s.", host.name, host.host);
	vault_keys_clear(&keys);
	return status;
}

static const struct option options[] = {
	{ "user", 'l', "USER", "the user to log in as" },
	{ "port", 'p', "PORT", "the port of its SSH server, if it is not 22" },
	{ "key", 'k', "KEY", "the key of the vault to log in with" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_add = {
	.name = "add",
	.args = "NAME HOST",
	.min = 2,
	.max = 2,
	.summary = "give a host a name, with user, port and key",
	.options = options,
	.run = run,
};
