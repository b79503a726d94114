/* SPDX-License-Identifier: ISC */

/* The life of a connection: its beginning, its clocks, and its end. */

#include <event2/event.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/utf8.h"
#include "src/ssh/connection_internal.h"

void
ssh_connection_trace(struct ssh_connection *c, const char *fmt, ...)
{
	struct buf safe = BUF_INIT;
	char *text;
	va_list ap;
	int n;

	if (c->target.trace == NULL)
		return;
	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n == -1)
		return;
	utf8_escape(&safe, text, strlen(text));
	c->target.trace(c->target.arg, buf_text(&safe));
	buf_free(&safe);
	free(text);
}

static void
arm_deadline(struct ssh_connection *c)
{
	uint64_t now = ssh_loop_now();
	uint64_t left = c->deadline_at > now ? c->deadline_at - now : 0;
	struct timeval t = { (time_t)(left / 1000),
		(suseconds_t)(left % 1000 * 1000) };

	if (c->stage < STAGE_READY)
		evtimer_add(c->deadline, &t);
}

static void
set_deadline(struct ssh_connection *c, unsigned seconds)
{
	c->deadline_at = ssh_loop_now() + (uint64_t)seconds * 1000;
	arm_deadline(c);
}

uint64_t
ssh_connection_pause(void)
{
	return ssh_loop_now();
}

void
ssh_connection_resume(struct ssh_connection *c, uint64_t since)
{
	c->deadline_at += ssh_loop_now() - since;
	arm_deadline(c);
}

void
ssh_connection_restart_clock(struct ssh_connection *c)
{
	set_deadline(c, c->target.seconds);
}

static void
stop_events(struct ssh_connection *c)
{
	struct event *all[] = { c->readable, c->writable, c->deadline, c->alive,
		c->again };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] != NULL)
			event_del(all[i]);
}

/* Tell every channel, which may free itself, but goes only with the sweep. */
static void
fail_channels(struct ssh_connection *c)
{
	for (struct ssh_channel *ch = c->channels; ch != NULL; ch = ch->next) {
		if (ch->state == CHANNEL_OVER)
			continue;
		ch->state = CHANNEL_OVER;
		if (!ch->freed && ch->events.failed != NULL)
			ch->events.failed(ch->arg, &c->failure);
	}
}

void
ssh_connection_fail(struct ssh_connection *c, const struct err *e)
{
	enum ssh_stage was = c->stage;

	if (was == STAGE_FAILED)
		return;
	c->stage = STAGE_FAILED;
	c->failure = *e;
	stop_events(c);
	ssh_stream_kill(&c->stream);
	if (was == STAGE_READY)
		fail_channels(c);
	else
		c->done(c->done_arg, (int)e->code, &c->failure);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct ssh_connection *c = arg;
	struct err e;

	(void)fd, (void)what;
	if (c->stage == STAGE_DIAL)
		ssh_dial_silent(&c->dial, &e);
	else if (c->stage == STAGE_HANDSHAKE &&
	    c->stream.version == VERSION_WANTED)
		err_set(&e, ERR_NETWORK, "'%s' port %u sends no SSH version",
		    c->dial.name, c->target.port);
	else if (c->stage == STAGE_HANDSHAKE)
		err_set(&e, ERR_NETWORK,
		    "the key exchange with '%s' takes too long", c->dial.name);
	else
		err_set(&e, ERR_NETWORK, "the login at '%s' takes too long",
		    c->dial.name);
	err_hint(&e, "waited %u seconds; change that with -o ConnectTimeout=N",
	    c->stage == STAGE_DIAL && c->target.dial_seconds != 0
		? c->target.dial_seconds
		: c->target.seconds);
	ssh_dial_clear(&c->dial);
	ssh_connection_fail(c, &e);
}

/*
 * Something must have come since the last probe; what we do not read because
 * nobody takes it from us is no sign of a dead server.
 */
static void
on_alive(evutil_socket_t fd, short what, void *arg)
{
	struct ssh_connection *c = arg;
	struct err e;
	int next;

	(void)fd, (void)what;
	if (c->stream.received != c->alive_received || !c->stream.wants)
		c->alive_missed = 0;
	else if (c->alive_probed)
		c->alive_missed++;
	c->alive_received = c->stream.received;
	if (c->alive_missed >= c->target.alive_count) {
		err_set(&e, ERR_NETWORK, "'%s' has not answered for %u seconds",
		    c->dial.name,
		    c->target.alive_interval * c->target.alive_count);
		ssh_connection_fail(c, &e);
		return;
	}
	c->alive_probed = true;
	/* Its answer stays in the library's queue: 100 bytes each time. */
	libssh2_keepalive_send(c->session, &next);
	ssh_connection_turn(c);
}

