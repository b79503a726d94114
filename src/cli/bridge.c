/* SPDX-License-Identifier: ISC */

/* Finding all hosts, their keys, and what other programs need to get at us. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/path.h"
#include "pemkeep/inventory/cache.h"
#include "pemkeep/inventory/inventory.h"

#include "src/cli/bridge.h"
#include "src/cli/cli.h"
#include "src/cli/platform.h"

#define WORD_CHARS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
#define SSH_PORT 22u

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

bool
bridge_is_word(const char *text)
{
	return *text != '\0' && *text != '-' &&
	    strspn(text, WORD_CHARS) == strlen(text);
}

const char *
bridge_id(const struct bridge_host *h)
{
	return h->instance != NULL ? h->instance->id : h->label;
}

static struct bridge_host *
add(struct bridge *b)
{
	struct bridge_host *list;

	if (b->count == b->room) {
		size_t room = b->room > 0 ? b->room * 2 : 64;

		list = reallocarray(b->list, room, sizeof(*list));
		if (list == NULL)
			return NULL;
		b->list = list;
		b->room = room;
	}
	list = &b->list[b->count++];
	memset(list, 0, sizeof(*list));
	return list;
}

/* What is not safe is not said; ssh and Ansible have their own ideas then. */
static bool
fill(struct bridge_host *h, const char *profile, const char *region,
    const char *user, const char *address)
{
	bool safe = user != NULL && bridge_is_word(user);

	h->profile = strdup(profile);
	h->region = strdup(region);
	h->user = strdup(safe ? user : "");
	h->address = strdup(
	    strspn(address, WORD_CHARS ":") == strlen(address) ? address : "");
	return h->profile != NULL && h->region != NULL && h->user != NULL &&
	    h->address != NULL;
}

/* The one that is said, or the usual one. */
static unsigned
port_of(const struct bridge *b, unsigned said)
{
	return said != 0                ? said
	    : b->cloud.config.port != 0 ? b->cloud.config.port
					: SSH_PORT;
}

static bool
is(const struct cache_instance *i, const char *state)
{
	return strcmp(i->state, state) == 0;
}

static int
take(void *arg, const struct inventory_row *row)
{
	const struct cache_instance *i = row->instance;
	struct bridge *b = arg;
	struct bridge_host *h;

	/* An id that is none would be a name of somebody's choice. */
	if (is(i, "terminated") || is(i, "shutting-down") ||
	    strncmp(i->id, "i-", 2) != 0 || !bridge_is_word(i->id))
		return 0;
	if ((h = add(b)) == NULL || (h->instance = cache_copy(i)) == NULL ||
	    !fill(h, row->profile, row->region, row->user, row->address))
		return ERR_NOMEM;
	h->port = port_of(b, inventory_port(i->port));
	h->key = row->key;
	h->up = is(i, "running") || is(i, "pending");
	return 0;
}

static int
take_hosts(struct bridge *b, struct err *e)
{
	int r = hosts_read(NULL, &b->hosts, e);

	for (size_t i = 0; i < b->hosts.count && r == 0; i++) {
		const struct host *host = &b->hosts.list[i];
		struct bridge_host *h = add(b);

		if (h == NULL)
			return no_memory(e);
		h->fixed = host;
		h->port = port_of(b, host->port);
		h->up = true;
		if (!fill(h, "", "", host->user, host->host))
			return no_memory(e);
	}
	return r;
}

static int
take_instances(struct bridge *b, struct err *e)
{
	struct inventory *inv = b->cloud.inventory;
	int r = 0;

	err_set(e, ERR_NOMEM, "out of memory");
	cloud_begin(&b->cloud);
	if (option_on(b->cli, "refresh"))
		r = inventory_refresh(inv, e);
	if (r != ERR_INTERRUPTED && r != ERR_NOMEM)
		r = inventory_list(
		    inv, NULL, 0, b->keys.list, b->keys.count, take, b, e);
	cloud_end(&b->cloud);
	/* What could not be had is said beside what there is. */
	return b->count > 0 && r != ERR_INTERRUPTED && r != ERR_NOMEM ? 0 : r;
}

/* The keys of the vault, and where its agent is. */
static int
find_keys(struct bridge *b, bool unlock, struct err *e)
{
	struct keeper_keys list = { 0 };
	struct client_status status;
	struct client *c = NULL;
	int r;

	if ((r = session_start(b->cli, &c, e)) != 0)
		return r;
	if (access(client_path(c), F_OK) != 0) {
		client_free(c); /* there is no vault */
		return 0;
	}
	if (!unlock)
		r = vault_keys_public(c, &b->keys, e);
	else if ((r = client_unlock(c, 0, e)) == 0 &&
	    (r = client_list(c, &list, e)) == 0)
		r = vault_keys_from(&list, &b->keys, e);
	if (r == 0 && (r = client_agent(c, &status, e)) == 0)
		buf_put_text(&b->socket, status.ssh);
	client_free(c);
	return r;
}

static int
find_places(struct bridge *b, struct err *e)
{
	int r;

	if ((r = platform_program(&b->program, e)) != 0 ||
	    (r = bridge_check_path("this program", buf_text(&b->program), e)) !=
		0 ||
	    (r = path_of(PATH_STATE, "public", &b->folder, e)) != 0 ||
	    (r = bridge_check_path(
		 "the folder of public keys", buf_text(&b->folder), e)) != 0)
		return r;
	return b->socket.len == 0
	    ? 0
	    : bridge_check_path("the agent's socket", buf_text(&b->socket), e);
}

int
bridge_open(struct bridge *b, const struct cli *cli, bool unlock, struct err *e)
{
	const char *own = getenv("AWS_ACCESS_KEY_ID");
	int r;

	memset(b, 0, sizeof(*b));
	b->cli = cli;
	b->keep_profile =
	    own == NULL || *own == '\0' || option_value(cli, "profile") != NULL;
	if ((r = cloud_open(&b->cloud, cli, e)) != 0 ||
	    (r = take_hosts(b, e)) != 0 || (r = find_keys(b, unlock, e)) != 0 ||
	    (r = find_places(b, e)) != 0 || (r = take_instances(b, e)) != 0 ||
	    (r = bridge_name(b, e)) != 0)
		return r;
	return bridge_write_keys(b, e);
}

int
bridge_close(struct bridge *b, int r, const struct err *e)
{
	if (b->cloud.inventory != NULL) {
		cloud_tell(&b->cloud, r == 0 ? NULL : e);
		inventory_refresh_behind(b->cloud.inventory);
	}
	for (size_t i = 0; i < b->count; i++) {
		free(b->list[i].instance);
		free(b->list[i].profile);
		free(b->list[i].region);
		free(b->list[i].user);
		free(b->list[i].address);
	}
	free(b->list);
	bridge_forget_keys(b);
	buf_free(&b->program);
	buf_free(&b->folder);
	buf_free(&b->socket);
	hosts_clear(&b->hosts);
	vault_keys_clear(&b->keys);
	cloud_close(&b->cloud);
	memset(b, 0, sizeof(*b));
	return r == 0 ? 0 : out_error(e);
}
