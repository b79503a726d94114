/* SPDX-License-Identifier: ISC */

/*
 * The life of the agent: its sockets, its clock, its end.  Time is CLOCK_BOOTTIME
 * looked at on every request and every few seconds: a timer of the event loop
 * would not count a suspend.
 */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

#include "vault/secret.h"

#include "src/agent/child.h"
#include "src/agent/opening.h"
#include "src/agent/server.h"
#include "src/agent/system.h"

#define TICK_MS 2000
#define BACKLOG 128
#define FIRST_WAIT_MS 100u
#define LONGEST_WAIT_MS 10000u

uint64_t
guesses_wait_ms(const struct guesses *g)
{
	uint64_t now = system_now_ms();

	return g->not_before_ms > now ? g->not_before_ms - now : 0;
}

void
guesses_wrong(struct guesses *g)
{
	uint64_t wait = LONGEST_WAIT_MS;

	if (g->wrong < 7)
		wait = FIRST_WAIT_MS << g->wrong;
	if (wait > LONGEST_WAIT_MS)
		wait = LONGEST_WAIT_MS;
	g->wrong++;
	g->not_before_ms = system_now_ms() + wait;
}

void
guesses_right(struct guesses *g)
{
	memset(g, 0, sizeof(*g));
}

void
server_stop(struct server *s)
{
	event_base_loopbreak(s->base);
}

void
server_for(struct server *s, struct conn *c)
{
	s->now = c;
	keeper_for(s->keeper, c != NULL ? &c->asker : NULL);
}

/*
 * A request that waits for a child is looked at again, and finds the vault
 * locked.
 */
static void
forget_all(struct server *s)
{
	keeper_lock(s->keeper);
	for (struct conn *c = s->conns; c != NULL; c = c->next) {
		conn_forget(c);
		if (c->child != NULL) {
			child_cancel(c->child);
			c->child = NULL;
			conn_later(c, 0);
		}
	}
}

void
server_lock(struct server *s)
{
	s->unlocking.revoked = true;
	forget_all(s);
}

void
server_used(struct server *s)
{
	s->used_ms = system_now_ms();
}

void
server_check_time(struct server *s)
{
	if (!keeper_locked(s->keeper) && s->unlocking.opening == NULL &&
	    system_now_ms() - s->used_ms >= s->idle_ms)
		server_lock(s);
}

int
server_refresh(struct server *s, struct err *e)
{
	bool locked = keeper_locked(s->keeper);
	int r = keeper_refresh(s->keeper, e);

	/* A passphrase that is being tried is for what lies there now. */
	if (r != 0 && !locked)
		forget_all(s);
	return r;
}

/* Is the socket that we listen on still the one that has the name? */
static bool
still_there(const struct listener *l, const struct buf *path)
{
	struct stat st;

	return lstat((const char *)path->data, &st) == 0 &&
	    st.st_dev == l->dev && st.st_ino == l->ino;
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;

	(void)fd;
	(void)what;
	server_check_time(s);
	keeper_cool(s->keeper);
	/* logind removes the folder when the user has logged out. */
	if (s->staying &&
	    (!still_there(&s->control, &s->place.control) ||
		!still_there(&s->ssh, &s->place.ssh)))
		server_stop(s);
	if (s->control.ready != NULL) {
		event_add(s->control.ready, NULL);
		event_add(s->ssh.ready, NULL);
	}
}

static void
on_signal(evutil_socket_t signo, short what, void *arg)
{
	struct server *s = arg;

	(void)what;
	if (signo == SIGCHLD)
		child_reap(s);
	else
		server_stop(s);
}

static bool
add_signals(struct server *s)
{
	static const int list[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT };

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		s->signals[i] = evsignal_new(s->base, list[i], on_signal, s);
		if (s->signals[i] == NULL ||
		    event_add(s->signals[i], NULL) != 0)
			return false;
	}
	return true;
}

/* Many idle clients are no reason to refuse one more. */
static void
raise_limit(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		rlim_t wanted = SERVER_CONNS_MAX + 64;

		if (files.rlim_max < wanted)
			wanted = files.rlim_max;
		if (files.rlim_cur < wanted) {
			files.rlim_cur = wanted;
			(void)setrlimit(RLIMIT_NOFILE, &files);
		}
	}
}

static bool
add_clock(struct server *s)
{
	struct timeval tv = { TICK_MS / 1000, TICK_MS % 1000 * 1000 };

	s->tick = event_new(s->base, -1, EV_PERSIST, on_tick, s);
	return s->tick != NULL && event_add(s->tick, &tv) == 0;
}

