/* SPDX-License-Identifier: ISC */

/*
 * pemkeep agent: the process that keeps the vault open.  Commands start it by
 * themselves; this is for having its socket, for watching and ending it, and for
 * running it under a service manager.
 */

#include <string.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/agent/role.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/json.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"

static const char *const modes[] = { "foreground", "socket", "stop", "status" };

#define MODES (sizeof(modes) / sizeof(modes[0]))

/* The path in quotes for a shell. */
static void
put_quoted(struct buf *b, const char *text)
{
	buf_put_u8(b, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			buf_put_text(b, "'\\'");
		buf_put_u8(b, (uint8_t)*text);
	}
	buf_put_u8(b, '\'');
}

/* For eval, as ssh-agent does it. */
static int
print_setting(const struct client_status *status)
{
	struct buf b = BUF_INIT;
	int r;

	buf_put_text(&b, "SSH_AUTH_SOCK=");
	put_quoted(&b, status->ssh);
	buf_put_text(&b, "; export SSH_AUTH_SOCK;\n");
	r = out_data(&b);
	buf_free(&b);
	return r;
}

static int
print_path(const struct client_status *status)
{
	struct buf b = BUF_INIT;
	int r;

	buf_printf(&b, "%s\n", status->ssh);
	r = out_data(&b);
	buf_free(&b);
	return r;
}

static int
show_status_json(const struct client_status *s, bool running)
{
	static const char *const memory[] = { [MEMORY_NOT_LOCKED] = "no",
		[MEMORY_LOCKED] = "yes",
		[MEMORY_UNKNOWN] = "unknown" };
	struct json *o = json_new_object();

	json_set_bool(o, "running", running);
	json_set_bool(o, "unlocked", running && s->unlocked);
	if (running) {
		json_set_int(o, "pid", s->pid);
		json_set_int(o, "keys", s->keys);
		json_set_int(o, "seconds_left", s->seconds_left);
		json_set_text(o, "memory_locked", memory[s->memory]);
		json_set_text(o, "socket", s->ssh);
	}
	return out_json(o);
}

static int
show_status_text(const struct client_status *s, bool running)
{
	struct buf b = BUF_INIT;
	int r;

	if (!running) {
		buf_put_text(&b, "No agent is running.\n");
	} else {
		buf_printf(&b, "The agent runs as process %u.\n", s->pid);
		if (s->unlocked)
			buf_printf(&b,
			    "The vault is unlocked: %u %s; it locks after %u "
			    "more minutes without use.\n",
			    s->keys, s->keys == 1 ? "key" : "keys",
			    (s->seconds_left + 59) / 60);
		else
			buf_put_text(&b, "The vault is locked.\n");
		buf_put_text(&b, "ssh finds it at ");
		out_put(&b, s->ssh);
		buf_put_text(&b, "\n");
	}
	r = out_data(&b);
	buf_free(&b);
	return r;
}

/* 0 unlocked, 3 locked, 4 not running. */
static int
show_status(const struct cli *cli, struct client *c, struct err *e)
{
	struct client_status s = { 0 };
	bool running;
	int r = client_status(c, &s, e);

	if (r != 0 && r != ERR_NOT_FOUND)
		return out_error(e);
	running = r == 0;
	if (running && s.memory == MEMORY_NOT_LOCKED)
		out_warning(
		    "memory cannot be locked: keys may be written to swap",
		    "raise the limit: ulimit -l");
	r = option_on(cli, "json") ? show_status_json(&s, running)
				   : show_status_text(&s, running);
	if (r != 0)
		return r;
	return !running   ? err_exit_status(ERR_NOT_FOUND)
	    : !s.unlocked ? err_exit_status(ERR_LOCKED)
			  : 0;
}

static int
stop(const struct cli *cli, struct client *c, struct err *e)
{
	int r = client_stop(c, e);

	if (r == ERR_NOT_FOUND)
		out_say(cli, "No agent is running.");
	else if (r != 0)
		return out_error(e);
	else
		out_say(cli, "The agent has ended.");
	return 0;
}

static void
on_ready(void *arg, const char *ssh)
{
	out_say(arg, "The agent's socket is '%s'.", ssh);
}

static int
with_client(const struct cli *cli, struct err *e)
{
	struct client_status s;
	struct client *c = NULL;
	int status;

	if (session_start(cli, &c, e) != 0)
		status = out_error(e);
	else if (option_on(cli, "status"))
		status = show_status(cli, c, e);
	else if (option_on(cli, "stop"))
		status = stop(cli, c, e);
	else if (option_on(cli, "socket"))
		status =
		    client_agent(c, &s, e) != 0 ? out_error(e) : print_path(&s);
	else
		status =
		    client_unlock(c, 0, e) != 0 || client_status(c, &s, e) != 0
		    ? out_error(e)
		    : print_setting(&s);
	client_free(c);
	return status;
}

static int
run(struct cli *cli)
{
	size_t given = 0;
	struct err e;

	for (size_t i = 0; i < MODES; i++)
		given += option_on(cli, modes[i]);
	if (given > 1 || option_on(cli, "no-agent")) {
		err_set(&e, ERR_USAGE,
		    "agent takes one of --foreground, --socket, --stop and "
		    "--status");
		return out_error(&e);
	}
	if (!option_on(cli, "foreground"))
		return with_client(cli, &e);
	return role_foreground(on_ready, cli, &e) != 0 ? out_error(&e) : 0;
}

static const struct option options[] = {
	{ "foreground", 0, NULL, "be the agent, locked, without detaching" },
	{ "socket", 0, NULL, "print the path for SSH_AUTH_SOCK; never asks" },
	{ "stop", 0, NULL, "end the agent" },
	{ "status", 0, NULL,
	    "exit status 0 unlocked, 3 locked, 4 not running" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_agent = {
	.name = "agent",
	.args = "",
	.summary = "start, watch and stop the agent",
	.about = "Without an option: unlock, and print what to eval in a shell "
		 "so that ssh, git and\nothers use the agent. Other commands "
		 "start it by themselves.\n",
	.options = options,
	.run = run,
};
