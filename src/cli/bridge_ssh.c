/* SPDX-License-Identifier: ISC */

/* The settings with which ssh does what 'connect' does. */

#include <stdio.h>

#include "pemkeep/inventory/cache.h"

#include "src/cli/bridge.h"

typedef void put_fn(void *arg, const char *key, const char *value);

/* A path that was checked. */
static void
put_path(put_fn *fn, void *arg, const char *key, const char *path)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "\"%s\"", path);
	fn(arg, key, buf_text(&b));
	buf_free(&b);
}

/*
 * A name means something in one account only: without its profile it could be
 * another one's tomorrow, so it is not used then.
 */
static void
put_host(const struct bridge *b, const struct bridge_host *h, bool by_name,
    struct buf *command)
{
	bool profile = h->instance != NULL && b->keep_profile &&
	    bridge_is_word(h->profile);

	if (profile)
		buf_printf(command, " --profile %s", h->profile);
	if (h->instance != NULL && bridge_is_word(h->region))
		buf_printf(command, " --region %s", h->region);
	buf_printf(command, " %s",
	    by_name && h->label != NULL && (profile || h->fixed != NULL)
		? h->label
		: bridge_id(h));
}

static void
put_commands(const struct bridge *b, const struct bridge_host *h, bool by_name,
    put_fn *fn, void *arg)
{
	const char *program = (const char *)b->program.data;
	struct buf c = BUF_INIT;

	buf_printf(&c, "\"%s\" proxy --port %%p", program);
	put_host(b, h, by_name, &c);
	fn(arg, "ProxyCommand", buf_text(&c));
	buf_clear(&c);
	buf_printf(&c,
	    "\"%s\" proxy --known-hosts --port %%p --host-key %%K --as %%H",
	    program);
	put_host(b, h, by_name, &c);
	fn(arg, "KnownHostsCommand", buf_text(&c));
	buf_free(&c);
}

void
bridge_settings(const struct bridge *b, const struct bridge_host *h,
    bool by_name, put_fn *fn, void *arg)
{
	char port[8];

	snprintf(port, sizeof(port), "%u", h->port);
	fn(arg, "HostKeyAlias", bridge_id(h));
	fn(arg, "Port", port);
	if (h->user[0] != '\0')
		fn(arg, "User", h->user);
	if (h->key_file != NULL)
		put_path(fn, arg, "IdentityFile", h->key_file);
	fn(arg, "IdentitiesOnly", "yes");
	if (h->key_file != NULL && b->socket.len > 0)
		put_path(
		    fn, arg, "IdentityAgent", (const char *)b->socket.data);
	put_commands(b, h, by_name, fn, arg);
	fn(arg, "UserKnownHostsFile", "none");
	fn(arg, "GlobalKnownHostsFile", "none");
	fn(arg, "StrictHostKeyChecking", "yes");
	fn(arg, "UpdateHostKeys", "no");
}
