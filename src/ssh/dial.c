/* SPDX-License-Identifier: ISC */

/* Attempts are started one by one from the ordered list; all of them may live
 * at the same time. */

#include <event2/event.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "src/ssh/dial.h"
#include "src/ssh/loop_internal.h"

/* Take turns between the families, beginning with that of the first. */
static void
interleave(struct ssh_lookup *u)
{
	struct ssh_endpoint sorted[SSH_LOOKUP_MAX];
	bool used[SSH_LOOKUP_MAX] = { false };
	int family = u->list[0].address.ss_family;

	if (u->count == 0)
		return;
	for (size_t n = 0; n < u->count; n++) {
		size_t pick = u->count;

		for (size_t i = 0; i < u->count; i++) {
			if (used[i])
				continue;
			if (pick == u->count ||
			    u->list[i].address.ss_family == family)
				pick = i;
			if (u->list[i].address.ss_family == family)
				break;
		}
		used[pick] = true;
		sorted[n] = u->list[pick];
		family =
		    sorted[n].address.ss_family == AF_INET ? AF_INET6 : AF_INET;
	}
	memcpy(u->list, sorted, u->count * sizeof(sorted[0]));
}

static void
say_address(const struct ssh_endpoint *to, char *text, size_t size)
{
	if (getnameinfo((const struct sockaddr *)&to->address, to->len, text,
		(socklen_t)size, NULL, 0, NI_NUMERICHOST) != 0)
		snprintf(text, size, "?");
}

static void
end_attempt(struct ssh_attempt *a)
{
	if (a->event != NULL)
		event_free(a->event);
	a->event = NULL;
	if (a->fd != -1)
		close(a->fd);
	if (a->fd != -1)
		a->dial->open--;
	a->fd = -1;
}

static void
finish(struct ssh_dial *d, int fd)
{
	struct err e;

	if (fd == -1 && d->lookup.count == 0)
		err_set(&e, ERR_NETWORK, "there is no address for '%s': %s",
		    d->name,
		    gai_strerror(d->lookup.failure != 0 ? d->lookup.failure
							: EAI_NONAME));
	else if (fd == -1)
		err_system(&e, ERR_NETWORK, d->error,
		    "cannot connect to '%s' (%s) port %u", d->name, d->failed,
		    d->port);
	ssh_dial_clear(d);
	d->done(d->arg, fd, &e);
}

static void next(struct ssh_dial *d);

static void
failed(struct ssh_attempt *a, int error)
{
	struct ssh_dial *d = a->dial;

	if (d->error == 0) {
		d->error = error;
		say_address(&d->lookup.list[a - d->attempts], d->failed,
		    sizeof(d->failed));
	}
	end_attempt(a);
}

static void
on_connected(evutil_socket_t fd, short what, void *arg)
{
	struct ssh_attempt *a = arg;
	struct ssh_dial *d = a->dial;
	socklen_t len = sizeof(int);
	int error = 0;

	(void)what;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	if (error != 0) {
		failed(a, error);
		next(d);
		return;
	}
	say_address(
	    &d->lookup.list[a - d->attempts], d->reached, sizeof(d->reached));
	a->fd = -1; /* it is no longer ours */
	d->open--;
	finish(d, fd);
}

static int
begin(struct ssh_attempt *a, const struct ssh_endpoint *to)
{
	int on = 1;

	a->fd = socket(to->address.ss_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (a->fd == -1)
		return errno;
	a->dial->open++;
	setsockopt(a->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(a->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	if (connect(a->fd, (const struct sockaddr *)&to->address, to->len) ==
		-1 &&
	    errno != EINPROGRESS)
		return errno;
	a->event = event_new(
	    ssh_loop_base(a->dial->loop), a->fd, EV_WRITE, on_connected, a);
	if (a->event == NULL || event_add(a->event, NULL) != 0)
		return ENOMEM;
	return 0;
}

/* Begin with the next address; at the end of the list, wait or give up. */
static void
next(struct ssh_dial *d)
{
	struct timeval quarter = { 0, SSH_DIAL_NEXT * 1000 };

	while (d->begun < d->lookup.count) {
		struct ssh_attempt *a = &d->attempts[d->begun];
		int error = begin(a, &d->lookup.list[d->begun]);

		d->begun++;
		if (error == 0) {
			evtimer_add(d->timer, &quarter);
			return;
		}
		failed(a, error);
	}
	if (d->open == 0)
		finish(d, -1);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct ssh_dial *d = arg;

	(void)fd, (void)what;
	if (d->begun < d->lookup.count)
		next(d);
}

static void
on_addresses(void *arg)
{
	struct ssh_dial *d = arg;

	interleave(&d->lookup);
	next(d);
}

int
ssh_dial_start(struct ssh_dial *d, struct ssh_loop *l, const char *const *names,
    size_t count, unsigned port, int family, struct err *e)
{
	d->loop = l;
	d->port = port;
	snprintf(d->name, sizeof(d->name), "%s", count > 0 ? names[0] : "");
	for (size_t i = 0; i < SSH_LOOKUP_MAX; i++) {
		d->attempts[i].dial = d;
		d->attempts[i].fd = -1;
	}
	d->lookup.fd = -1;
	d->lookup.done = on_addresses;
	d->lookup.arg = d;
	d->timer = evtimer_new(ssh_loop_base(l), on_timer, d);
	if (d->timer == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	return ssh_lookup_start(&d->lookup, l, names, count, port, family, e);
}

void
ssh_dial_clear(struct ssh_dial *d)
{
	if (d->loop == NULL)
		return;
	ssh_lookup_clear(&d->lookup);
	for (size_t i = 0; i < SSH_LOOKUP_MAX; i++)
		end_attempt(&d->attempts[i]);
	if (d->timer != NULL)
		event_free(d->timer);
	d->timer = NULL;
}

void
ssh_dial_silent(const struct ssh_dial *d, struct err *e)
{
	if (d->begun == 0)
		err_set(e, ERR_NETWORK, "no answer about the address of '%s'",
		    d->name);
	else
		err_set(e, ERR_NETWORK, "no answer from '%s' port %u", d->name,
		    d->port);
}
