/* SPDX-License-Identifier: ISC */

/*
 * Finding, starting and unlocking the agent.  A lock file is held meanwhile, so
 * that of many commands at once one asks and the others find the work done.
 *
 * A new keeper is a child on a socketpair.  Only when the vault is unlocked it is
 * told to stay: it then binds the sockets, leaves the terminal, and is the agent.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "src/agent/client_internal.h"
#include "src/agent/control.h"
#include "src/agent/place.h"
#include "src/agent/role.h"
#include "src/agent/system.h"

extern char **environ;

static int
no_agent(struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "no agent is running");
}

/* Also when it does not accept, or does not read. */
static int
open_socket(const struct buf *path, int *fdp, struct err *e)
{
	const struct timeval soon = { CLIENT_SOON_MS / 1000, 0 };
	struct sockaddr_un un;
	pid_t pid;
	int fd;

	place_address(path, &un);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon)) ==
		-1) {
		int saved = errno;

		if (fd != -1)
			close(fd);
		return err_system(e, ERR_SYSTEM, saved, "no socket");
	}
	if (connect(fd, (const struct sockaddr *)&un, sizeof(un)) == -1) {
		int saved = errno;

		close(fd);
		if (saved == ENOENT || saved == ECONNREFUSED)
			return no_agent(e);
		if (saved == EAGAIN)
			return err_set(
			    e, ERR_FAILED, "the agent does not answer");
		return err_system(e, ERR_SYSTEM, saved,
		    "cannot reach the agent at '%s'", un.sun_path);
	}
	if (!system_peer_is_us(fd, &pid)) {
		close(fd);
		return err_set(e, ERR_UNTRUSTED,
		    "the agent at '%s' is another user's", un.sun_path);
	}
	*fdp = fd;
	return 0;
}

/* 'same': it has our vault. */
static int
say_hello(struct client *c, bool *same, struct err *e)
{
	struct buf b = BUF_INIT;
	const struct client_call hello = { .type = CONTROL_HELLO,
		.body = &b,
		.fd = -1,
		.limit_ms = CLIENT_SOON_MS };
	uint32_t version;
	struct wire w;
	int r;

	buf_put_u32(&b, CONTROL_VERSION);
	buf_put_cstring(&b, (const char *)c->path.data);
	buf_put_cstring(&b, (const char *)c->seen.data);
	r = client_ask(c, &hello, &w, e);
	buf_free(&b);
	if (r == ERR_NOT_FOUND) /* that would mean that none is there */
		r = e != NULL ? (int)(e->code = ERR_FAILED) : ERR_FAILED;
	if (r != 0)
		return r;
	version = wire_u32(&w);
	(void)wire_u32(&w); /* its process */
	c->unlocked = wire_u8(&w) != 0;
	*same = wire_u8(&w) != 0;
	if (version != CONTROL_VERSION) {
		err_set(
		    e, ERR_FAILED, "the agent that runs is of another version");
		err_hint(e, "pemkeep agent --stop");
		return ERR_FAILED;
	}
	return wire_done(&w) ? 0 : client_nonsense(e);
}

/* ERR_NOT_FOUND also when there is no folder yet. */
static int
connect_agent(struct client *c, struct err *e)
{
	struct place place;
	int r;

	if ((r = place_find(&place, false, e)) != 0)
		return r == ERR_NOT_FOUND ? no_agent(e) : r;
	r = open_socket(&place.control, &c->fd, e);
	place_free(&place);
	return r;
}

/*
 * An agent that was told to end takes its sockets away a moment later; who comes
 * in between is hung up on, and finds none when he looks again.
 */
static int
greet(struct client *c, bool *same, struct err *e)
{
	const struct timespec pause = { 0, 20000000 };
	int r;

	for (int tries = 50;; tries--) {
		c->gone = false;
		if ((r = connect_agent(c, e)) != 0 ||
		    (r = say_hello(c, same, e)) == 0 || !c->gone || tries == 0)
			return r;
		(void)nanosleep(&pause, NULL);
	}
}

int
client_attach(struct client *c, struct err *e)
{
	bool same = false;
	int r;

	if (c->fd != -1)
		return 0;
	if ((r = greet(c, &same, e)) != 0 || !same)
		client_hang_up(c);
	if (r != 0 || same)
		return r;
	c->other = true;
	return no_agent(e);
}

