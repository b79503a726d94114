/* SPDX-License-Identifier: ISC */

/* One channel, whose output goes into a buffer. */

#include <event2/event.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/ssh/capture.h"
#include "pemkeep/ssh/channel.h"
#include "src/ssh/loop_internal.h"

struct capture {
	struct ssh_loop *loop;
	const struct ssh_capture *what;
	struct ssh_channel *channel;
	struct buf *out;
	bool over;
	int result;
	struct err *e;
};

static void
finish(struct capture *k, int result)
{
	if (k->over)
		return;
	k->over = true;
	k->result = result;
	ssh_loop_stop(k->loop);
}

static bool
on_ready(void *arg, enum ssh_stream_id id)
{
	(void)arg, (void)id;
	return true;
}

static void
on_data(void *arg, enum ssh_stream_id id, const uint8_t *bytes, size_t len)
{
	struct capture *k = arg;
	size_t room =
	    k->out->len < k->what->most ? k->what->most - k->out->len : 0;

	if (id != SSH_OUT || k->over || room == 0)
		return;
	buf_put(k->out, bytes, len < room ? len : room);
	if (k->what->enough != NULL && k->what->enough(k->what->arg, k->out))
		finish(k, 0);
}

static void
on_opened(void *arg)
{
	const struct capture *k = arg;

	ssh_channel_end(k->channel);
}

static void
on_closed(void *arg, const struct ssh_exit *how)
{
	(void)how;
	finish(arg, 0);
}

static void
on_failed(void *arg, const struct err *e)
{
	struct capture *k = arg;

	if (!k->over && k->e != NULL)
		*k->e = *e;
	finish(k, (int)e->code);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct capture *k = arg;

	(void)fd, (void)what;
	if (!k->over)
		err_set(k->e, ERR_NETWORK,
		    "the server does not end a command within %u seconds",
		    k->what->seconds);
	finish(k, ERR_NETWORK);
}

int
ssh_capture_run(struct ssh_loop *l, struct ssh_connection *c,
    const struct ssh_capture *what, struct buf *out, struct err *e)
{
	static const struct ssh_channel_events events = {
		.opened = on_opened,
		.ready = on_ready,
		.data = on_data,
		.closed = on_closed,
		.failed = on_failed,
	};
	const struct ssh_session_request request = {
		.command = what->command,
		.term = "",
	};
	struct capture k = { .loop = l, .what = what, .out = out, .e = e };
	struct timeval seconds = { (time_t)what->seconds, 0 };
	struct event *deadline = evtimer_new(ssh_loop_base(l), on_deadline, &k);
	int r;

	if (deadline == NULL || evtimer_add(deadline, &seconds) != 0)
		r = err_set(e, ERR_NOMEM, "out of memory");
	else if ((r = ssh_channel_session(
		      c, &request, &events, &k, &k.channel, e)) == 0 &&
	    (r = ssh_loop_run(l, e)) == 0)
		r = k.result;
	ssh_channel_free(k.channel);
	if (deadline != NULL)
		event_free(deadline);
	return r == 0 && !buf_ok(out) ? err_set(e, ERR_NOMEM, "out of memory")
				      : r;
}
