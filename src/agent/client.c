/* SPDX-License-Identifier: ISC */

/*
 * One side of the control protocol, with blocking calls: requests out, answers
 * in, and the asking in between.
 */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pemkeep/base/path.h"

#include "src/agent/ask.h"
#include "src/agent/client_internal.h"
#include "src/agent/control.h"
#include "src/agent/system.h"

#define TRIES 3
/* More than any request needs: what goes on longer is no agent of ours. */
#define ASKS_MAX 16
#define NEWS_MAX 1000000u
/* The slowest hash that a vault may have, and the longest wait for a guess. */
#define ANSWER_LIMIT_MS 180000u

int
client_nonsense(struct err *e)
{
	err_set(e, ERR_FAILED, "the agent talks nonsense");
	err_hint(e, "pemkeep agent --stop");
	return ERR_FAILED;
}

int
client_silent(struct client *c, struct err *e)
{
	pid_t pid = 0;

	if (c->fd != -1)
		(void)system_peer_is_us(c->fd, &pid);
	client_hang_up(c);
	err_set(e, ERR_FAILED, "the agent does not answer");
	if (pid > 0)
		err_hint(e, "it is process %ld; to end it: kill -9 %ld",
		    (long)pid, (long)pid);
	return ERR_FAILED;
}

static int
gone(struct client *c, struct err *e)
{
	client_hang_up(c);
	c->gone = true;
	return err_set(e, ERR_FAILED, "the agent is gone");
}

/* The first part carries the descriptor. */
static ssize_t
send_part(int sock, const uint8_t *at, size_t len, int fd)
{
	struct iovec part = { (void *)(uintptr_t)at, len };
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(sizeof(int))];
	} room;
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };

	if (fd != -1) {
		struct cmsghdr *cm;

		memset(&room, 0, sizeof(room));
		msg.msg_control = room.bytes;
		msg.msg_controllen = sizeof(room.bytes);
		cm = CMSG_FIRSTHDR(&msg);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(cm), &fd, sizeof(fd));
	}
	return sendmsg(sock, &msg, MSG_NOSIGNAL);
}

static int
send_request(struct client *c, const struct client_call *call, struct err *e)
{
	struct buf b = BUF_INIT;
	size_t len = call->body != NULL ? call->body->len : 0, sent = 0;
	int fd = call->fd, r = 0;

	buf_put_u32(&b, (uint32_t)len + 1);
	buf_put_u8(&b, call->type);
	if (len > 0)
		buf_put(&b, call->body->data, len);
	if (!buf_ok(&b) || (call->body != NULL && !buf_ok(call->body)))
		r = err_set(e, ERR_NOMEM, "out of memory");
	else if (len >= CONTROL_MAX)
		r = err_set(e, ERR_USAGE, "that is too much at once");
	while (r == 0 && sent < b.len) {
		ssize_t n = send_part(c->fd, b.data + sent, b.len - sent, fd);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN) {
			r = client_silent(c, e);
		} else if (n == -1) {
			r = gone(c, e);
		} else {
			sent += (size_t)n;
			fd = -1;
		}
	}
	buf_free(&b);
	return r;
}

static int
read_exactly(
    struct client *c, uint8_t *to, size_t len, unsigned limit_ms, struct err *e)
{
	struct pollfd ready = { .fd = c->fd, .events = POLLIN };

	while (len > 0) {
		ssize_t n;
		int p = poll(&ready, 1, (int)limit_ms);

		if (p == -1 && errno == EINTR)
			continue;
		if (p == 0)
			return client_silent(c, e);
		n = p > 0 ? recv(c->fd, to, len, 0) : -1;
		if (n == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return gone(c, e);
		to += n;
		len -= (size_t)n;
	}
	return 0;
}

/* One message; its body is in c->answer. */
static int
read_message(struct client *c, unsigned limit_ms, uint8_t *type, struct wire *w,
    struct err *e)
{
	uint8_t head[5], chunk[4096];
	size_t left, part;
	struct wire length;
	int r;

