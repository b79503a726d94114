/* SPDX-License-Identifier: ISC */

/*
 * connect: a shell or a command on a server.  The login is that of
 * connect_login.c; here the session is wired to this terminal.
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
#include "src/cli/connect_login.h"

extern char **environ;

static void
on_say(void *arg, const char *text)
{
	const struct connect *c = arg;

	if (!c->options.quiet)
		out_warning(text, "");
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
	    (r = connect_login_find(c, e)) != 0 ||
	    (r = find_agent(c, e)) != 0 || (r = connect_login(c, e)) != 0)
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
	connect_login_clear(&c);
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
