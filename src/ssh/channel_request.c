/* SPDX-License-Identifier: ISC */

/*
 * What a session channel asks for before it runs anything.
 *
 * Each request has an answer, and the library waits for one before it lets the
 * next be sent: five round trips where one is enough.  So the requests are begun
 * one after the other while the stream gives the library nothing to read, and
 * then finished in the same order, which is the order of the answers.
 */

#include "src/ssh/connection_internal.h"

#include <string.h>

enum kind { ASK_AGENT, ASK_PTY, ASK_ENV, ASK_START, ASK_NOTHING };

static enum kind
kind_of(const struct ssh_session_request *q, size_t i, size_t *env)
{
	if (q->agent != NULL && i-- == 0)
		return ASK_AGENT;
	if (q->pty && i-- == 0)
		return ASK_PTY;
	*env = i;
	if (i < q->env_count)
		return ASK_ENV;
	return i == q->env_count ? ASK_START : ASK_NOTHING;
}

static int
start(struct ssh_channel *ch)
{
	const struct ssh_session_request *q = ch->request;
	const char *what = q->subsystem ? "subsystem"
	    : q->command != NULL        ? "exec"
					: "shell";

	return libssh2_channel_process_startup(ch->raw, what,
	    (unsigned)strlen(what), q->command,
	    q->command != NULL ? (unsigned)strlen(q->command) : 0);
}

static int
request(struct ssh_channel *ch, size_t i)
{
	const struct ssh_session_request *q = ch->request;
	const struct ssh_variable *v;
	size_t env;

	switch (kind_of(q, i, &env)) {
	case ASK_AGENT:
		return libssh2_channel_request_auth_agent(ch->raw);
	case ASK_PTY:
		return libssh2_channel_request_pty_ex(ch->raw, q->term,
		    (unsigned)strlen(q->term), (const char *)q->modes,
		    (unsigned)q->modes_len, (int)q->window.columns,
		    (int)q->window.rows, (int)q->window.width,
		    (int)q->window.height);
	case ASK_ENV:
		v = &q->env[env];
		return libssh2_channel_setenv_ex(ch->raw, v->name,
		    (unsigned)strlen(v->name), v->value,
		    (unsigned)strlen(v->value));
	case ASK_START:
		return start(ch);
	default:
		return LIBSSH2_ERROR_INVAL;
	}
}

/*
 * May request i be sent before the ones since ch->answered have their answer?
 * The library remembers one of each kind.  With the agent's it may send a second
 * one after the first was refused, so that nothing may follow.
 */
static bool
may_follow(const struct ssh_channel *ch, size_t i)
{
	size_t env;
	enum kind kind = kind_of(ch->request, i, &env);

	if (kind == ASK_NOTHING)
		return false;
	for (size_t before = ch->answered; before < i; before++) {
		enum kind k = kind_of(ch->request, before, &env);

		if (k == ASK_AGENT || k == kind)
			return false;
	}
	return true;
}

static int
send_requests(struct ssh_channel *ch, struct err *e)
{
	struct ssh_stream *s = &ch->connection->stream;
	int rc = LIBSSH2_ERROR_EAGAIN;

	s->hold = true;
	while (rc == LIBSSH2_ERROR_EAGAIN && may_follow(ch, ch->sent))
		rc = request(ch, ch->sent++);
	s->hold = false;
	if (rc == LIBSSH2_ERROR_EAGAIN)
		return 0;
	if (rc == 0)
		return err_set(
		    e, ERR_NETWORK, "the server answers before it was asked");
	return ssh_connection_library_error(
	    ch->connection, "the session does not start", rc, e);
}

static int
denied(struct ssh_channel *ch, struct err *e)
{
	static const char *const names[] = { "agent", "pty", "env" };
	size_t env;
	enum kind kind = kind_of(ch->request, ch->answered, &env);

	if (kind == ASK_START)
		return err_set(e, ERR_REFUSED, "the server does not run %s",
		    ch->request->subsystem             ? "that subsystem"
			: ch->request->command != NULL ? "commands"
						       : "a shell");
	if (!ch->freed && ch->events.refused != NULL)
		ch->events.refused(ch->arg, names[kind]);
	return 0;
}

int
ssh_channel_ask(struct ssh_channel *ch, struct err *e)
{
	size_t env;
	int rc, r;

	for (;;) {
		if (ch->answered == ch->sent && (r = send_requests(ch, e)) != 0)
			return r;
		rc = request(ch, ch->answered);
		if (rc == LIBSSH2_ERROR_EAGAIN)
			return 0;
		if (rc == LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED) {
			if ((r = denied(ch, e)) != 0)
				return r;
		} else if (rc != 0) {
			return ssh_connection_library_error(ch->connection,
			    "the session does not start", rc, e);
		}
		ch->answered++;
		if (kind_of(ch->request, ch->answered, &env) == ASK_NOTHING)
			return 1;
	}
}