	if ((r = read_exactly(c, head, sizeof(head), limit_ms, e)) != 0)
		return r;
	wire_init(&length, head, 4);
	left = wire_u32(&length);
	if (left == 0 || left > CONTROL_MAX) {
		client_hang_up(c);
		return client_nonsense(e);
	}
	*type = head[4];
	buf_clear(&c->answer);
	for (left--; left > 0; left -= part) {
		part = left < sizeof(chunk) ? left : sizeof(chunk);
		if ((r = read_exactly(c, chunk, part, limit_ms, e)) != 0)
			return r;
		buf_put(&c->answer, chunk, part);
	}
	if (!buf_ok(&c->answer))
		return err_set(e, ERR_NOMEM, "out of memory");
	wire_init(w, c->answer.data, c->answer.len);
	return 0;
}

static bool
get_text(struct wire *w, char *to, size_t size)
{
	char *text = control_get_text(w);

	if (text == NULL)
		return false;
	strncpy(to, text, size - 1);
	to[size - 1] = '\0';
	free(text);
	return true;
}

/* An ERROR, or the beginning of a RESULT. */
bool
client_get_error(struct wire *w, struct err *e)
{
	uint32_t code = wire_u32(w);

	memset(e, 0, sizeof(*e));
	if (!get_text(w, e->text, sizeof(e->text)) ||
	    !get_text(w, e->hint, sizeof(e->hint)) ||
	    code > (uint32_t)-ERR_INTERRUPTED)
		return false;
	e->code = (enum err_code) - (int)code;
	return true;
}

static bool
pass_warning(struct client *c, struct wire *w)
{
	char *text = control_get_text(w), *hint = control_get_text(w);
	bool ok = text != NULL && hint != NULL && wire_done(w);

	if (ok && c->options.warn != NULL)
		c->options.warn(c->options.arg, text, hint);
	free(text);
	free(hint);
	return ok;
}

static int
on_error(struct client *c, struct wire *w, struct err *e)
{
	struct err said;

	if (!client_get_error(w, &said) || !wire_done(w) || said.code == 0) {
		client_hang_up(c);
		return client_nonsense(e);
	}
	if (e != NULL)
		*e = said;
	return said.code;
}

/* What the answer came to. */
enum { ANSWERED = 0, WANTS_PASSPHRASE = 1 };

struct question {
	enum passphrase_for what;
	char prompt[512];
};

static int
read_answer(struct client *c, const struct client_call *call, struct wire *w,
    struct question *q, struct err *e)
{
	unsigned limit_ms =
	    call->limit_ms != 0 ? call->limit_ms : ANSWER_LIMIT_MS;
	uint8_t type = 0;
	int r;

	for (uint32_t news = 0; news < NEWS_MAX; news++) {
		if ((r = read_message(c, limit_ms, &type, w, e)) != 0)
			return r;
		if (type == CONTROL_OK)
			return ANSWERED;
		if (type == CONTROL_ERROR)
			return on_error(c, w, e);
		if (type == CONTROL_ASK) {
			q->what = (enum passphrase_for)wire_u8(w);
			if (get_text(w, q->prompt, sizeof(q->prompt)) &&
			    wire_done(w) && q->what <= PASSPHRASE_KEYFILE &&
			    limit_ms != CLIENT_SOON_MS)
				return WANTS_PASSPHRASE;
		} else if (type == CONTROL_WARNING) {
			if (pass_warning(c, w))
				continue;
		} else if (call->news != NULL &&
		    call->news(call->arg, type, w)) {
			continue;
		}
		break;
	}
	client_hang_up(c);
	return client_nonsense(e);
}

int
client_ask(struct client *c, const struct client_call *call, struct wire *w,
    struct err *e)
{
	const struct passphrase_source *source = &c->options.passphrase;
	struct question q = { .what = PASSPHRASE_VAULT };
	bool asked = false;
	int r, tries = TRIES, asks = 0;

	for (;;) {
		if ((r = send_request(c, call, e)) != 0)
			return r;
		r = read_answer(c, call, w, &q, e);
		if (r == WANTS_PASSPHRASE && ++asks > ASKS_MAX) {
			client_hang_up(c);
			return client_nonsense(e);
		}
		if (r == WANTS_PASSPHRASE) {
			c->asked = true;
			r = ask_for(c->fd, source, q.what, q.prompt, e);
			if (r == ERR_LOCKED && q.what == PASSPHRASE_KEYFILE)
				r = ERR_NEED_PASSPHRASE;
			if (r != 0)
				return r;
			asked = true;
			continue;
		}
		if (r != ERR_LOCKED || !asked || --tries == 0 || c->fd == -1 ||
		    !passphrase_interactive(source, q.what))
			return r;
		asked = false;
		if (c->options.warn != NULL)
			c->options.warn(
			    c->options.arg, "wrong passphrase, try again", "");
	}
}

int
client_simple(struct client *c, uint8_t type, struct buf *body, struct err *e)
{
	const struct client_call call = {
		.type = type, .body = body, .fd = -1
	};
	struct wire w;
	int r = client_ask(c, &call, &w, e);

	if (body != NULL)
		buf_free(body);
	return r;
}

void
client_hang_up(struct client *c)
{
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
	c->own = false;
	c->unlocked = false;
}

static int
find_path(enum path_kind kind, const char *file, struct buf *out, struct err *e)
{
	int r = path_of(kind, file, out, e);

	if (r == 0) {
		(void)buf_text(out);
		if (!buf_ok(out))
			r = err_set(e, ERR_NOMEM, "out of memory");
	}
	return r;
}

int
client_new(
    const struct client_options *options, struct client **cp, struct err *e)
{
	struct client *c;
	int r;

	*cp = NULL;
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	c->options = *options;
	c->fd = -1;
	if ((r = find_path(PATH_DATA, "vault", &c->path, e)) != 0 ||
	    (r = find_path(PATH_STATE, "seen", &c->seen, e)) != 0) {
		client_free(c);
		return r;
	}
	*cp = c;
	return 0;
}

void
client_free(struct client *c)
{
	if (c == NULL)
		return;
	client_hang_up(c);
	buf_free(&c->path);
	buf_free(&c->seen);
	buf_free(&c->answer);
	free(c);
}

const char *
client_path(const struct client *c)
{
	return (const char *)c->path.data;
}
