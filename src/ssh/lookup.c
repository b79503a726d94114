/* SPDX-License-Identifier: ISC */

/*
 * The child writes fixed-size entries into a pipe: an address, or the failure
 * of one name.  It is killed when nobody waits for it any more, which is how a
 * deadline reaches into getaddrinfo(3).
 */

#include <event2/event.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pemkeep/base/err.h"
#include "src/ssh/loop_internal.h"
#include "src/ssh/lookup.h"

static int
look(const char *name, unsigned port, int family, int flags,
    struct ssh_lookup *u)
{
	struct addrinfo hints, *found = NULL;
	char service[8];
	int r;

	memset(&hints, 0, sizeof(hints));
	hints.ai_family = family == 4 ? AF_INET
	    : family == 6             ? AF_INET6
				      : AF_UNSPEC;
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_NUMERICSERV | flags;
	snprintf(service, sizeof(service), "%u", port);
	if ((r = getaddrinfo(name, service, &hints, &found)) != 0)
		return r;
	for (struct addrinfo *a = found; a != NULL; a = a->ai_next) {
		struct ssh_endpoint *to = &u->list[u->count];

		if (u->count == SSH_LOOKUP_MAX ||
		    a->ai_addrlen > sizeof(to->address))
			break;
		memset(to, 0, sizeof(*to));
		memcpy(&to->address, a->ai_addr, a->ai_addrlen);
		to->len = a->ai_addrlen;
		u->count++;
	}
	freeaddrinfo(found);
	return 0;
}

/* An entry of length 0 is a failure; its number stands in the address. */
static void
child_main(
    int fd, const char *const *names, size_t count, unsigned port, int family)
{
	struct ssh_lookup u;

	signal(SIGPIPE, SIG_DFL);
	memset(&u, 0, sizeof(u));
	for (size_t i = 0; i < count; i++) {
		int r = look(names[i], port, family, AI_ADDRCONFIG, &u);

		if (r != 0 && u.count < SSH_LOOKUP_MAX) {
			memcpy(&u.list[u.count].address, &r, sizeof(r));
			u.list[u.count++].len = 0;
		}
	}
	for (size_t i = 0; i < u.count; i++)
		if (write(fd, &u.list[i], sizeof(u.list[i])) !=
		    (ssize_t)sizeof(u.list[i]))
			_exit(1);
	_exit(0);
}

static void
reap(struct ssh_lookup *u)
{
	if (u->event != NULL)
		event_free(u->event);
	u->event = NULL;
	if (u->fd != -1)
		close(u->fd);
	u->fd = -1;
	if (u->child > 0) {
		kill(u->child, SIGKILL);
		while (waitpid(u->child, NULL, 0) == -1 && errno == EINTR)
			continue;
	}
	u->child = 0;
}

static void
on_child(evutil_socket_t fd, short what, void *arg)
{
	struct ssh_lookup *u = arg;
	ssize_t n = 0;

	(void)what;
	while (u->count < SSH_LOOKUP_MAX) {
		struct ssh_endpoint *at = &u->list[u->count];

		n = read(fd, (uint8_t *)at + u->got, sizeof(*at) - u->got);
		if (n == -1 && errno == EAGAIN)
			return;
		if (n <= 0)
			break;
		if ((u->got += (size_t)n) < sizeof(*at))
			continue;
		u->got = 0;
		if (at->len == 0)
			memcpy(&u->failure, &at->address, sizeof(u->failure));
		else if (at->len <= sizeof(at->address))
			u->count++;
	}
	reap(u);
	u->done(u->arg);
}

static int
start_child(struct ssh_lookup *u, struct ssh_loop *l, const char *const *names,
    size_t count, unsigned port, int family, struct err *e)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) == -1)
		return err_system(e, ERR_SYSTEM, errno, "cannot make a pipe");
	u->child = fork();
	if (u->child == 0) {
		close(fd[0]);
		child_main(fd[1], names, count, port, family);
	}
	close(fd[1]);
	u->fd = fd[0];
	if (u->child == -1) {
		int saved = errno;

		reap(u);
		return err_system(e, ERR_SYSTEM, saved, "cannot fork");
	}
	fcntl(u->fd, F_SETFL, O_NONBLOCK);
	u->event = event_new(
	    ssh_loop_base(l), u->fd, EV_READ | EV_PERSIST, on_child, u);
	if (u->event == NULL || event_add(u->event, NULL) != 0) {
		reap(u);
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	return 0;
}

int
ssh_lookup_start(struct ssh_lookup *u, struct ssh_loop *l,
    const char *const *names, size_t count, unsigned port, int family,
    struct err *e)
{
	bool literal = true;

	u->fd = -1;
	for (size_t i = 0; i < count && literal; i++) {
		int r = look(names[i], port, 0, AI_NUMERICHOST, u);

		literal = r == 0;
		/* A literal of the other family is no name to be looked up. */
		if (literal && family != 0 && u->count > 0 &&
		    u->list[u->count - 1].address.ss_family !=
			(family == 4 ? AF_INET : AF_INET6)) {
			u->count--;
			u->failure = EAI_FAMILY;
		}
	}
	if (literal) {
		u->done(u->arg);
		return 0;
	}
	u->count = 0;
	return start_child(u, l, names, count, port, family, e);
}

void
ssh_lookup_clear(struct ssh_lookup *u)
{
	reap(u);
	u->count = 0;
}
