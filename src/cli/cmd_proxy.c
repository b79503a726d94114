/* SPDX-License-Identifier: ISC */

/*
 * pemkeep proxy: the ProxyCommand of ssh(1), and its KnownHostsCommand.  Others
 * speak SSH here, on our standard input and output, so that nothing is asked and
 * nothing but their bytes is printed.  They have no second attempt either: an
 * address that leads to the wrong host has to be noticed before.
 */

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/inventory/inventory.h"
#include "pemkeep/ssh/loop.h"
#include "pemkeep/ssh/relay.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"
#include "src/cli/proxy.h"

#define ADDRESSES_MAX 32
#define CACHED_SECONDS 5u /* an address that may be gone has less time */

static int
read_options(struct proxy *p, struct err *e)
{
	struct connect_options *o = &p->options;
	int r;

	option_give(p->cli, "no-input");
	o->host = p->cli->operands[0];
	o->no_input = true;
	o->strict = STRICT_YES;
	o->quiet = option_on(p->cli, "quiet");
	p->hosts.options = p->keys.options = o;
	p->keys.cli = p->cli;
	if (!option_on(p->cli, "known-hosts") &&
	    (option_on(p->cli, "host-key") || option_on(p->cli, "as")))
		return err_set(e, ERR_USAGE,
		    "--host-key and --as belong to --known-hosts");
	if ((r = option_number(p->cli, "port", 1, &o->port, e)) != 0)
		return r;
	return *o->host != '\0' ? 0 : err_set(e, ERR_USAGE, "a name is needed");
}

static int
find(struct proxy *p, struct err *e)
{
	int r;

	if ((r = read_options(p, e)) != 0 ||
	    (r = connect_cloud_open(&p->cloud, p->cli, &p->options, &p->keys,
		 &p->hosts, &p->target, e)) != 0 ||
	    (r = connect_cloud_find(&p->cloud, e)) != 0)
		return r;
	p->hosts.cloud = connect_cloud_is(&p->cloud) ? &p->cloud : NULL;
	if ((r = connect_hosts_load(&p->hosts, e)) != 0)
		return r;
	return connect_hosts_name(&p->hosts, &p->target, false, e);
}

int
proxy_be_sure(struct proxy *p, struct err *e)
{
	struct buf name = BUF_INIT;
	struct err why;
	int r;

	if (p->hosts.cloud == NULL || p->target.live || p->hosts.type_count > 0)
		return 0;
	connect_cloud_name(&p->cloud, &name);
	if ((r = connect_cloud_look(&p->cloud, &why)) != 0) {
		err_set(e, why.code,
		    "the host keys of %s are not known, and its address is "
		    "from the cache: %s",
		    buf_text(&name), why.text);
		err_hint(e, "%s", why.hint);
	}
	buf_free(&name);
	return r;
}

static int
dial(struct proxy *p, struct ssh_loop *l, bool *reached, int *fd, struct err *e)
{
	const struct target *t = &p->target;
	const char *addresses[ADDRESSES_MAX];
	struct ssh_relay_target to = { .addresses = addresses,
		.port = t->port,
		.seconds = SSH_SECONDS,
		.reached = reached };

	if (t->address_count == 0)
		return err_set(
		    e, ERR_NOT_FOUND, "'%s' has no address", p->options.host);
	if (p->hosts.cloud != NULL && !t->live && !p->cloud.patient)
		to.seconds = CACHED_SECONDS;
	for (; to.address_count < ADDRESSES_MAX &&
	     to.address_count < t->address_count;
	     to.address_count++)
		addresses[to.address_count] =
		    t->addresses[to.address_count].value;
	return ssh_relay_dial(l, &to, fd, e);
}

/* What does not answer at an address of the cache is tried where it is now. */
static int
reach(struct proxy *p, struct ssh_loop *l, int *fd, struct err *e)
{
	bool reached = false;
	int r;

	do {
		if ((r = connect_start_ask(&p->cloud, e)) != 0 ||
		    (r = proxy_be_sure(p, e)) != 0 ||
		    (r = connect_start_ask(&p->cloud, e)) != 0)
			return r;
		r = dial(p, l, &reached, fd, e);
	} while (connect_cloud_again(&p->cloud, r, e));
	if (r != 0)
		connect_tell_next(&p->cloud, reached, e);
	return r != 0 ? (int)e->code : 0;
}

/* Whoever logs in with a key of ours is told why there is none. */
static void
say_locked(const struct proxy *p)
{
	struct client_status status = { .unlocked = false };
	struct client *c = NULL;
	struct stat st;
	struct err e;

	if (p->options.quiet || session_start(p->cli, &c, &e) != 0)
		return;
	if (stat(client_path(c), &st) == 0 &&
	    (client_status(c, &status, &e) != 0 || !status.unlocked))
		out_warning("the vault is locked", "pemkeep unlock");
	client_free(c);
}

static int
run_proxy(struct proxy *p, struct err *e)
{
	struct ssh_loop *l = NULL;
	int fd = -1, r;

	if ((r = find(p, e)) != 0 || (r = ssh_loop_new(&l, e)) != 0)
		return r;
	if ((r = reach(p, l, &fd, e)) == 0) {
		say_locked(p);
		cloud_tell(&p->cloud.cloud, NULL);
		inventory_refresh_behind(p->cloud.cloud.inventory);
		/* It may last: nothing of the cache stays open. */
		connect_cloud_close(&p->cloud);
		r = ssh_relay_run(fd, STDIN_FILENO, STDOUT_FILENO, e);
	}
	if (fd != -1)
		close(fd);
	ssh_loop_free(l);
	return r;
}

static int
run_known_hosts(struct proxy *p, struct err *e)
{
	struct buf lines = BUF_INIT;
	int r;

	if ((r = find(p, e)) == 0 && (r = proxy_hosts_put(p, &lines, e)) == 0 &&
	    lines.len > 0 && out_data(&lines) != 0)
		r = err_set(e, ERR_SYSTEM, "the host keys could not be told");
	buf_free(&lines);
	return r;
}

static int
run(struct cli *cli)
{
	struct proxy p = { .cli = cli };
	struct err e;
	int r;

	memset(&e, 0, sizeof(e));
	(void)signal(SIGPIPE, SIG_IGN);
	r = option_on(cli, "known-hosts") ? run_known_hosts(&p, &e)
					  : run_proxy(&p, &e);
	if (r != 0 && p.cloud.cloud.inventory != NULL)
		cloud_tell(&p.cloud.cloud, &e);
	connect_hosts_clear(&p.hosts);
	connect_keys_clear(&p.keys);
	connect_cloud_close(&p.cloud);
	target_clear(&p.target);
	return r != 0 ? out_error(&e) : 0;
}

static const struct option options[] = {
	{ "port", 'p', "PORT", "connect to PORT" },
	{ "known-hosts", 0, NULL,
	    "print its host keys, for KnownHostsCommand" },
	{ "host-key", 0, "KEY", "it has shown this key (base64)" },
	{ "as", 0, "HOST", "print them for the name HOST" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_proxy = {
	.name = "proxy",
	.args = "NAME",
	.min = 1,
	.max = 1,
	.summary = "connect ssh to a server (ProxyCommand, KnownHostsCommand)",
	.about = "pemkeep ssh-config writes all that ssh needs for this.\n",
	.options = options,
	.run = run,
};
