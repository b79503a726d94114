/* SPDX-License-Identifier: ISC */

/*
 * Between this process's descriptors and a channel.  Descriptors 0 to 2 stay
 * blocking, since others share them: input is read only when there is some, and
 * output goes through sinks.
 */

#include <event2/event.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/ssh/remote.h"
#include "src/ssh/escape.h"
#include "src/ssh/loop_internal.h"
#include "src/ssh/sink.h"
#include "src/ssh/terminal.h"

static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH,
	SIGTSTP, SIGCONT };

#define SIGNALS (sizeof(signals) / sizeof(signals[0]))
#define INPUT_SIZE 65536u
#define PTY_MAX 256u /* bytes of TERM and modes together, in libssh2 */
#define TERM_MAX 64u

struct remote {
	struct ssh_loop *loop;
	const struct ssh_remote *what;
	struct ssh_channel *channel;
	struct ssh_terminal terminal;
	struct ssh_sink sinks[2];
	struct event *input, *deadline;
	struct event *signal_events[SIGNALS];
	struct ssh_escape escape;
	bool over;
	int result;
	struct err *e;
	struct ssh_ending *ending;
	uint8_t bytes[INPUT_SIZE];
};

/* Everything is said, and everything is written. */
static void
look_for_end(struct remote *r)
{
	if (r->over && ssh_sink_empty(&r->sinks[SSH_OUT]) &&
	    ssh_sink_empty(&r->sinks[SSH_ERR]))
		ssh_loop_stop(r->loop);
}

static void
leave(struct remote *r, int result)
{
	if (r->over)
		return;
	r->over = true;
	r->result = result;
	event_del(r->input);
	look_for_end(r);
}

static void
on_sink(void *arg)
{
	struct remote *r = arg;
	int error = r->sinks[SSH_OUT].error;

	/* Nobody reads any more: the command would write for ever. */
	if (error == EPIPE && !r->over) {
		r->ending->status = 255;
		leave(r, 0);
		return;
	}
	if (error != 0 && !r->over) {
		leave(r,
		    err_system(r->e, ERR_SYSTEM, error,
			"cannot write to standard output"));
		return;
	}
	ssh_channel_kick(r->channel);
	look_for_end(r);
}

static bool
on_ready(void *arg, enum ssh_stream_id id)
{
	const struct remote *r = arg;

	return !r->over && ssh_sink_empty(&r->sinks[id]);
}

static void
on_data(void *arg, enum ssh_stream_id id, const uint8_t *bytes, size_t len)
{
	struct remote *r = arg;

	r->ending->bytes_in += len;
	ssh_sink_put(&r->sinks[id], bytes, len);
}

static void
wait_for_input(struct remote *r)
{
	if (!r->over && ssh_channel_room(r->channel) > 0)
		event_add(r->input, NULL);
}

static void
on_writable(void *arg)
{
	wait_for_input(arg);
}

static void
on_opened(void *arg)
{
	struct remote *r = arg;

	event_del(r->deadline);
	if (r->what->pty)
		ssh_terminal_raw(&r->terminal);
	if (r->what->no_stdin)
		ssh_channel_end(r->channel);
	else
		wait_for_input(r);
}

static int
signal_number(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} names[] = { { "ABRT", SIGABRT }, { "ALRM", SIGALRM },
		{ "FPE", SIGFPE }, { "HUP", SIGHUP }, { "ILL", SIGILL },
		{ "INT", SIGINT }, { "KILL", SIGKILL }, { "PIPE", SIGPIPE },
		{ "QUIT", SIGQUIT }, { "SEGV", SIGSEGV }, { "TERM", SIGTERM },
		{ "USR1", SIGUSR1 }, { "USR2", SIGUSR2 } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].number;
	return 0;
}

static void
on_closed(void *arg, const struct ssh_exit *how)
{
	struct remote *r = arg;
	int number = signal_number(how->signal);

	if (how->signal[0] == '\0' && !how->known) {
		leave(r,
		    err_set(r->e, ERR_NETWORK,
			"the server has not told how the command ended"));
		return;
	}
	r->ending->told = true;
	memcpy(r->ending->signal, how->signal, sizeof(how->signal));
	r->ending->status = how->signal[0] == '\0' ? how->status
	    : number != 0                          ? 128 + number
						   : 255;
	leave(r, 0);
}

