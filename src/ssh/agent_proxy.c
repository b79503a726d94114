/* SPDX-License-Identifier: ISC */

/*
 * Agent forwarding: what a program on the server may ask of the agent here.  No
 * splice: whatever is sent over the channel would reach the agent's socket.  Of
 * the agent protocol only "list the keys" and "sign" go through, one request at
 * a time, and only an answer that fits comes back; everything else is refused
 * here.
 */

#include <event2/event.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "src/ssh/connection_internal.h"

#define MESSAGE_MAX 0x40000u /* bytes, as in OpenSSH */

enum {
	AGENT_FAILURE = 5,
	AGENT_REQUEST_IDENTITIES = 11,
	AGENT_IDENTITIES_ANSWER = 12,
	AGENT_SIGN_REQUEST = 13,
	AGENT_SIGN_RESPONSE = 14
};

struct proxy {
	struct ssh_connection *connection;
	struct ssh_channel *channel;
	struct buf request; /* from the channel; may be more than one */
	size_t asked;       /* length of the one that is being answered, or 0 */
	size_t sent;        /* … of it to the agent */
	struct buf reply;
	size_t given; /* … of it to the channel */
	bool answering;
	int fd;
	struct event *event;
	bool over; /* the server has said what is no request */
};

static void
hang_up(struct proxy *p)
{
	if (p->event != NULL)
		event_free(p->event);
	p->event = NULL;
	if (p->fd != -1)
		close(p->fd);
	p->fd = -1;
}

static void
end(struct proxy *p)
{
	hang_up(p);
	ssh_channel_free(p->channel);
	buf_free(&p->request);
	buf_free(&p->reply);
	free(p);
}

static uint32_t
length_at(const struct buf *b)
{
	struct wire w;

	wire_init(&w, b->data, b->len);
	return wire_u32(&w);
}

static void on_agent(evutil_socket_t fd, short what, void *arg);

static bool
watch(struct proxy *p, short what)
{
	if (p->event != NULL)
		event_free(p->event);
	p->event = event_new(
	    ssh_loop_base(p->connection->loop), p->fd, what, on_agent, p);
	return p->event != NULL && event_add(p->event, NULL) == 0;
}

static bool
call(struct proxy *p)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = strlen(p->connection->agent);

	if (p->fd != -1)
		return true;
	if (len >= sizeof(to.sun_path))
		return false;
	memcpy(to.sun_path, p->connection->agent, len);
	p->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (p->fd == -1)
		return false;
	return connect(p->fd, (const struct sockaddr *)&to, sizeof(to)) == 0;
}

/* Give the channel as much of the reply as it takes. */
static void
give(struct proxy *p)
{
	size_t room = ssh_channel_room(p->channel);
	size_t len = p->reply.len - p->given;

	if (len > room)
		len = room;
	ssh_channel_write(p->channel, p->reply.data + p->given, len);
	p->given += len;
	if (p->given < p->reply.len)
		return;
	p->answering = false;
	p->given = 0;
	buf_clear(&p->reply);
	memmove(p->request.data, p->request.data + p->asked,
	    p->request.len - p->asked);
	p->request.len -= p->asked;
	p->asked = 0;
	ssh_channel_kick(p->channel);
}

static void
refuse(struct proxy *p)
{
	buf_clear(&p->reply);
	buf_put_u32(&p->reply, 1);
	buf_put_u8(&p->reply, AGENT_FAILURE);
	p->answering = true;
	give(p);
}

/* The agent does not do what it should: this request fails. */
static void
give_up(struct proxy *p)
{
	hang_up(p);
	refuse(p);
}

/* A whole message that is complete; is it one that may pass? */
static bool
may_pass(const struct buf *request, size_t len)
{
	uint8_t type = request->data[4];

	return (type == AGENT_REQUEST_IDENTITIES && len == 1) ||
	    (type == AGENT_SIGN_REQUEST && len > 1);
}

static bool
fits(const struct proxy *p)
{
	uint8_t asked = p->request.data[4], answer = p->reply.data[4];

	return answer == AGENT_FAILURE ||
	    (asked == AGENT_REQUEST_IDENTITIES &&
		answer == AGENT_IDENTITIES_ANSWER) ||
	    (asked == AGENT_SIGN_REQUEST && answer == AGENT_SIGN_RESPONSE);
}

/* Look for a complete request, when none is under way. */
static void
work(struct proxy *p)
{
	while (p->asked == 0 && p->request.len >= 4) {
		size_t len = length_at(&p->request);

		if (len == 0 || len > MESSAGE_MAX) {
			p->over = true;
			return;
		}
		if (p->request.len < 4 + len)
			return;
		p->asked = 4 + len;
		p->sent = 0;
		if (!may_pass(&p->request, len))
			refuse(p);
		else if (!call(p) || !watch(p, EV_WRITE))
			give_up(p);
	}
}

