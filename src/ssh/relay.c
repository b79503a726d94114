/* SPDX-License-Identifier: ISC */

/*
 * Bytes from here to there and back.  poll(2), since there are three descriptors
 * of whatever kind, and nothing else happens meanwhile.
 */

#include <event2/event.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pemkeep/base/err.h"
#include "pemkeep/ssh/relay.h"
#include "src/ssh/dial.h"
#include "src/ssh/loop_internal.h"

#define CHUNK 0x20000u /* bytes; twice what a pipe holds */

struct call {
	struct ssh_loop *loop;
	struct ssh_dial dial;
	int fd;
	struct err *e;
};

static void
on_dialled(void *arg, int fd, const struct err *failure)
{
	struct call *c = arg;

	c->fd = fd;
	if (fd == -1 && c->e != NULL)
		*c->e = *failure;
	ssh_loop_stop(c->loop);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct call *c = arg;

	(void)fd, (void)what;
	ssh_dial_silent(&c->dial, c->e);
	ssh_loop_stop(c->loop);
}

int
ssh_relay_dial(struct ssh_loop *l, const struct ssh_relay_target *to, int *fdp,
    struct err *e)
{
	struct call *c = calloc(1, sizeof(*c));
	struct timeval time = { (time_t)to->seconds, 0 };
	struct event *deadline;
	int r;

	*fdp = -1;
	if (c == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	*c = (struct call){ .loop = l, .fd = -1, .e = e };
	c->dial.done = on_dialled;
	c->dial.arg = c;
	deadline = evtimer_new(ssh_loop_base(l), on_deadline, c);
	if (deadline == NULL || evtimer_add(deadline, &time) != 0)
		r = err_set(e, ERR_NOMEM, "out of memory");
	else if ((r = ssh_dial_start(&c->dial, l, to->addresses,
		      to->address_count, to->port, to->family, e)) == 0 &&
	    (r = ssh_loop_run(l, e)) == 0 && c->fd == -1)
		r = ERR_NETWORK;
	ssh_dial_clear(&c->dial);
	if (deadline != NULL)
		event_free(deadline);
	*fdp = c->fd;
	*to->reached |= c->fd != -1;
	free(c);
	return r;
}

/* One direction. */
struct half {
	int from, to; /* -1: this end is over */
	uint8_t *bytes;
	size_t start, end;
};

struct relay {
	struct half up, down;
	int fd;
	bool gone; /* whoever has the other end of a socket that we write to */
	struct err *e;
};

static bool
again(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static int
cut(struct relay *r)
{
	return err_system(r->e, ERR_NETWORK, errno, "the connection was cut");
}

/* The last byte has gone out: say so to the other side. */
static void
end_up(struct relay *r)
{
	r->up.from = r->up.to = -1;
	(void)shutdown(r->fd, SHUT_WR);
}

static void
end_down(struct relay *r)
{
	close(r->down.to);
	r->down.from = r->down.to = -1;
}

/* A server that takes nothing more may still have something to say. */
static void
flush_up(struct relay *r)
{
	struct half *h = &r->up;
	ssize_t n;

	while (h->start < h->end) {
		n = send(h->to, h->bytes + h->start, h->end - h->start,
		    MSG_NOSIGNAL);
		if (n == -1 && again())
			return;
		if (n == -1) {
			end_up(r);
			return;
		}
		h->start += (size_t)n;
	}
	if (h->from == -1)
		end_up(r);
}

/* False: nobody reads it any more. */
static bool
flush_down(struct relay *r)
{
	struct half *h = &r->down;
	ssize_t n;

	while (h->start < h->end) {
		n = write(h->to, h->bytes + h->start, h->end - h->start);
		if (n == -1 && again())
			return true;
		if (n == -1)
			return false;
		h->start += (size_t)n;
	}
	if (h->from == -1)
		end_down(r);
	return true;
}

/* What there is, into the empty buffer; at the end 'from' is -1. */
static int
fill(struct relay *r, struct half *h)
{
	ssize_t n = read(h->from, h->bytes, CHUNK);

	if (n == -1 && again())
		return 0;
	if (n == -1 && h == &r->down)
		return cut(r);
	h->start = 0;
	h->end = n > 0 ? (size_t)n : 0;
	if (n <= 0)
		h->from = -1;
	return 0;
}

/* 1: it is over. */
static int
step(struct relay *r)
{
	struct pollfd p[4] = {
		{ .fd = r->up.from, .events = POLLIN },
		{ .fd = r->up.to, .events = POLLOUT },
		{ .fd = r->down.from, .events = POLLIN },
		{ .fd = r->down.to, .events = POLLOUT },
	};
	int n;

	if (r->up.start < r->up.end)
		p[0].fd = -1;
	else
		p[1].fd = -1;
	if (r->down.start < r->down.end)
		p[2].fd = -1;
	else
		p[3].events = 0; /* only whether somebody is there */
	if (r->gone && r->up.start < r->up.end)
		p[3].fd = -1; /* that is known, and what he said goes on */
	if (poll(p, 4, -1) == -1)
		return errno == EINTR
		    ? 0
		    : err_system(r->e, ERR_SYSTEM, errno, "cannot wait");
	if (p[0].revents != 0 && (n = fill(r, &r->up)) != 0)
		return n;
	if (p[0].revents != 0 || p[1].revents != 0)
		flush_up(r);
	if (p[2].revents != 0 && (n = fill(r, &r->down)) != 0)
		return n;
	if (p[2].revents == 0 && (p[3].revents & (POLLERR | POLLNVAL)) != 0)
		return 1;
	r->gone |= (p[3].revents & POLLHUP) != 0;
	if (r->gone && p[0].revents == 0 && r->up.start == r->up.end)
		return 1;
	if ((p[2].revents != 0 || p[3].revents != 0) && !flush_down(r))
		return 1;
	return r->up.to == -1 && r->down.to == -1;
}

/* A terminal is shared with others, who do not expect that of it. */
static int
unblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1 || (flags & O_NONBLOCK) != 0 || isatty(fd) ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		return -1;
	return flags;
}

int
ssh_relay_run(int fd, int in, int out, struct err *e)
{
	uint8_t *bytes = malloc(2 * (size_t)CHUNK);
	struct relay r = { .up = { in, fd, bytes, 0, 0 }, .fd = fd, .e = e };
	int flags, n = 0;

	if (bytes == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	r.down = (struct half){ fd, out, bytes + CHUNK, 0, 0 };
	flags = unblock(out);
	while (n == 0)
		n = step(&r);
	if (r.down.to != -1 && flags != -1)
		(void)fcntl(out, F_SETFL, flags);
	free(bytes);
	return n < 0 ? n : 0;
}