int
server_new(struct server **sp, struct err *e)
{
	struct keeper_options options = { .warn = control_warning };
	struct server *s = calloc(1, sizeof(*s));
	int r = 0;

	*sp = NULL;
	if (s == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	s->control.fd = s->ssh.fd = -1;
	s->idle_ms = SERVER_IDLE_MS;
	raise_limit();
	options.arg = s;
	if ((s->base = event_base_new()) == NULL || !add_clock(s) ||
	    !add_signals(s))
		r = err_set(e, ERR_FAILED, "the event loop cannot be started");
	else
		r = keeper_new(&options, &s->keeper, e);
	if (r == 0)
		*sp = s;
	else
		server_free(s);
	return r;
}

static void
close_listener(struct listener *l, const struct buf *path)
{
	if (l->fd == -1)
		return;
	if (still_there(l, path))
		unlink((const char *)path->data);
	if (l->ready != NULL)
		event_free(l->ready);
	close(l->fd);
	l->fd = -1;
}

void
server_free(struct server *s)
{
	if (s == NULL)
		return;
	close_listener(&s->control, &s->place.control);
	close_listener(&s->ssh, &s->place.ssh);
	opening_free(s->unlocking.opening);
	keeper_free(s->keeper);
	while (s->conns != NULL)
		conn_free(s->conns);
	child_free_all(s);
	secret_free(s->ssh_lock);
	secret_free(s->loaded);
	buf_free(&s->loaded_blob);
	for (size_t i = 0; s->environment != NULL && s->environment[i] != NULL;
	     i++)
		free(s->environment[i]);
	free(s->environment);
	if (s->tick != NULL)
		event_free(s->tick);
	for (size_t i = 0; i < sizeof(s->signals) / sizeof(s->signals[0]); i++)
		if (s->signals[i] != NULL)
			event_free(s->signals[i]);
	if (s->base != NULL)
		event_base_free(s->base);
	place_free(&s->place);
	free(s);
}

int
server_adopt(struct server *s, int fd, struct err *e)
{
	struct conn *c = conn_new(s, CONN_CONTROL, fd);
	pid_t pid;

	if (c == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	(void)system_peer_is_us(fd, &pid);
	c->asker.pid = pid;
	s->first = c;
	return 0;
}

static void
accept_one(struct server *s, struct listener *l, enum conn_kind kind)
{
	int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct conn *c;
	pid_t pid;

	if (fd == -1) {
		/* No descriptor is left: the tick begins again. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
		    errno == ENOBUFS)
			event_del(l->ready);
		return;
	}
	if (!system_peer_is_us(fd, &pid) || s->conn_count >= SERVER_CONNS_MAX)
		close(fd);
	else if ((c = conn_new(s, kind, fd)) != NULL)
		c->asker.pid = pid;
}

static void
on_control(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;

	(void)fd;
	(void)what;
	accept_one(s, &s->control, CONN_CONTROL);
}

static void
on_ssh(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;

	(void)fd;
	(void)what;
	accept_one(s, &s->ssh, CONN_SSH);
}

/* Is somebody listening there? */
static bool
alive(const struct sockaddr_un *un)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool yes;

	if (fd == -1)
		return false;
	yes = connect(fd, (const struct sockaddr *)un, sizeof(*un)) == 0 ||
	    errno == EAGAIN;
	close(fd);
	return yes;
}

static int
listen_at(struct listener *l, const struct buf *path, struct err *e)
{
	struct sockaddr_un un;
	struct stat st;

	place_address(path, &un);
	if (alive(&un)) {
		err_set(e, ERR_EXISTS, "an agent is running already");
		err_hint(e, "pemkeep agent --status");
		return ERR_EXISTS;
	}
	if (unlink(un.sun_path) == -1 && errno != ENOENT)
		return err_system(e, ERR_SYSTEM, errno,
		    "'%s' is in the way of the agent's socket", un.sun_path);
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd == -1 ||
	    bind(l->fd, (const struct sockaddr *)&un, sizeof(un)) == -1 ||
	    listen(l->fd, BACKLOG) == -1 || lstat(un.sun_path, &st) == -1) {
		err_system(e, ERR_SYSTEM, errno, "cannot make the socket '%s'",
		    un.sun_path);
		if (l->fd != -1)
			close(l->fd);
		l->fd = -1;
		return ERR_SYSTEM;
	}
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	return 0;
}

int
server_listen(struct server *s, struct err *e)
{
	int r;

	umask(0177);
	if ((s->place.folder.len == 0 &&
		(r = place_find(&s->place, true, e)) != 0) ||
	    (r = listen_at(&s->control, &s->place.control, e)) != 0 ||
	    (r = listen_at(&s->ssh, &s->place.ssh, e)) != 0) {
		close_listener(&s->control, &s->place.control);
		return r;
	}
	s->control.ready = event_new(
	    s->base, s->control.fd, EV_READ | EV_PERSIST, on_control, s);
	s->ssh.ready =
	    event_new(s->base, s->ssh.fd, EV_READ | EV_PERSIST, on_ssh, s);
	if (s->control.ready == NULL || s->ssh.ready == NULL ||
	    event_add(s->control.ready, NULL) != 0 ||
	    event_add(s->ssh.ready, NULL) != 0)
		return err_set(e, ERR_NOMEM, "out of memory");
	s->staying = true;
	return 0;
}

int
server_run(struct server *s)
{
	int r = event_base_dispatch(s->base) == -1 ? ERR_FAILED : 0;

	if (s->staying)
		server_lock(s); /* also in the log */
	return r;
}