/* Go on, unless the server has said something that is no request. */
static void
proceed(struct proxy *p)
{
	work(p);
	if (p->over)
		end(p);
}

static void
send_request(struct proxy *p)
{
	ssize_t n = send(
	    p->fd, p->request.data + p->sent, p->asked - p->sent, MSG_NOSIGNAL);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		n = 0;
	if (n == -1) {
		give_up(p);
		return;
	}
	p->sent += (size_t)n;
	if (!watch(p, p->sent < p->asked ? EV_WRITE : EV_READ))
		give_up(p);
}

static void
read_reply(struct proxy *p)
{
	uint8_t bytes[16384];
	ssize_t n = recv(p->fd, bytes, sizeof(bytes), 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
		if (!watch(p, EV_READ))
			give_up(p);
		return;
	}
	if (n <= 0) {
		give_up(p);
		return;
	}
	buf_put(&p->reply, bytes, (size_t)n);
	explicit_bzero(bytes, (size_t)n);
	if (p->reply.len > 4 &&
	    (length_at(&p->reply) == 0 || length_at(&p->reply) > MESSAGE_MAX ||
		p->reply.len > 4 + (size_t)length_at(&p->reply))) {
		give_up(p);
		return;
	}
	if (p->reply.len <= 4 ||
	    p->reply.len < 4 + (size_t)length_at(&p->reply)) {
		if (!watch(p, EV_READ))
			give_up(p);
		return;
	}
	event_free(p->event);
	p->event = NULL;
	if (!fits(p)) {
		give_up(p);
		return;
	}
	p->answering = true;
	give(p);
}

static void
on_agent(evutil_socket_t fd, short what, void *arg)
{
	struct proxy *p = arg;

	(void)fd;
	if (what & EV_WRITE)
		send_request(p);
	else
		read_reply(p);
	proceed(p);
}

static bool
on_ready(void *arg, enum ssh_stream_id id)
{
	const struct proxy *p = arg;

	return id == SSH_ERR || (!p->over && p->request.len < 4 + MESSAGE_MAX);
}

static void
on_data(void *arg, enum ssh_stream_id id, const uint8_t *bytes, size_t len)
{
	struct proxy *p = arg;

	if (id == SSH_ERR)
		return;
	buf_put(&p->request, bytes, len);
	if (!buf_ok(&p->request))
		p->over = true;
	proceed(p);
}

static void
on_writable(void *arg)
{
	struct proxy *p = arg;

	if (p->answering)
		give(p);
	proceed(p);
}

static void
on_eof(void *arg)
{
	end(arg);
}

static void
on_closed(void *arg, const struct ssh_exit *how)
{
	(void)how;
	end(arg);
}

static void
on_failed(void *arg, const struct err *e)
{
	(void)e;
	end(arg);
}

/* No more than so many at one time: the others are closed at once. */
static bool
is_too_much(const struct ssh_connection *c)
{
	size_t open = 0;

	for (const struct ssh_channel *ch = c->channels; ch != NULL;
	     ch = ch->next)
		open += ch->events.data == on_data && !ch->freed;
	return open >= SSH_AGENT_CHANNELS;
}

/* A channel is there until the server, too, has closed it. */
static bool
are_endless(const struct ssh_connection *c)
{
	size_t all = 0;

	for (const struct ssh_channel *ch = c->channels; ch != NULL;
	     ch = ch->next)
		all++;
	return all >= SSH_CHANNELS_MAX;
}

void
ssh_agent_proxy_start(struct ssh_connection *c, LIBSSH2_CHANNEL *raw)
{
	static const struct ssh_channel_events events = {
		.ready = on_ready,
		.data = on_data,
		.writable = on_writable,
		.eof = on_eof,
		.closed = on_closed,
		.failed = on_failed,
	};
	static const struct ssh_channel_events nothing;
	struct proxy *p;
	struct err e;

	if (are_endless(c)) {
		err_set(&e, ERR_NETWORK,
		    "the server opens agent channels, and closes none");
		ssh_connection_fail(c, &e);
		return;
	}
	p = is_too_much(c) ? NULL : calloc(1, sizeof(*p));
	if (p == NULL) {
		ssh_channel_free(ssh_channel_adopt(c, raw, &nothing, NULL));
		return;
	}
	p->connection = c;
	p->fd = -1;
	p->channel = ssh_channel_adopt(c, raw, &events, p);
	if (p->channel == NULL)
		free(p);
}