static void
on_failed(void *arg, const struct err *e)
{
	struct remote *r = arg;

	if (r->over)
		return;
	if (r->e != NULL)
		*r->e = *e;
	leave(r, (int)e->code);
}

static void
on_refused(void *arg, const char *what)
{
	struct remote *r = arg;

	if (r->what->say == NULL)
		return;
	if (strcmp(what, "pty") == 0)
		r->what->say(
		    r->what->arg, "the server gives no terminal (pty)");
	else if (strcmp(what, "agent") == 0)
		r->what->say(
		    r->what->arg, "the server refuses agent forwarding");
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct remote *r = arg;

	(void)fd, (void)what;
	leave(r,
	    err_set(r->e, ERR_NETWORK,
		"the server does not start the session within %u seconds",
		r->what->seconds));
}

static void
resize(struct remote *r)
{
	struct ssh_window window;

	if (!r->what->pty || r->over)
		return;
	ssh_terminal_window(&r->terminal, &window);
	if (window.columns != 0)
		ssh_channel_resize(r->channel, &window);
}

/* What SIGTSTP does by itself, with the terminal as the user knows it. */
static void
suspend(struct remote *r)
{
	struct event *stop = NULL;
	bool was_raw = r->terminal.raw;

	for (size_t i = 0; i < SIGNALS; i++)
		if (signals[i] == SIGTSTP)
			stop = r->signal_events[i];
	ssh_terminal_restore(&r->terminal);
	if (stop != NULL)
		event_del(stop);
	kill(getpid(), SIGTSTP);
	if (stop != NULL)
		event_add(stop, NULL);
	if (was_raw)
		ssh_terminal_raw(&r->terminal);
	resize(r);
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
	struct remote *r = arg;

	(void)what;
	if (number == SIGWINCH) {
		resize(r);
	} else if (number == SIGTSTP) {
		suspend(r);
	} else if (number == SIGCONT) {
		if (r->terminal.raw)
			ssh_terminal_raw(&r->terminal);
		resize(r);
	} else {
		r->over = true;
		r->result = err_set(
		    r->e, ERR_INTERRUPTED, "ended by signal %d", (int)number);
		ssh_loop_stop(r->loop);
	}
}

static void
act(struct remote *r, enum ssh_escape_action action)
{
	static const char bye[] = "~.\r\n", pause[] = "~^Z\r\n";

	switch (action) {
	case ESCAPE_HANG_UP:
		ssh_sink_put(&r->sinks[SSH_ERR], bye, sizeof(bye) - 1);
		r->ending->hung_up = true;
		r->ending->status = 255;
		r->over = true;
		ssh_loop_stop(r->loop);
		break;
	case ESCAPE_HELP:
		ssh_sink_put(&r->sinks[SSH_ERR], ssh_escape_help,
		    strlen(ssh_escape_help));
		break;
	case ESCAPE_SUSPEND:
		ssh_sink_put(&r->sinks[SSH_ERR], pause, sizeof(pause) - 1);
		suspend(r);
		break;
	case ESCAPE_NONE:
		break;
	}
}

static void
send_on(struct remote *r, const uint8_t *bytes, size_t len)
{
	r->ending->bytes_out += len;
	ssh_channel_write(r->channel, bytes, len);
}

/* What the user types may be more than what goes to the server, never less. */
static void
take_input(struct remote *r, const uint8_t *bytes, size_t len)
{
	enum ssh_escape_action action;
	struct buf out = BUF_INIT;

	while (len > 0 && !r->over) {
		size_t n =
		    ssh_escape_feed(&r->escape, bytes, len, &out, &action);

		send_on(r, out.data, out.len);
		buf_clear(&out);
		act(r, action);
		bytes += n;
		len -= n;
	}
	buf_free(&out);
}

static void
on_input(evutil_socket_t fd, short what, void *arg)
{
	struct remote *r = arg;
	size_t room = ssh_channel_room(r->channel);
	ssize_t n;

	(void)what;
	if (room == 0 || r->over)
		return;
	n = read(fd, r->bytes, room < INPUT_SIZE ? room : INPUT_SIZE);
	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR)) {
		ssh_channel_end(r->channel);
		return;
	}
	if (n > 0 && r->escape.enabled)
		take_input(r, r->bytes, (size_t)n);
	else if (n > 0)
		send_on(r, r->bytes, (size_t)n);
	wait_for_input(r);
}

