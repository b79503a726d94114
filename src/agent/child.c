/* SPDX-License-Identifier: ISC */

/*
 * Children: started without a shell and with the descriptors they need, watched
 * by the event loop, killed when they take too long.  What they say is read into
 * guarded memory, since it may be a private key.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "pemkeep/base/err.h"
#include "vault/secret.h"

#include "src/agent/child.h"
#include "src/agent/server.h"

struct child {
	struct child *next;
	pid_t pid;
	int output; /* what it writes, or -1 */
	struct secret *result;
	struct event *readable;
	struct event *limit;
	child_done *done; /* NULL: cancelled */
	void *arg;
};

static void
free_child(struct child *child)
{
	if (child->readable != NULL)
		event_free(child->readable);
	if (child->limit != NULL)
		event_free(child->limit);
	if (child->output != -1)
		close(child->output);
	secret_free(child->result);
	free(child);
}

void
child_cancel(struct child *child)
{
	if (child == NULL)
		return;
	child->done = NULL;
	secret_free(child->result);
	child->result = NULL;
	if (child->readable != NULL)
		event_del(child->readable);
	if (child->limit != NULL)
		event_del(child->limit);
	kill(child->pid, SIGKILL);
}

/* What is there; false at the end or when it is too much. */
static bool
read_result(struct child *child)
{
	struct secret *to = child->result;
	ssize_t n;

	for (;;) {
		size_t room = secret_capacity(to) - secret_len(to);

		if (room == 0)
			return false;
		n = read(child->output, secret_data(to) + secret_len(to), room);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == -1 && errno == EAGAIN;
		(void)secret_set_len(to, secret_len(to) + (size_t)n);
	}
}

static void
on_output(evutil_socket_t fd, short what, void *arg)
{
	struct child *child = arg;

	(void)fd;
	(void)what;
	if (!read_result(child))
		event_del(child->readable);
}

static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct child *child = arg;

	(void)fd;
	(void)what;
	kill(child->pid, SIGKILL); /* its end is told as that of any other */
}

static void
ended(struct child *child, int status)
{
	if (child->done != NULL) {
		if (child->result != NULL)
			(void)read_result(child);
		child->done(child->arg,
		    WIFEXITED(status) ? WEXITSTATUS(status) : -1,
		    child->result);
	}
	free_child(child);
}

void
child_reap(struct server *s)
{
	struct child **at = &s->children;

	while (*at != NULL) {
		struct child *child = *at;
		int status;
		pid_t got = waitpid(child->pid, &status, WNOHANG);

		if (got == 0 || (got == -1 && errno == EINTR)) {
			at = &child->next;
			continue;
		}
		*at = child->next;
		ended(child, got == child->pid ? status : SIGKILL);
		at = &s->children; /* the list may be another by now */
	}
}

void
child_free_all(struct server *s)
{
	while (s->children != NULL) {
		struct child *child = s->children;

		s->children = child->next;
		kill(child->pid, SIGKILL);
		free_child(child);
	}
}

/* Descriptors of the parent, above those that the child gets. */
struct ends {
	int input;
	int result[2];
	int say[2];
};

static int
raise_fd(int fd)
{
	int high;

	if (fd == -1 || fd > CHILD_SECRET_FD)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, CHILD_SECRET_FD + 1);
	close(fd);
	return high;
}

static bool
raised_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC) == -1) {
		ends[0] = ends[1] = -1;
		return false;
	}
	ends[0] = raise_fd(ends[0]);
	ends[1] = raise_fd(ends[1]);
	return ends[0] != -1 && ends[1] != -1;
}

static void
close_ends(struct ends *ends)
{
	int *const all[] = { &ends->input, &ends->result[0], &ends->result[1],
		&ends->say[0], &ends->say[1] };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (*all[i] != -1)
			close(*all[i]);
		*all[i] = -1;
	}
}

/* A passphrase fits into a pipe, so writing does not wait. */
static bool
open_ends(struct ends *ends, const struct child_plan *plan)
{
	*ends = (struct ends){ -1, { -1, -1 }, { -1, -1 } };
	ends->input = plan->input != -1
	    ? fcntl(plan->input, F_DUPFD_CLOEXEC, CHILD_SECRET_FD + 1)
	    : raise_fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
	if (ends->input == -1)
		return false;
	if (plan->result_max > 0 &&
	    (!raised_pipe(ends->result) ||
		fcntl(ends->result[0], F_SETFL, O_NONBLOCK) == -1))
		return false;
	if (plan->say == NULL)
		return true;
	return raised_pipe(ends->say) &&
	    write(ends->say[1], secret_bytes(plan->say),
		secret_len(plan->say)) == (ssize_t)secret_len(plan->say);
}

