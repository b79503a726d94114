/* SPDX-License-Identifier: ISC */

/* A connection that is given up as soon as it has shown who answers. */

#include <event2/event.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pemkeep/ssh/answer.h"
#include "src/ssh/dial.h"
#include "src/ssh/loop_internal.h"

#define GREETING "SSH-"
#define TEXT_MAX 8192u /* lines that may come before the version */

struct answer {
	struct ssh_loop *loop;
	struct ssh_dial dial;
	struct event *readable, *deadline;
	int fd;
	char last[sizeof(GREETING)]; /* the line's beginning */
	size_t line, total;
	int result;
	struct err *e;
};

static void
finish(struct answer *a, int result)
{
	a->result = result;
	ssh_loop_stop(a->loop);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct answer *a = arg;

	(void)fd, (void)what;
	if (a->fd == -1)
		ssh_dial_silent(&a->dial, a->e);
	else
		err_set(a->e, ERR_NETWORK, "'%s' port %u sends no SSH version",
		    a->dial.name, a->dial.port);
	finish(a, ERR_NETWORK);
}

/* True when a line has begun with it. */
static bool
take(struct answer *a, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\n') {
			a->line = 0;
			continue;
		}
		if (a->line < sizeof(GREETING) - 1)
			a->last[a->line] = bytes[i];
		a->line++;
		if (a->line == sizeof(GREETING) - 1 &&
		    memcmp(a->last, GREETING, a->line) == 0)
			return true;
	}
	a->total += len;
	return false;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct answer *a = arg;
	char bytes[1024];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	(void)what;
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && take(a, bytes, (size_t)n)) {
		finish(a, 0);
		return;
	}
	if (n <= 0 || a->total > TEXT_MAX)
		finish(a,
		    err_set(a->e, ERR_NETWORK,
			"'%s' port %u is no SSH server (yet)", a->dial.name,
			a->dial.port));
}

static void
on_dialled(void *arg, int fd, const struct err *failure)
{
	struct answer *a = arg;

	a->fd = fd;
	if (fd == -1) {
		if (a->e != NULL)
			*a->e = *failure;
		finish(a, ERR_NETWORK);
		return;
	}
	a->readable = event_new(
	    ssh_loop_base(a->loop), fd, EV_READ | EV_PERSIST, on_readable, a);
	if (a->readable == NULL || event_add(a->readable, NULL) != 0)
		finish(a, err_set(a->e, ERR_NOMEM, "out of memory"));
}

int
ssh_answers(struct ssh_loop *l, const char *const *addresses, size_t count,
    unsigned port, int family, unsigned seconds, struct err *e)
{
	struct answer *a = calloc(1, sizeof(*a));
	struct timeval time = { (time_t)seconds, 0 };
	int r;

	if (a == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	a->loop = l;
	a->fd = -1;
	a->e = e;
	a->dial.done = on_dialled;
	a->dial.arg = a;
	a->deadline = evtimer_new(ssh_loop_base(l), on_deadline, a);
	if (a->deadline == NULL || evtimer_add(a->deadline, &time) != 0)
		r = err_set(e, ERR_NOMEM, "out of memory");
	else if ((r = ssh_dial_start(
		      &a->dial, l, addresses, count, port, family, e)) == 0 &&
	    (r = ssh_loop_run(l, e)) == 0)
		r = a->result;
	ssh_dial_clear(&a->dial);
	if (a->readable != NULL)
		event_free(a->readable);
	if (a->deadline != NULL)
		event_free(a->deadline);
	if (a->fd != -1)
		close(a->fd);
	free(a);
	return r;
}
