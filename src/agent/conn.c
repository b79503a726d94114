/* SPDX-License-Identifier: ISC */

/*
 * One connection: whole messages in, whole answers out, never waiting.  Both
 * protocols frame alike (uint32 length, byte type).  One request at a time: as
 * long as its answer is not sent, nothing more is read, so that what a
 * connection can take of our memory has a limit.  Memory for a message grows
 * with what arrives, not with what its length claims.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "pemkeep/base/err.h"
#include "vault/secret.h"

#include "src/agent/child.h"
#include "src/agent/server.h"

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);
static void on_closed(evutil_socket_t fd, short what, void *arg);
static void on_delay(evutil_socket_t fd, short what, void *arg);

static bool
add_events(struct conn *c)
{
	struct event_base *base = c->server->base;

	c->delay = evtimer_new(base, on_delay, c);
	if (c->delay == NULL)
		return false;
	if (c->fd == -1)
		return true;
	c->readable =
	    event_new(base, c->fd, EV_READ | EV_PERSIST, on_readable, c);
	c->writable = event_new(base, c->fd, EV_WRITE, on_writable, c);
	/* Where a system cannot tell, it is noticed when the answer is sent. */
	if (event_base_get_features(base) & EV_FEATURE_EARLY_CLOSE)
		c->closed = event_new(base, c->fd, EV_CLOSED, on_closed, c);
	return c->readable != NULL && c->writable != NULL &&
	    event_add(c->readable, NULL) == 0;
}

struct conn *
conn_new(struct server *s, enum conn_kind kind, int fd)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		if (fd != -1)
			close(fd);
		return NULL;
	}
	c->server = s;
	c->kind = kind;
	c->fd = fd;
	c->passed = -1;
	c->next = s->conns;
	s->conns = c;
	s->conn_count++;
	if (add_events(c))
		return c;
	conn_free(c);
	return NULL;
}

static void
drop_message(struct conn *c)
{
	c->head_len = 0;
	buf_clear(&c->body);
	secret_free(c->secret);
	c->secret = NULL;
	if (c->passed != -1)
		close(c->passed);
	c->passed = -1;
	c->confirm = CONFIRM_NOT_ASKED;
	(void)conn_failed(c, NULL);
}

void
conn_fail(struct conn *c, const struct err *e)
{
	struct control_state *state = &c->control;

	if (state->failure == NULL)
		state->failure = calloc(1, sizeof(*state->failure));
	if (state->failure != NULL)
		*state->failure = *e;
	else
		c->closing = true;
}

bool
conn_failed(struct conn *c, struct err *e)
{
	struct control_state *state = &c->control;

	if (state->failure == NULL)
		return false;
	if (e != NULL)
		*e = *state->failure;
	free(state->failure);
	state->failure = NULL;
	return true;
}

static void
free_environment(char **list)
{
	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		free(list[i]);
	free(list);
}

void
conn_forget(struct conn *c)
{
	struct control_state *state = &c->control;

	secret_free(state->vault_pass);
	secret_free(state->new_pass);
	secret_free(state->file_pass);
	secret_free(state->made);
	state->vault_pass = state->new_pass = state->file_pass = NULL;
	state->made = NULL;
	state->verified_ms = 0;
	control_forget_staged(state);
}

static void
free_event(struct event *ev)
{
	if (ev != NULL)
		event_free(ev);
}

static void
unlink_conn(struct conn *c)
{
	struct conn **at = &c->server->conns;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->server->conn_count--;
	if (c->server->first == c)
		c->server->first = NULL;
	if (c->server->now == c)
		c->server->now = NULL;
	if (c->server->unlocking.conn == c)
		c->server->unlocking.conn = NULL;
}

void
conn_free(struct conn *c)
{
	unlink_conn(c);
	child_cancel(c->child);
	conn_forget(c);
	drop_message(c);
	free(c->control.proofs);
	free_environment(c->control.environment);
	free_event(c->readable);
	free_event(c->writable);
	free_event(c->closed);
	free_event(c->delay);
	buf_free(&c->body);
	buf_free(&c->out);
	if (c->fd != -1)
		close(c->fd);
	free(c);
}

/* A connection that ends; the keeper of one command ends with it. */
static void
hang_up(struct conn *c)
{
	struct server *s = c->server;
	bool last = s->first == c && !s->staying;

	conn_free(c);
	if (last)
		server_stop(s);
}

/* The descriptor that came along, if it is just one. */
static void
take_descriptor(struct conn *c, struct msghdr *msg)
{
	struct cmsghdr *cm;

	for (cm = CMSG_FIRSTHDR(msg); cm != NULL; cm = CMSG_NXTHDR(msg, cm)) {
		size_t count = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cm) + i * sizeof(fd), sizeof(fd));
			if (c->passed == -1 && c->kind == CONN_CONTROL)
				c->passed = fd;
			else
				close(fd);
		}
	}
}

static ssize_t
read_head(struct conn *c)
{
	struct iovec part = { c->head + c->head_len,
		sizeof(c->head) - c->head_len };
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(sizeof(int))];
	} room;
	struct msghdr msg = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = room.bytes,
		.msg_controllen = sizeof(room.bytes) };
	ssize_t n = recvmsg(c->fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	if (n >= 0)
		take_descriptor(c, &msg);
	if (n > 0)
		c->head_len += (size_t)n;
	return n;
}

