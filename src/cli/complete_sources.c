/* SPDX-License-Identifier: ISC */

/*
 * Names from what is at hand: files, the cache as it is, and an agent that is
 * unlocked.  What cannot be had is left out, without a word.
 */

#include <string.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/aws/profile.h"
#include "pemkeep/base/err.h"
#include "pemkeep/inventory/hosts.h"
#include "pemkeep/inventory/inventory.h"
#include "pemkeep/inventory/ssh_names.h"

#include "src/cli/cli.h"
#include "src/cli/cloud.h"
#include "src/cli/complete.h"

static int
add_name(void *arg, const char *name)
{
	complete_add(arg, name, NULL);
	return 0;
}

static void
add_config_name(void *arg, const char *name, const char *where)
{
	(void)where;
	complete_add(arg, name, NULL);
}

void
complete_hosts(struct complete *c, const struct cli *cli)
{
	struct hosts hosts = { .count = 0 };
	struct cloud cloud;
	struct err e;

	if (hosts_read(NULL, &hosts, &e) == 0)
		for (size_t i = 0; i < hosts.count; i++)
			complete_add(c, hosts.list[i].name, NULL);
	hosts_clear(&hosts);
	if (cloud_open(&cloud, cli, &e) == 0) {
		inventory_peek(cloud.inventory);
		(void)inventory_names(cloud.inventory, add_name, c, &e);
	}
	cloud_close(&cloud);
	(void)ssh_config_each(NULL, add_config_name, c, &e);
}

void
complete_keys(struct complete *c, const struct cli *cli)
{
	struct keeper_keys keys = { 0 };
	struct client *client = NULL;
	struct err e;

	if (session_start(cli, &client, &e) == 0 &&
	    client_keys_public(client, &keys, &e) == 0)
		for (size_t i = 0; i < keys.count; i++)
			complete_add(c, keys.list[i].name, NULL);
	keeper_keys_clear(&keys);
	client_free(client);
}

void
complete_profiles(struct complete *c)
{
	struct aws_profiles *profiles = NULL;
	struct err e;

	if (aws_profiles_load(&profiles, NULL, NULL, &e) == 0)
		for (size_t i = 0; i < aws_profiles_count(profiles); i++)
			complete_add(c, aws_profiles_name(profiles, i), NULL);
	aws_profiles_free(profiles);
}
