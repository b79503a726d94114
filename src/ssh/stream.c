/* SPDX-License-Identifier: ISC */

/*
 * The ways of a socket are few: a read that gives nothing marks the turn as
 * drained, so that the library's habit of reading before each write costs no
 * system call.
 */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pemkeep/base/err.h"
#include "src/ssh/platform.h"
#include "src/ssh/stream.h"

void
ssh_stream_init(struct ssh_stream *s, int fd)
{
	memset(s, 0, sizeof(*s));
	s->fd = fd;
	s->budget = SSH_STREAM_SETUP;
	s->setting_up = true;
}

void
ssh_stream_clear(struct ssh_stream *s)
{
	if (s->fd != -1)
		close(s->fd);
	s->fd = -1;
	buf_free(&s->out);
	explicit_bzero(s->in, sizeof(s->in));
}

void
ssh_stream_turn(struct ssh_stream *s, bool pause)
{
	s->pause = pause;
	s->quota = SSH_STREAM_TURN;
	s->drained = false;
	s->wants = false;
}

void
ssh_stream_ready(struct ssh_stream *s)
{
	s->setting_up = false;
}

static ssize_t
broken(struct ssh_stream *s, const char *why, int error)
{
	s->dead = true;
	s->why = why;
	s->error = error;
	return error != 0 ? -error : -ECONNABORTED;
}

void
ssh_stream_break(struct ssh_stream *s, const char *why)
{
	broken(s, why, 0);
}

/* Read from the socket into 'in', which is empty. */
static ssize_t
fill(struct ssh_stream *s)
{
	size_t most = sizeof(s->in);
	ssize_t n;

	if (s->pause)
		return -EAGAIN;
	s->wants = true;
	if (s->drained || s->quota == 0 ||
	    ssh_stream_backlog(s) > 4 * SSH_STREAM_BACKLOG)
		return -EAGAIN;
	if (s->setting_up && s->budget == 0)
		return broken(
		    s, "the server sends too much before the login", 0);
	if (s->setting_up && s->budget < most)
		most = s->budget;
	if (s->quota < most)
		most = s->quota;
	do
		n = recv(s->fd, s->in, most, 0);
	while (n == -1 && errno == EINTR);
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		s->drained = true;
		return -EAGAIN;
	}
	if (n == -1)
		return broken(s, NULL, errno);
	if (n == 0) {
		s->dead = true;
		return 0;
	}
	/*
	 * A server that has not said TCP_NODELAY, as sshd for a command, waits
	 * with the rest of a short answer until this part is acknowledged.
	 */
	if (n < SSH_STREAM_SHORT)
		ssh_platform_quick_ack(s->fd);
	if (s->setting_up)
		s->budget -= (size_t)n;
	s->in_at = 0;
	s->in_end = (size_t)n;
	s->quota -= (size_t)n;
	s->received += (uint64_t)n;
	return n;
}

static void
keep_greeting(struct ssh_stream *s)
{
	size_t len = s->line_len;

	while (
	    len > 0 && (s->line[len - 1] == '\n' || s->line[len - 1] == '\r'))
		len--;
	if (s->greeting[0] != '\0' || len == 0)
		return;
	if (len > sizeof(s->greeting) - 1)
		len = sizeof(s->greeting) - 1;
	for (size_t i = 0; i < len; i++)
		s->greeting[i] = s->line[i] != '\0' ? s->line[i] : ' ';
	s->greeting[len] = '\0';
}

/* A line is complete: is it the version? */
static ssize_t
take_line(struct ssh_stream *s)
{
	s->line[s->line_len] = '\0';
	if (s->line_len < 4 || memcmp(s->line, "SSH-", 4) != 0) {
		keep_greeting(s);
		s->line_len = 0;
		return 0;
	}
	if (strncmp(s->line, "SSH-2.0-", 8) != 0 &&
	    strncmp(s->line, "SSH-1.99-", 9) != 0) {
		keep_greeting(s);
		return broken(
		    s, "the server does not speak version 2 of SSH", 0);
	}
	if (s->line_len > SSH_STREAM_VERSION ||
	    memchr(s->line, '\0', s->line_len) != NULL)
		return broken(s, "the server's version line is malformed", 0);
	s->version = VERSION_GIVEN;
	return 0;
}