static bool
ignored(int number)
{
	struct sigaction sa;

	return sigaction(number, NULL, &sa) == 0 && sa.sa_handler == SIG_IGN;
}

static int
catch_signals(struct remote *r, struct err *e)
{
	struct event_base *base = ssh_loop_base(r->loop);

	for (size_t i = 0; i < SIGNALS; i++) {
		/* A stop without a terminal of ours needs nothing from us. */
		if (ignored(signals[i]) ||
		    (signals[i] == SIGTSTP &&
			!(r->what->pty && r->terminal.is_tty)))
			continue;
		r->signal_events[i] =
		    evsignal_new(base, signals[i], on_signal, r);
		if (r->signal_events[i] == NULL ||
		    event_add(r->signal_events[i], NULL) != 0)
			return err_set(e, ERR_NOMEM, "out of memory");
	}
	return 0;
}

static int
prepare(struct remote *r, struct err *e)
{
	int result;

	ssh_terminal_init(&r->terminal, STDIN_FILENO);
	r->escape.enabled =
	    r->what->escapes && r->what->pty && r->terminal.is_tty;
	for (int i = SSH_OUT; i <= SSH_ERR; i++) {
		result = ssh_sink_init(&r->sinks[i], r->loop,
		    i == SSH_OUT ? STDOUT_FILENO : STDERR_FILENO, on_sink, r,
		    e);
		if (result != 0)
			return result;
	}
	r->input = event_new(
	    ssh_loop_base(r->loop), STDIN_FILENO, EV_READ, on_input, r);
	r->deadline = evtimer_new(ssh_loop_base(r->loop), on_deadline, r);
	if (r->input == NULL || r->deadline == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	return catch_signals(r, e);
}

static int
run(struct remote *r, struct ssh_connection *c, struct err *e)
{
	static const struct ssh_channel_events events = {
		.opened = on_opened,
		.ready = on_ready,
		.data = on_data,
		.writable = on_writable,
		.closed = on_closed,
		.failed = on_failed,
		.refused = on_refused,
	};
	struct ssh_session_request request = {
		.command = r->what->command,
		.pty = r->what->pty,
		.term = r->what->term != NULL ? r->what->term : "",
		.env = r->what->env,
		.env_count = r->what->env_count,
		.agent = r->what->agent,
	};
	struct timeval seconds = { (time_t)r->what->seconds, 0 };
	struct buf modes = BUF_INIT;
	int result;

	if (r->what->seconds > 0)
		evtimer_add(r->deadline, &seconds);
	if (strlen(request.term) > TERM_MAX)
		request.term = "";
	ssh_terminal_modes(
	    &r->terminal, PTY_MAX - strlen(request.term), &modes);
	request.modes = modes.data;
	request.modes_len = modes.len;
	ssh_terminal_window(&r->terminal, &request.window);
	if ((result = ssh_channel_session(
		 c, &request, &events, r, &r->channel, e)) == 0)
		result = ssh_loop_run(r->loop, e);
	buf_free(&modes);
	return result != 0 ? result : r->result;
}

static void
clean_up(struct remote *r)
{
	ssh_terminal_restore(&r->terminal);
	ssh_channel_free(r->channel);
	if (r->input != NULL)
		event_free(r->input);
	if (r->deadline != NULL)
		event_free(r->deadline);
	for (size_t i = 0; i < SIGNALS; i++)
		if (r->signal_events[i] != NULL)
			event_free(r->signal_events[i]);
	ssh_sink_clear(&r->sinks[SSH_OUT]);
	ssh_sink_clear(&r->sinks[SSH_ERR]);
	explicit_bzero(r->bytes, sizeof(r->bytes));
}

int
ssh_remote_run(struct ssh_loop *l, struct ssh_connection *c,
    const struct ssh_remote *what, struct ssh_ending *ending, struct err *e)
{
	struct remote *r = calloc(1, sizeof(*r));
	struct sigaction ignore, pipe;
	int result;

	memset(ending, 0, sizeof(*ending));
	if (r == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	memset(&ignore, 0, sizeof(ignore));
	ignore.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &ignore, &pipe);
	r->loop = l;
	r->what = what;
	r->ending = ending;
	r->e = e;
	if ((result = prepare(r, e)) == 0)
		result = run(r, c, e);
	clean_up(r);
	sigaction(SIGPIPE, &pipe, NULL);
	free(r);
	return result;
}
