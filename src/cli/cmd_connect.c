/* SPDX-License-Identifier: ISC */

/*
 * connect: a shell or a command on a server.  This file only wires: names to
 * addresses, host keys to known hosts, signing to keys, and the session to this
 * terminal.  A name that is wrong costs no passphrase.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/agent/question.h"
#include "pemkeep/base/err.h"
#include "pemkeep/inventory/inventory.h"
#include "pemkeep/ssh/loop.h"
#include "pemkeep/ssh/remote.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"
#include "src/cli/connect_cloud.h"

extern char **environ;

#define ADDRESSES_MAX 32
#define CACHED_SECONDS 5u /* an address that may be gone has less time */

struct connect {
	const struct cli *cli;
	struct connect_options options;
	struct connect_hosts hosts;
	struct connect_keys keys;
	struct connect_env env;
	struct target target;
	struct connect_cloud cloud;
	struct connect_user user;
	struct connect_log log;
	bool reached;      /* something has answered there */
	const char *agent; /* the socket to be forwarded, or NULL */
	struct client_status status;
	struct ssh_loop *loop;
	struct ssh_connection *connection;
};

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
	fputs(text, stderr);
}

static void
on_trace(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "connect: %s\n", text);
}

static void
on_say(void *arg, const char *text)
{
	const struct connect *c = arg;

	if (!c->options.quiet)
		out_warning(text, "");
}

/* Where, and with what; the vault is not opened before a host is found. */
static int
find_target(struct connect *c, struct err *e)
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

static int
log_in(struct connect *c, struct err *e)
{
	int r;

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

static void
join_command(const struct connect_options *o, struct buf *b)
{
	for (int i = 0; i < o->command_count; i++)
		buf_printf(b, "%s%s", i > 0 ? " " : "", o->command[i]);
}

static bool
wants_pty(const struct connect *c)
{
	const struct connect_options *o = &c->options;
	bool here = isatty(STDIN_FILENO) && !o->no_stdin;

	switch (o->tty) {
	case TTY_NONE:
		return false;
	case TTY_FORCED:
		return true;
	case TTY_WANTED:
		if (!here && !o->quiet)
			out_warning("standard input is no terminal; there will "
				    "be none on the server",
			    "use -tt");
		return here;
	case TTY_AUTO:
		break;
	}
	return here && o->command_count == 0;
}

/* The login is done: leave the terminal and the shell that waits for us. */
static int
go_to_background(struct connect *c, struct err *e)
{
	int null;

	switch (fork()) {
	case -1:
		return err_set(e, ERR_SYSTEM, "cannot fork");
	case 0:
		break;
	default:
		_exit(0);
	}
	setsid();
	null = open("/dev/null", O_RDWR);
	if (null == -1 || dup2(null, STDIN_FILENO) == -1)
		return err_set(e, ERR_SYSTEM, "cannot open '/dev/null'");
	if (null > STDERR_FILENO)
		close(null);
	return ssh_loop_forked(c->loop, e);
}

static int
run_remote(struct connect *c, struct ssh_ending *ending, struct err *e)
{
	const struct connect_options *o = &c->options;
	const char *term = getenv("TERM");
	struct buf command = BUF_INIT;
	struct ssh_remote what = {
		.seconds = o->seconds != 0 ? o->seconds : SSH_SECONDS,
		.pty = wants_pty(c),
		.term = term != NULL ? term : "",
		.no_stdin = o->no_stdin,
		.escapes = true,
		.env = c->env.list,
		.env_count = c->env.count,
		.agent = c->agent,
		.say = on_say,
		.arg = c,
	};
	int r = 0;

	join_command(o, &command);
	if (o->command_count > 0)
		what.command = buf_text(&command);
	if (o->background)
		r = go_to_background(c, e);
	if (r == 0) {
		connect_log_opened(&c->log, &c->target, &c->keys, &c->hosts,
		    c->user.name[0] != '\0' ? c->user.name
					    : c->target.user.value);
		r = ssh_remote_run(c->loop, c->connection, &what, ending, e);
		connect_log_closed(&c->log, ending, r != 0 ? e : NULL);
	}
	buf_free(&command);
	return r;
}

/*
 * -A forwards our own agent, and of it the socket that only lists and signs.
 * The other one, which can do everything, is never named here.
 */
static int
find_agent(struct connect *c, struct err *e)
{
	struct client *client = c->keys.client, *own = NULL;
	int r = 0;

	if (c->options.agent == NULL)
		return 0;
	c->agent = c->options.agent;
	if (*c->agent != '\0')
		return 0;
	if (client == NULL && (r = session_start(c->cli, &own, e)) != 0)
		return r;
	if (client == NULL)
		client = own;
	if ((r = client_agent(client, &c->status, e)) == 0)
		c->agent = c->status.ssh;
	client_free(own);
	return r;
}

static int
connect_all(struct connect *c, struct ssh_ending *ending, struct err *e)
{
	const struct connect_options *o = &c->options;
	int r;

	if ((r = connect_env_collect(&c->env, o, environ, e)) != 0 ||
	    (r = find_target(c, e)) != 0 || (r = find_agent(c, e)) != 0 ||
	    (r = ssh_loop_new(&c->loop, e)) != 0 || (r = log_in(c, e)) != 0)
		return r;
	connect_learn(&c->cloud, &c->user);
	cloud_tell(&c->cloud.cloud, NULL);
	inventory_refresh_behind(c->cloud.cloud.inventory);
	/* The session may last, and fork: nothing of the cache stays open. */
	connect_cloud_close(&c->cloud);
	return run_remote(c, ending, e);
}

static void
say_ending(const struct connect *c, const struct ssh_ending *ending)
{
	char text[300];

	if (c->options.quiet)
		return;
	if (ending->hung_up) {
		snprintf(text, sizeof(text), "the connection to '%s' is closed",
		    c->target.name.value);
		out_warning(text, "");
	} else if (ending->signal[0] != '\0') {
		snprintf(text, sizeof(text),
		    "the command was killed by signal %s", ending->signal);
		out_warning(text, "");
	}
}

static void
clear(struct connect *c)
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

static int
show(void (*put)(struct buf *b))
{
	struct buf b = BUF_INIT;
	int status;

	put(&b);
	status = out_data(&b);
	buf_free(&b);
	return status == 0 ? 0 : CONNECT_FAILED;
}

static void
put_version(struct buf *b)
{
	buf_printf(b, "pemkeep %s\n", PEMKEEP_VERSION);
}

/* The operands are a command line of its own: the first is its name. */
static int
run(struct cli *cli)
{
	struct connect c = { .cli = cli };
	struct ssh_ending ending = { 0 };
	struct err e;
	int r;

	memset(&e, 0, sizeof(e));
	r = connect_options_parse(&c.options, cli, &e);
	if (r == 0 && c.options.help)
		return show(connect_options_help);
	if (r == 0 && c.options.version)
		return show(put_version);
	if (r == 0 && (r = connect_all(&c, &ending, &e)) == 0)
		say_ending(&c, &ending);
	if (r != 0 && c.cloud.cloud.inventory != NULL)
		cloud_tell(&c.cloud.cloud, &e);
	clear(&c);
	if (r == 0)
		return ending.status;
	out_error(&e);
	return CONNECT_FAILED;
}

const struct command cmd_connect = {
	.name = "connect",
	.args = "[USER@]HOST[:PORT] [COMMAND...]",
	.min = 0,
	.max = -1,
	.summary = "open a shell on a server, or run a command there",
	.own_options = true,
	.help = connect_options_help,
	.run = run,
};