/* Move 'in' into 'line' up to the end of the line. */
static ssize_t
look_for_version(struct ssh_stream *s)
{
	ssize_t n;

	while (s->version == VERSION_WANTED) {
		if (s->in_at == s->in_end && (n = fill(s)) <= 0)
			return n;
		s->line[s->line_len++] = (char)s->in[s->in_at++];
		if (++s->before > SSH_STREAM_LINES) {
			keep_greeting(s);
			return broken(s,
			    "the server sends too much and no SSH version", 0);
		}
		if (s->line[s->line_len - 1] == '\n') {
			if ((n = take_line(s)) < 0)
				return n;
		} else if (s->line_len == SSH_STREAM_LINE) {
			keep_greeting(s);
			return broken(s, "this is not an SSH server", 0);
		}
	}
	return 1;
}

ssize_t
ssh_stream_recv(struct ssh_stream *s, void *to, size_t len)
{
	const void *from = s->in + s->in_at;
	size_t left;
	ssize_t n;

	if (s->hold)
		return -EAGAIN;
	if (s->dead)
		return s->error != 0 ? -s->error
		    : s->why != NULL ? -ECONNABORTED
				     : 0;
	if (s->version == VERSION_WANTED && (n = look_for_version(s)) <= 0)
		return n;
	if (s->version == VERSION_GIVEN) {
		from = s->line + s->line_at;
		left = s->line_len - s->line_at;
	} else {
		if (s->in_at == s->in_end && (n = fill(s)) <= 0)
			return n;
		from = s->in + s->in_at;
		left = s->in_end - s->in_at;
	}
	if (len > left)
		len = left;
	memcpy(to, from, len);
	if (s->version != VERSION_GIVEN)
		s->in_at += len;
	else if ((s->line_at += len) == s->line_len)
		s->version = VERSION_DONE;
	return (ssize_t)len;
}

ssize_t
ssh_stream_send(struct ssh_stream *s, const void *from, size_t len)
{
	if (s->dead)
		return -EPIPE;
	buf_put(&s->out, from, len);
	if (!buf_ok(&s->out))
		return broken(s, "out of memory", 0);
	return (ssize_t)len;
}

void
ssh_stream_flush(struct ssh_stream *s)
{
	while (!s->dead && s->out_at < s->out.len) {
		ssize_t n = send(s->fd, s->out.data + s->out_at,
		    s->out.len - s->out_at, MSG_NOSIGNAL);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n == -1) {
			/*
			 * What the server has said before it closed is still to
			 * be read, and reading says what happened.
			 */
			s->out_at = s->out.len;
			if (errno != EPIPE && errno != ECONNRESET)
				broken(s, NULL, errno);
			break;
		}
		s->out_at += (size_t)n;
	}
	if (s->out_at == s->out.len) {
		buf_clear(&s->out);
		s->out_at = 0;
	}
}

size_t
ssh_stream_backlog(const struct ssh_stream *s)
{
	return s->out.len - s->out_at;
}

void
ssh_stream_kill(struct ssh_stream *s)
{
	s->dead = true;
	if (s->error == 0)
		s->error = EPIPE;
}

int
ssh_stream_error(const struct ssh_stream *s, struct err *e)
{
	const char *why = s->why;

	if (!s->dead)
		return 0;
	if (why == NULL && s->error == 0)
		why = "the server closed the connection";
	else if (why == NULL)
		why = "the connection broke";
	/* Before the version a server may say what is wrong. */
	if (s->version == VERSION_WANTED && s->greeting[0] != '\0')
		err_set(e, ERR_NETWORK, "%s: it says '%s'", why, s->greeting);
	else if (s->error != 0)
		err_system(e, ERR_NETWORK, s->error, "%s", why);
	else
		err_set(e, ERR_NETWORK, "%s", why);
	return ERR_NETWORK;
}

void
ssh_stream_say_version(const struct ssh_stream *s, char text[256])
{
	size_t len =
	    s->version != VERSION_WANTED ? strcspn(s->line, "\r\n") : 0;

	memcpy(text, s->line, len); /* SSH_STREAM_VERSION is less */
	text[len] = '\0';
}