static int
add_actions(posix_spawn_file_actions_t *actions, const struct ends *ends)
{
	return posix_spawn_file_actions_adddup2(actions, ends->input, 0) != 0 ||
	    posix_spawn_file_actions_addopen(
		actions, 1, "/dev/null", O_WRONLY, 0) != 0 ||
	    posix_spawn_file_actions_addopen(
		actions, 2, "/dev/null", O_WRONLY, 0) != 0 ||
	    (ends->result[1] != -1
		    ? posix_spawn_file_actions_adddup2(
			  actions, ends->result[1], CHILD_RESULT_FD)
		    : posix_spawn_file_actions_addopen(actions, CHILD_RESULT_FD,
			  "/dev/null", O_WRONLY, 0)) != 0 ||
	    (ends->say[0] != -1
		    ? posix_spawn_file_actions_adddup2(
			  actions, ends->say[0], CHILD_SECRET_FD)
		    : posix_spawn_file_actions_addopen(actions, CHILD_SECRET_FD,
			  "/dev/null", O_RDONLY, 0)) != 0 ||
	    posix_spawn_file_actions_addclosefrom_np(
		actions, CHILD_SECRET_FD + 1) != 0;
}

static int
spawn(const struct child_plan *plan, const struct ends *ends, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, usual;
	int r;

	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	sigaddset(&usual, SIGCHLD);
	sigaddset(&usual, SIGTERM);
	sigaddset(&usual, SIGINT);
	sigaddset(&usual, SIGHUP);
	if (posix_spawn_file_actions_init(&actions) != 0)
		return ENOMEM;
	if (posix_spawnattr_init(&attr) != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return ENOMEM;
	}
	r = add_actions(&actions, ends) != 0 ||
	    posix_spawnattr_setflags(
		&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) != 0 ||
	    posix_spawnattr_setsigmask(&attr, &none) != 0 ||
	    posix_spawnattr_setsigdefault(&attr, &usual) != 0;
	r = r != 0 ? ENOMEM
		   : posix_spawn(pid, plan->path, &actions, &attr, plan->argv,
			 plan->environment);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

/* The events that watch it. */
static bool
watch(struct server *s, struct child *child, unsigned limit_ms)
{
	struct timeval tv = { limit_ms / 1000, limit_ms % 1000 * 1000 };

	child->limit = evtimer_new(s->base, on_limit, child);
	if (child->limit == NULL || evtimer_add(child->limit, &tv) != 0)
		return false;
	if (child->output == -1)
		return true;
	child->readable = event_new(
	    s->base, child->output, EV_READ | EV_PERSIST, on_output, child);
	return child->readable != NULL && event_add(child->readable, NULL) == 0;
}

static struct child *
new_child(const struct child_plan *plan)
{
	struct child *child = calloc(1, sizeof(*child));

	if (child == NULL)
		return NULL;
	child->output = -1;
	child->done = plan->done;
	child->arg = plan->arg;
	if (plan->result_max == 0 ||
	    (child->result = secret_new(plan->result_max)) != NULL)
		return child;
	free(child);
	return NULL;
}

int
child_start(struct server *s, const struct child_plan *plan,
    struct child **childp, struct err *e)
{
	struct child *child = new_child(plan);
	struct ends ends;
	int r;

	*childp = NULL;
	if (child == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	r = open_ends(&ends, plan) ? spawn(plan, &ends, &child->pid) : errno;
	if (r == 0) {
		child->output = ends.result[0];
		ends.result[0] = -1;
	}
	close_ends(&ends);
	if (r != 0) {
		free_child(child);
		return err_system(
		    e, ERR_SYSTEM, r, "cannot start '%s'", plan->path);
	}
	child->next = s->children;
	s->children = child;
	if (!watch(s, child, plan->limit_ms)) {
		child_cancel(child);
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	*childp = child;
	return 0;
}