static int
spawn_keeper(int sock, struct err *e)
{
	char *const argv[] = { "pemkeep", ROLE_KEEPER, NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int r;

	if ((r = posix_spawn_file_actions_init(&actions)) == 0) {
		r = posix_spawn_file_actions_adddup2(&actions, sock, ROLE_FD);
		if (r == 0)
			r = posix_spawn(
			    &pid, system_self(), &actions, NULL, argv, environ);
		posix_spawn_file_actions_destroy(&actions);
	}
	if (r != 0)
		return err_system(e, ERR_SYSTEM, r, "cannot start the agent");
	return 0;
}

static int
start_keeper(struct client *c, struct err *e)
{
	bool same = false;
	int ends[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == -1)
		return err_system(e, ERR_SYSTEM, errno, "no socketpair");
	if (ends[1] == ROLE_FD) { /* dup2 would leave it close-on-exec */
		ends[1] = fcntl(ends[1], F_DUPFD_CLOEXEC, ROLE_FD + 1);
		close(ROLE_FD);
		if (ends[1] == -1) {
			close(ends[0]);
			return err_system(e, ERR_SYSTEM, errno, "no socket");
		}
	}
	r = spawn_keeper(ends[1], e);
	close(ends[1]);
	if (r != 0) {
		close(ends[0]);
		return r;
	}
	c->fd = ends[0];
	if ((r = say_hello(c, &same, e)) == 0)
		return 0;
	client_hang_up(c);
	return r;
}

int
client_start(struct client *c, struct err *e)
{
	int r = ERR_NOT_FOUND;

	if (c->fd != -1)
		return 0;
	if (!c->options.no_agent && !c->other)
		r = client_attach(c, e);
	if (r != ERR_NOT_FOUND)
		return r;
	if ((r = start_keeper(c, e)) == 0)
		c->own = true;
	return r;
}

/* Held until the descriptor is closed; *fdp is -1 where there is no need. */
static int
take_lock(struct client *c, int *fdp, struct err *e)
{
	struct place place;
	int fd, r;

	*fdp = -1;
	if (c->options.no_agent)
		return 0;
	if ((r = place_find(&place, true, e)) != 0)
		return r;
	fd = open((const char *)place.lock.data,
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1 || fchmod(fd, 0600) == -1)
		r = err_system(e, ERR_SYSTEM, errno, "cannot open '%s'",
		    (const char *)place.lock.data);
	while (r == 0 && flock(fd, LOCK_EX) == -1)
		if (errno != EINTR)
			r = err_system(e, ERR_SYSTEM, errno, "cannot lock '%s'",
			    (const char *)place.lock.data);
	place_free(&place);
	if (r != 0 && fd != -1)
		close(fd);
	else
		*fdp = fd;
	return r;
}

/* A keeper that was started for one command becomes the agent of all. */
static int
stay(struct client *c, struct err *e)
{
	struct err why;
	int r;

	if (!c->own || c->options.no_agent || c->other)
		return 0;
	r = client_simple(c, CONTROL_STAY, NULL, &why);
	if (r == 0)
		c->own = false;
	if (r == 0 || r == ERR_EXISTS) /* somebody was faster; go on alone */
		return 0;
	if (e != NULL)
		*e = why;
	return r;
}

/* What is to be done under the lock, with a keeper that then stays. */
typedef int beginning(struct client *c, const unsigned *numbers, struct err *e);

static int
begin(struct client *c, beginning *what, const unsigned *numbers, struct err *e)
{
	int lock, r;

	if ((r = take_lock(c, &lock, e)) != 0)
		return r;
	if (c->fd != -1 && !c->own)
		client_hang_up(c); /* to hear what has changed meanwhile */
	if ((r = client_start(c, e)) == 0 &&
	    (what == NULL || (r = what(c, numbers, e)) == 0))
		r = stay(c, e);
	if (lock != -1)
		close(lock);
	return r;
}

static bool
must_verify(const struct client *c)
{
	return c->options.passphrase.fd != -1 && !c->verified;
}

static int
unlock(struct client *c, const unsigned *seconds, struct err *e)
{
	bool again = must_verify(c);
	struct buf b = BUF_INIT;
	int r;

	if (c->unlocked && !again && *seconds == 0)
		return 0;
	buf_put_u8(&b, again);
	buf_put_u32(&b, *seconds);
	if ((r = client_simple(c, CONTROL_UNLOCK, &b, e)) != 0)
		return r;
	c->unlocked = true;
	c->verified = c->verified || again;
	return 0;
}

/*
 * A passphrase that others can read is one, whether it is needed just now or not;
 * and a file that cannot be read will be missed when it is.
 */
static void
look_at_source(struct client *c)
{
	struct err e;

	if (!c->asked && passphrase_check(&c->options.passphrase, &e) != 0 &&
	    c->options.warn != NULL)
		c->options.warn(c->options.arg, e.text, e.hint);
	c->asked = true;
}

int
client_unlock(struct client *c, unsigned seconds, struct err *e)
{
	int r;

	if (c->fd == -1 && !c->options.no_agent && !c->other &&
	    (r = client_attach(c, e)) != 0 && r != ERR_NOT_FOUND)
		return r;
	if ((c->fd == -1 || !c->unlocked || seconds != 0 || must_verify(c)) &&
	    (r = begin(c, unlock, &seconds, e)) != 0)
		return r;
	look_at_source(c);
	return 0;
}

static int
init(struct client *c, const unsigned *cost, struct err *e)
{
	struct buf b = BUF_INIT;
	int r;

	buf_put_u32(&b, cost[0]);
	buf_put_u32(&b, cost[1]);
	if ((r = client_simple(c, CONTROL_INIT, &b, e)) == 0)
		c->unlocked = c->verified = true;
	return r;
}

int
client_init(struct client *c, unsigned memory, unsigned passes, struct err *e)
{
	return begin(c, init, (const unsigned[]){ memory, passes }, e);
}

static int
get_status(struct client *c, struct client_status *status, struct err *e)
{
	const struct client_call call = {
		.type = CONTROL_STATUS, .fd = -1, .limit_ms = CLIENT_SOON_MS
	};
	const uint8_t *path;
	struct wire w;
	size_t len;
	int r;

	if ((r = client_ask(c, &call, &w, e)) != 0)
		return r;
	memset(status, 0, sizeof(*status));
	status->pid = wire_u32(&w);
	status->unlocked = wire_u8(&w) != 0;
	status->keys = wire_u32(&w);
	status->seconds_left = wire_u32(&w);
	switch (wire_u8(&w)) {
	case 0:
		status->memory = MEMORY_NOT_LOCKED;
		break;
	case 1:
		status->memory = MEMORY_LOCKED;
		break;
	default:
		status->memory = MEMORY_UNKNOWN;
		break;
	}
	path = wire_string(&w, &len);
	if (!wire_done(&w) || len >= sizeof(status->ssh))
		return client_nonsense(e);
	memcpy(status->ssh, path, len);
	return 0;
}

int
client_agent(struct client *c, struct client_status *status, struct err *e)
{
	bool other;
	int r;

	/* Whatever vault it has: there is one ssh.sock. */
	if ((r = client_status(c, status, e)) != ERR_NOT_FOUND)
		return r;
	client_hang_up(c);
	if ((r = begin(c, NULL, NULL, e)) != 0)
		return r;
	other = c->other;
	if (other)
		client_hang_up(c);
	return other ? client_status(c, status, e) : get_status(c, status, e);
}

/* To an agent, whatever vault it has, and without starting one. */
static int
greet_any(struct client *c, struct err *e)
{
	bool same;

	if (c->fd != -1 && !c->own)
		return 0;
	client_hang_up(c);
	return greet(c, &same, e);
}

int
client_status(struct client *c, struct client_status *status, struct err *e)
{
	int r = greet_any(c, e);

	return r != 0 ? r : get_status(c, status, e);
}

int
client_lock(struct client *c, struct err *e)
{
	int r = greet_any(c, e);

	return r != 0 ? r : client_simple(c, CONTROL_LOCK, NULL, e);
}

/* Without a greeting: it may be of another version. */
int
client_stop(struct client *c, struct err *e)
{
	const struct client_call call = {
		.type = CONTROL_STOP, .fd = -1, .limit_ms = CLIENT_SOON_MS
	};
	struct pollfd end = { .events = POLLIN };
	struct wire w;
	int r;

	client_hang_up(c);
	if ((r = connect_agent(c, e)) != 0 ||
	    (r = client_ask(c, &call, &w, e)) != 0)
		return r;
	end.fd = c->fd; /* it hangs up when it has wiped everything */
	while ((r = poll(&end, 1, CLIENT_SOON_MS)) == -1 && errno == EINTR)
		continue;
	if (r == 0)
		return client_silent(c, e);
	client_hang_up(c);
	return 0;
}
