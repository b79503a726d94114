/* SPDX-License-Identifier: ISC */

/*
 * Channels: opening, data both ways, and the end.  What its user writes is
 * copied, and stays at the beginning of 'out' until the library has taken it,
 * which wants to see the same bytes again when it had to wait.
 */

#include "src/ssh/connection_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUT_MAX 0x20000u /* bytes that a channel keeps for its user */
#define WINDOW 0x200000u /* bytes that the server may send ahead */
#define PACKET 0x8000u   /* bytes in one packet */

static struct ssh_channel *
make(struct ssh_connection *c, const struct ssh_channel_events *events,
    void *arg)
{
	struct ssh_channel *ch = calloc(1, sizeof(*ch));

	if (ch == NULL)
		return NULL;
	ch->connection = c;
	ch->events = *events;
	ch->arg = arg;
	ch->id = UINT32_MAX;
	ch->next = c->channels;
	c->channels = ch;
	c->memory.most += SSH_MEMORY_CHANNEL;
	return ch;
}

int
ssh_channel_session(struct ssh_connection *c,
    const struct ssh_session_request *request,
    const struct ssh_channel_events *events, void *arg,
    struct ssh_channel **chp, struct err *e)
{
	struct ssh_channel *ch = make(c, events, arg);

	*chp = ch;
	if (ch == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	ch->state = CHANNEL_OPENING;
	ch->request = request;
	ch->window = request->window;
	ssh_connection_kick(c);
	return 0;
}

struct ssh_channel *
ssh_channel_adopt(struct ssh_connection *c, LIBSSH2_CHANNEL *raw,
    const struct ssh_channel_events *events, void *arg)
{
	struct ssh_channel *ch = make(c, events, arg);

	if (ch == NULL)
		return NULL;
	ch->state = CHANNEL_OPEN;
	ch->raw = raw;
	return ch;
}

size_t
ssh_channel_room(const struct ssh_channel *ch)
{
	size_t used = ch->out.len - ch->out_at;

	return ch->end || ch->state == CHANNEL_OVER || used >= OUT_MAX
	    ? 0
	    : OUT_MAX - used;
}

void
ssh_channel_write(struct ssh_channel *ch, const void *bytes, size_t len)
{
	if (ch->out_at > 0) {
		memmove(ch->out.data, ch->out.data + ch->out_at,
		    ch->out.len - ch->out_at);
		ch->out.len -= ch->out_at;
		ch->out_at = 0;
	}
	buf_put(&ch->out, bytes, len);
	ch->waiting = true;
	ssh_connection_kick(ch->connection);
}

void
ssh_channel_end(struct ssh_channel *ch)
{
	ch->end = true;
	ssh_connection_kick(ch->connection);
}

void
ssh_channel_resize(struct ssh_channel *ch, const struct ssh_window *window)
{
	ch->window = *window;
	ch->resize = true;
	ssh_connection_kick(ch->connection);
}

void
ssh_channel_kick(struct ssh_channel *ch)
{
	ssh_connection_kick(ch->connection);
}

void
ssh_channel_free(struct ssh_channel *ch)
{
	if (ch == NULL)
		return;
	ch->freed = true;
	ssh_connection_kick(ch->connection);
}

static void
end_with(struct ssh_channel *ch, const struct err *e)
{
	ch->state = CHANNEL_OVER;
	if (!ch->freed && ch->events.failed != NULL)
		ch->events.failed(ch->arg, e);
}

/* A failure that is not this channel's alone ends the connection. */
static void
fail(struct ssh_channel *ch, int rc)
{
	struct err e;

	ssh_connection_library_error(
	    ch->connection, "the session broke", rc, &e);
	ssh_connection_fail(ch->connection, &e);
}

static bool
step_opening(struct ssh_channel *ch)
{
	struct ssh_connection *c = ch->connection;
	struct err e;
	int rc;

	if (c->opening != NULL && c->opening != ch)
		return false;
	if (c->opening == NULL && ch->freed) {
		ch->state = CHANNEL_OVER;
		return true;
	}
	c->opening = ch;
	ch->raw = libssh2_channel_open_ex(c->session, "session",
	    sizeof("session") - 1, WINDOW, PACKET, NULL, 0);
	if (ch->raw == NULL) {
		rc = libssh2_session_last_errno(c->session);
		if (rc == LIBSSH2_ERROR_EAGAIN)
			return false;
		c->opening = NULL;
		if (rc != LIBSSH2_ERROR_CHANNEL_FAILURE) {
			fail(ch, rc);
			return false;
		}
		err_set(&e, ERR_REFUSED, "the server opens no session");
		end_with(ch, &e);
		return true;
	}
	c->opening = NULL;
	ch->state = CHANNEL_ASKING;
	return true;
}

static bool
step_asking(struct ssh_channel *ch)
{
	struct err e;
	int r;

	if (ch->freed)
		return false;
	if (ch->request->agent != NULL && ch->connection->agent == NULL) {
		ch->connection->agent = ch->request->agent;
		ssh_library_allow_agent(ch->connection);
	}
	if ((r = ssh_channel_ask(ch, &e)) == 0)
		return false;
	if (r < 0) {
		end_with(ch, &e);
		return true;
	}
	ch->state = CHANNEL_OPEN;
	if (!ch->freed && ch->events.opened != NULL)
		ch->events.opened(ch->arg);
	return true;
}

/* 1: got something; 0: there is nothing; -1: it is not wanted now. */
static int
take(struct ssh_channel *ch, enum ssh_stream_id id)
{
	uint8_t *to = ch->connection->buffer;
	ssize_t n;

	if (ch->freed ||
	    (ch->events.ready != NULL && !ch->events.ready(ch->arg, id)))
		return -1;
	n = libssh2_channel_read_ex(ch->raw,
	    id == SSH_ERR ? SSH_EXTENDED_DATA_STDERR : 0, (char *)to,
	    SSH_READ_SIZE);
	if (n == 0 || n == LIBSSH2_ERROR_EAGAIN)
		return 0;
	if (n < 0) {
		fail(ch, (int)n);
		return -1;
	}
	if (ch->events.data != NULL)
		ch->events.data(ch->arg, id, to, (size_t)n);
	return 1;
}

bool
ssh_channel_takes_all(const struct ssh_channel *ch)
{
	return ch->state != CHANNEL_OPEN || ch->freed ||
	    ch->events.ready == NULL ||
	    (ch->events.ready(ch->arg, SSH_OUT) &&
		ch->events.ready(ch->arg, SSH_ERR));
}

static bool
give(struct ssh_channel *ch)
{
	struct ssh_stream *s = &ch->connection->stream;
	bool progress = false;

	while (ch->out_at < ch->out.len &&
	    ssh_stream_backlog(s) < SSH_STREAM_BACKLOG) {
		ssize_t n = libssh2_channel_write_ex(ch->raw, 0,
		    (const char *)ch->out.data + ch->out_at,
		    ch->out.len - ch->out_at);

		if (n == 0 || n == LIBSSH2_ERROR_EAGAIN)
			break;
		if (n < 0) {
			fail(ch, (int)n);
			return false;
		}
		ch->out_at += (size_t)n;
		progress = true;
	}
	if (ch->out_at < ch->out.len)
		return progress;
	buf_clear(&ch->out);
	ch->out_at = 0;
	if (ch->waiting && !ch->end) {
		ch->waiting = false;
		if (!ch->freed && ch->events.writable != NULL)
			ch->events.writable(ch->arg);
	}
	if (ch->end && !ch->ended && ch->out.len == 0 &&
	    libssh2_channel_send_eof(ch->raw) != LIBSSH2_ERROR_EAGAIN) {
		ch->ended = true;
		progress = true;
	}
	return progress;
}

static void
resize(struct ssh_channel *ch)
{
	const struct ssh_window *w = &ch->window;

	if (libssh2_channel_request_pty_size_ex(ch->raw, (int)w->columns,
		(int)w->rows, (int)w->width,
		(int)w->height) != LIBSSH2_ERROR_EAGAIN)
		ch->resize = false;
}

/* The server has closed it, and nothing is left in it. */
static void
finish(struct ssh_channel *ch)
{
	LIBSSH2_SESSION *session = ch->connection->session;
	struct ssh_exit how = { 0 };
	char *signal = NULL;
	size_t len = 0;

	libssh2_channel_get_exit_signal(
	    ch->raw, &signal, &len, NULL, NULL, NULL, NULL);
	if (signal != NULL) {
		snprintf(how.signal, sizeof(how.signal), "%s", signal);
		libssh2_free(session, signal);
	}
	how.status = libssh2_channel_get_exit_status(ch->raw) & 0xff;
	how.known = ch->exit_known;
	ch->state = CHANNEL_OVER;
	if (!ch->freed && ch->events.closed != NULL)
		ch->events.closed(ch->arg, &how);
}

static bool
step_open(struct ssh_channel *ch)
{
	int out, err;

	if (ch->freed)
		return false;
	if (ch->resize)
		resize(ch);
	out = take(ch, SSH_OUT);
	err = ch->state == CHANNEL_OPEN ? take(ch, SSH_ERR) : -1;
	if (ch->state != CHANNEL_OPEN || ch->freed)
		return false;
	if (out == 0 && err == 0 && !ch->eof_told &&
	    libssh2_channel_eof(ch->raw)) {
		ch->eof_told = true;
		if (ch->events.eof != NULL)
			ch->events.eof(ch->arg);
	}
	/*
	 * libssh2_channel_eof() is not asked here: data of a stream that nobody
	 * reads would keep it false.
	 */
	if (out == 0 && err == 0 && libssh2_channel_wait_closed(ch->raw) == 0) {
		finish(ch);
		return true;
	}
	return give(ch) || out == 1 || err == 1;
}

bool
ssh_channel_step(struct ssh_channel *ch)
{
	switch (ch->state) {
	case CHANNEL_OPENING:
		return step_opening(ch);
	case CHANNEL_ASKING:
		return step_asking(ch);
	case CHANNEL_OPEN:
		return step_open(ch);
	default:
		return false;
	}
}

static void
release(struct ssh_channel *ch)
{
	ch->connection->memory.most -= SSH_MEMORY_CHANNEL;
	buf_free(&ch->out);
	free(ch);
}

void
ssh_channel_sweep(struct ssh_connection *c)
{
	for (struct ssh_channel **at = &c->channels; *at != NULL;) {
		struct ssh_channel *ch = *at;

		if (!ch->freed || c->opening == ch ||
		    (ch->raw != NULL && c->stage == STAGE_READY &&
			libssh2_channel_free(ch->raw) ==
			    LIBSSH2_ERROR_EAGAIN)) {
			at = &ch->next;
			continue;
		}
		*at = ch->next;
		release(ch);
	}
}

void
ssh_channel_drop_all(struct ssh_connection *c)
{
	while (c->channels != NULL) {
		struct ssh_channel *ch = c->channels;

		c->channels = ch->next;
		release(ch);
	}
}