static void
on_socket(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	ssh_connection_turn(arg);
}

static int
socket_events(struct ssh_connection *c, struct err *e)
{
	struct event_base *base = ssh_loop_base(c->loop);

	c->readable = event_new(base, c->stream.fd, EV_READ, on_socket, c);
	c->writable = event_new(base, c->stream.fd, EV_WRITE, on_socket, c);
	if (c->readable == NULL || c->writable == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	return 0;
}

static void
on_dialled(void *arg, int fd, const struct err *failure)
{
	struct ssh_connection *c = arg;
	struct err e;

	if (fd == -1) {
		c->failure = *failure; /* told by the turn */
		ssh_connection_kick(c);
		return;
	}
	c->stream.fd = fd;
	ssh_connection_trace(
	    c, "connected to %s port %u", c->dial.reached, c->target.port);
	if (c->target.reached != NULL)
		*c->target.reached = true;
	if (c->target.dial_seconds != 0)
		ssh_connection_restart_clock(c);
	c->stage = STAGE_HANDSHAKE;
	if (socket_events(c, &e) != 0 || ssh_library_start(c, &e) != 0) {
		c->stage = STAGE_DIAL;
		c->failure = e;
	}
	ssh_connection_kick(c);
}

static int
make_events(struct ssh_connection *c, struct err *e)
{
	struct event_base *base = ssh_loop_base(c->loop);

	c->again = event_new(base, -1, 0, on_socket, c);
	c->deadline = evtimer_new(base, on_deadline, c);
	c->alive = event_new(base, -1, EV_PERSIST, on_alive, c);
	c->buffer = malloc(SSH_READ_SIZE);
	if (c->again == NULL || c->deadline == NULL || c->alive == NULL ||
	    c->buffer == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	return 0;
}

int
ssh_connection_start(struct ssh_loop *l, const struct ssh_target *target,
    void (*done)(void *arg, int result, const struct err *e), void *arg,
    struct ssh_connection **cp, struct err *e)
{
	struct ssh_connection *c = calloc(1, sizeof(*c));
	int r;

	*cp = NULL;
	if (target->reached != NULL)
		*target->reached = false;
	if (c == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	c->loop = l;
	c->target = *target;
	c->done = done;
	c->done_arg = arg;
	if (c->target.seconds == 0)
		c->target.seconds = SSH_SECONDS;
	ssh_stream_init(&c->stream, -1);
	c->dial.done = on_dialled;
	c->dial.arg = c;
	if ((r = make_events(c, e)) == 0) {
		set_deadline(c,
		    target->dial_seconds != 0 ? target->dial_seconds
					      : c->target.seconds);
		r = ssh_dial_start(&c->dial, l, target->addresses,
		    target->address_count, target->port, target->family, e);
	}
	if (r != 0)
		ssh_connection_free(c);
	else
		*cp = c;
	return r;
}

struct opened {
	struct ssh_loop *loop;
	int result;
	struct err *e;
};

static void
on_open(void *arg, int result, const struct err *e)
{
	struct opened *o = arg;

	o->result = result;
	if (result != 0 && o->e != NULL)
		*o->e = *e;
	ssh_loop_stop(o->loop);
}

int
ssh_connection_open(struct ssh_loop *l, const struct ssh_target *target,
    struct ssh_connection **cp, struct err *e)
{
	struct opened o = { l, 0, e };
	int r;

	if ((r = ssh_connection_start(l, target, on_open, &o, cp, e)) != 0)
		return r;
	if ((r = ssh_loop_run(l, e)) == 0)
		r = o.result;
	if (r != 0) {
		ssh_connection_free(*cp);
		*cp = NULL;
	}
	return r;
}

void
ssh_connection_free(struct ssh_connection *c)
{
	if (c == NULL)
		return;
	if (c->stage == STAGE_READY) {
		libssh2_session_disconnect(c->session, "");
		ssh_stream_flush(&c->stream);
	}
	c->stage = STAGE_FAILED;
	ssh_dial_clear(&c->dial);
	ssh_channel_drop_all(c);
	ssh_library_end(c);
	stop_events(c);
	if (c->readable != NULL)
		event_free(c->readable);
	if (c->writable != NULL)
		event_free(c->writable);
	if (c->deadline != NULL)
		event_free(c->deadline);
	if (c->alive != NULL)
		event_free(c->alive);
	if (c->again != NULL)
		event_free(c->again);
	ssh_stream_clear(&c->stream);
	buf_free(&c->host_key);
	free(c->buffer);
	explicit_bzero(c, sizeof(*c));
	free(c);
}

const char *
ssh_connection_address(const struct ssh_connection *c)
{
	return c->dial.reached;
}
