/* SPDX-License-Identifier: ISC */

/*
 * Files do not block.  Sockets have a flag for each call.  Pipes and terminals
 * are opened once more, so that the new descriptor alone is non-blocking; where
 * that is not allowed (after su, say) they get, when poll(2) says so, no more
 * than a pipe takes at once by POSIX.
 */

#include <event2/event.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pemkeep/base/err.h"
#include "src/ssh/loop_internal.h"
#include "src/ssh/platform.h"
#include "src/ssh/sink.h"

static ssize_t
write_some(struct ssh_sink *s, const void *bytes, size_t len)
{
	struct pollfd p = { .fd = s->fd, .events = POLLOUT };

	if (s->kind == SINK_SOCKET)
		return send(s->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (s->kind == SINK_CAREFUL) {
		if (poll(&p, 1, 0) == 0) {
			errno = EAGAIN;
			return -1;
		}
		if (len > _POSIX_PIPE_BUF)
			len = _POSIX_PIPE_BUF;
	}
	return write(s->fd, bytes, len);
}

/* Returns how much was written. */
static size_t
push(struct ssh_sink *s, const uint8_t *bytes, size_t len)
{
	size_t done = 0;

	while (done < len && s->error == 0) {
		ssize_t n = write_some(s, bytes + done, len - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			break;
		else if (errno != EINTR)
			s->error = errno;
	}
	return done;
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct ssh_sink *s = arg;

	(void)fd, (void)what;
	s->at += push(s, s->waiting.data + s->at, s->waiting.len - s->at);
	if (s->error != 0 || s->at == s->waiting.len) {
		buf_clear(&s->waiting);
		s->at = 0;
		s->changed(s->arg);
	} else {
		event_add(s->event, NULL);
	}
}

int
ssh_sink_init(struct ssh_sink *s, struct ssh_loop *l, int fd,
    void (*changed)(void *arg), void *arg, struct err *e)
{
	struct stat st;

	memset(&st, 0, sizeof(st));
	memset(s, 0, sizeof(*s));
	s->fd = fd;
	s->changed = changed;
	s->arg = arg;
	if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode)) {
		s->kind = SINK_SOCKET;
	} else if (S_ISFIFO(st.st_mode) || isatty(fd)) {
		int again = ssh_platform_reopen(fd);

		s->own = again != -1;
		if (s->own)
			s->fd = again;
		else
			s->kind = SINK_CAREFUL;
	}
	s->event = event_new(ssh_loop_base(l), s->fd, EV_WRITE, on_writable, s);
	if (s->event == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	return 0;
}

void
ssh_sink_clear(struct ssh_sink *s)
{
	if (s->event != NULL)
		event_free(s->event);
	if (s->own)
		close(s->fd);
	buf_free(&s->waiting);
	memset(s, 0, sizeof(*s));
}

bool
ssh_sink_empty(const struct ssh_sink *s)
{
	return s->waiting.len == 0;
}

void
ssh_sink_put(struct ssh_sink *s, const void *bytes, size_t len)
{
	size_t done = 0;

	if (s->error != 0)
		return;
	if (ssh_sink_empty(s))
		done = push(s, bytes, len);
	if (s->error != 0) {
		s->changed(s->arg);
		return;
	}
	if (done == len)
		return;
	buf_put(&s->waiting, (const uint8_t *)bytes + done, len - done);
	if (!buf_ok(&s->waiting))
		s->error = ENOMEM;
	event_add(s->event, NULL);
}