static uint32_t
get_length(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	    (uint32_t)at[2] << 8 | at[3];
}

/* The head is complete: may such a message come? */
static bool
begin_body(struct conn *c)
{
	uint32_t len = get_length(c->head);
	bool secret = false;
	size_t limit = c->kind == CONN_SSH ? sshagent_limit(c->head[4], &secret)
					   : control_limit(c->head[4], &secret);

	if (len == 0 || len > limit)
		return false;
	c->body_left = len - 1;
	if (secret && (c->secret = secret_new(c->body_left)) == NULL)
		return false;
	return true;
}

static ssize_t
read_body(struct conn *c)
{
	struct server *s = c->server;
	ssize_t n;

	if (c->secret != NULL) {
		n = recv(c->fd, secret_data(c->secret) + secret_len(c->secret),
		    c->body_left, MSG_DONTWAIT);
		if (n > 0)
			(void)secret_set_len(
			    c->secret, secret_len(c->secret) + (size_t)n);
	} else {
		n = recv(c->fd, s->chunk,
		    c->body_left < sizeof(s->chunk) ? c->body_left
						    : sizeof(s->chunk),
		    MSG_DONTWAIT);
		if (n > 0)
			buf_put(&c->body, s->chunk, (size_t)n);
	}
	if (n > 0)
		c->body_left -= (size_t)n;
	return n;
}

enum got { GOT_MESSAGE, GOT_MORE, GOT_NOTHING, GOT_END };

static enum got
read_some(struct conn *c)
{
	bool in_head = c->head_len < sizeof(c->head);
	ssize_t n;

	/* A message of length 0 or too long is known by its first 4 bytes. */
	n = in_head ? read_head(c) : read_body(c);
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return GOT_NOTHING;
	if (n == -1 && errno == EINTR)
		return GOT_MORE;
	if (n <= 0 || !buf_ok(&c->body))
		return GOT_END;
	if (in_head && c->head_len >= 4 && get_length(c->head) == 0)
		return GOT_END;
	if (in_head && c->head_len == sizeof(c->head) && !begin_body(c))
		return GOT_END;
	if (c->head_len == sizeof(c->head) && c->body_left == 0)
		return GOT_MESSAGE;
	return GOT_MORE;
}

/* Send what there is.  False: the connection is gone. */
static bool
flush(struct conn *c)
{
	while (c->fd != -1 && c->sent < c->out.len) {
		ssize_t n = send(c->fd, c->out.data + c->sent,
		    c->out.len - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			event_del(c->readable);
			return event_add(c->writable, NULL) == 0;
		}
		if (n == -1)
			return false;
		c->sent += (size_t)n;
	}
	if (c->fd == -1)
		return true;
	buf_clear(&c->out);
	c->sent = 0;
	return !c->closing;
}

void
conn_dispatch(struct conn *c)
{
	struct server *s = c->server;

	server_check_time(s);
	c->busy = false;
	server_for(s, c);
	if (c->kind == CONN_SSH)
		sshagent_request(c);
	else
		control_request(c);
	server_for(s, NULL);
	if (!c->busy)
		drop_message(c);
	if (!buf_ok(&c->out))
		c->closing = true;
}

/* After an answer: send it, and go on reading. */
static bool
after_dispatch(struct conn *c)
{
	if (!buf_ok(&c->out))
		return false;
	if (c->busy) {
		event_del(c->readable);
		if (c->closed != NULL)
			event_add(c->closed, NULL);
		return true;
	}
	return flush(c);
}

static void
read_on(struct conn *c)
{
	if (c->busy || c->out.len != 0)
		return;
	if (c->closed != NULL)
		event_del(c->closed);
	event_add(c->readable, NULL);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	enum got got;

	(void)fd;
	(void)what;
	do {
		got = read_some(c);
		if (got == GOT_MESSAGE) {
			conn_dispatch(c);
			if (!after_dispatch(c))
				got = GOT_END;
		}
		if (got == GOT_END) {
			hang_up(c);
			return;
		}
		/* One message, then the others have their turn. */
	} while (got == GOT_MORE);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	if (!flush(c))
		hang_up(c);
	else
		read_on(c);
}

/* Nobody waits for the answer any more. */
static void
on_closed(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	hang_up(arg);
}

void
conn_resume(struct conn *c)
{
	c->busy = false;
	drop_message(c);
	if (c->fd == -1)
		return;
	if (!buf_ok(&c->out) || !flush(c))
		hang_up(c);
	else
		read_on(c);
}

void
conn_later(struct conn *c, uint64_t ms)
{
	struct timeval tv = { (time_t)(ms / 1000),
		(suseconds_t)(ms % 1000 * 1000) };

	c->busy = true;
	evtimer_add(c->delay, &tv);
}

static void
on_delay(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	conn_dispatch(c);
	if (c->fd == -1)
		return;
	if (!after_dispatch(c))
		hang_up(c);
	else
		read_on(c);
}
