/* SPDX-License-Identifier: ISC */

/*
 * From a name to a login.  This file only wires: names to addresses, host keys to
 * known hosts, signing to keys.  A name that is wrong costs no passphrase.
 */

#include <stdio.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/agent/question.h"
#include "pemkeep/base/err.h"
#include "pemkeep/ssh/loop.h"

#include "src/cli/cli.h"
#include "src/cli/connect_login.h"

#define ADDRESSES_MAX 32
#define CACHED_SECONDS 5u /* an address that may be gone has less time */

static int
on_host(void *arg, const struct ssh_host_key *key, struct err *e)
{
	struct connect *c = arg;

	c->hosts.address = ssh_connection_address(c->connection);
	return connect_hosts_check(&c->hosts, key, e);
}

static int
on_sign(void *arg, const uint8_t *blob, size_t blob_len, const char *algorithm,
    const void *data, size_t len, struct buf *signature, struct err *e)
{
	struct connect *c = arg;

	return connect_keys_sign(
	    &c->keys, blob, blob_len, algorithm, data, len, signature, e);
}

static int
on_ask(void *arg, const char *prompt, bool echo, char answer[SSH_ANSWER_MAX],
    struct err *e)
{
	(void)arg;
	return connect_ask(prompt, echo, answer, SSH_ANSWER_MAX, e);
}

/* Both are safe to print by contract. */
static void
on_banner(void *arg, const char *text)
{
	(void)arg;
	out_talk(text);
}

static void
on_trace(void *arg, const char *text)
{
	(void)arg;
	out_progress_end();
	fprintf(stderr, "connect: %s\n", text);
}

/* Where, and with what; the vault is not opened before a host is found. */
int
connect_login_find(struct connect *c, struct err *e)
{
	bool known;
	int r;

	c->hosts.options = &c->options;
	if ((r = connect_cloud_open(&c->cloud, c->cli, &c->options, &c->keys,
		 &c->hosts, &c->target, e)) != 0 ||
	    (r = connect_keys_look(&c->keys, c->cli, &c->options, e)) != 0 ||
	    (r = connect_cloud_find(&c->cloud, e)) != 0 ||
	    (r = connect_start_ask(&c->cloud, e)) != 0)
		return r;
	known = c->keys.vault.known;
	if ((r = connect_keys_unlock(&c->keys, e)) != 0 ||
	    (known != c->keys.vault.known &&
		(r = connect_cloud_find(&c->cloud, e)) != 0))
		return r;
	c->hosts.cloud = connect_cloud_is(&c->cloud) ? &c->cloud : NULL;
	if (c->hosts.cloud == NULL && c->target.user.value == NULL) {
		err_set(e, ERR_NOT_FOUND, "the user for '%s' is not known",
		    c->options.host);
		err_hint(e, "use -l USER");
		return ERR_NOT_FOUND;
	}
	connect_tell(&c->cloud);
	if ((r = connect_hosts_load(&c->hosts, e)) != 0 ||
	    (r = connect_hosts_name(&c->hosts, &c->target, false, e)) != 0 ||
	    (r = connect_keys_choose(&c->keys, &c->target, e)) != 0)
		return r;
	return connect_tell_missing(&c->cloud, e);
}

static int
open_connection(struct connect *c, struct err *e)
{
	const struct connect_options *o = &c->options;
	const char *addresses[ADDRESSES_MAX];
	struct ssh_target target = {
		.addresses = addresses,
		.port = c->target.port,
		.family = o->family,
		.seconds = o->seconds,
		.reached = &c->reached,
		.user = connect_user_name(&c->user, &c->cloud),
		.host_types = c->hosts.type_list,
		.host_type_count = c->hosts.type_count,
		.keys = c->keys.list,
		.key_count = c->keys.count,
		.kex = o->kex,
		.ciphers = o->ciphers,
		.macs = o->macs,
		.alive_interval = o->alive_interval,
		.alive_count = o->alive_count,
		.host = on_host,
		.sign = on_sign,
		.banner = o->quiet ? NULL : on_banner,
		.trace = o->verbose ? on_trace : NULL,
		.arg = c,
	};

	if (c->target.address_count == 0)
		return err_set(
		    e, ERR_NOT_FOUND, "'%s' has no address", o->host);
	if (!o->no_input && !c->user.guess && question_possible())
		target.ask = on_ask;
	if (c->hosts.cloud != NULL && !c->target.live && !c->cloud.patient &&
	    (o->seconds == 0 || o->seconds > CACHED_SECONDS))
		target.dial_seconds = CACHED_SECONDS;
	while (target.address_count < ADDRESSES_MAX &&
	    target.address_count < c->target.address_count) {
		addresses[target.address_count] =
		    c->target.addresses[target.address_count].value;
		target.address_count++;
	}
	return ssh_connection_open(c->loop, &target, &c->connection, e);
}

/* What fails on an address of the cache is tried once where AWS says it is. */
static int
reach(struct connect *c, struct err *e)
{
	int r;

	do {
		if ((r = connect_start(&c->cloud, c->loop, e)) != 0)
			return r;
		r = open_connection(c, e);
	} while (connect_cloud_again(&c->cloud, r, e));
	return r != 0 ? (int)e->code : 0;
}

int
connect_login(struct connect *c, struct err *e)
{
	int r;

	if (c->loop == NULL && (r = ssh_loop_new(&c->loop, e)) != 0)
		return r;
	for (;;) {
		r = reach(c, e);
		r = connect_user_check(
		    &c->user, &c->cloud, r, c->loop, c->connection, e);
		if (r != 1)
			break;
		ssh_connection_free(c->connection);
		c->connection = NULL;
	}
	if (r != 0)
		connect_tell_next(&c->cloud, c->reached, e);
	return r;
}

void
connect_login_clear(struct connect *c)
{
	ssh_connection_free(c->connection);
	ssh_loop_free(c->loop);
	connect_hosts_clear(&c->hosts);
	connect_keys_clear(&c->keys);
	connect_env_clear(&c->env);
	connect_log_clear(&c->log);
	connect_cloud_close(&c->cloud);
	target_clear(&c->target);
}
