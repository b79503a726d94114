/* SPDX-License-Identifier: ISC */
/*
 * The program's end is what counts, not that of its pipes: a child of its own
 * may hold them open for ever.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pemkeep/base/clock.h"

#include "src/aws/credentials_internal.h"
#include "src/aws/program.h"

#define TICK_MS 50
#define PIECE 4096

extern char **environ;

enum { OUTPUT, ERRORS, PIPES };

struct run {
	struct program *p;
	pid_t pid;
	int fd[PIPES]; /* -1: at its end */
	struct buf errors;
};

static int
spawn(struct run *run, const int ends[PIPES])
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, usual;
	int r;

	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	sigaddset(&usual, SIGINT);
	sigaddset(&usual, SIGQUIT);
	sigaddset(&usual, SIGTERM);
	if (posix_spawn_file_actions_init(&actions) != 0)
		return ENOMEM;
	if (posix_spawnattr_init(&attr) != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return ENOMEM;
	}
	r = posix_spawn_file_actions_adddup2(&actions, ends[OUTPUT], 1);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, ends[ERRORS], 2);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	if (r == 0)
		r = posix_spawnattr_setflags(
		    &attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (r == 0)
		r = posix_spawnattr_setsigmask(&attr, &none);
	if (r == 0)
		r = posix_spawnattr_setsigdefault(&attr, &usual);
	if (r == 0)
		r = posix_spawnp(&run->pid, run->p->argv[0], &actions, &attr,
		    run->p->argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

/* 0, or errno. */
static int
start(struct run *run)
{
	int ends[PIPES] = { -1, -1 }, pair[2], r = 0;

	for (int i = 0; i < PIPES && r == 0; i++) {
		if (pipe2(pair, O_CLOEXEC) == -1) {
			r = errno;
			break;
		}
		run->fd[i] = pair[0];
		ends[i] = pair[1];
		if (fcntl(pair[0], F_SETFL, O_NONBLOCK) == -1)
			r = errno;
	}
	if (r == 0)
		r = spawn(run, ends);
	for (int i = 0; i < PIPES; i++)
		if (ends[i] != -1)
			close(ends[i]);
	return r;
}

static void
close_pipe(struct run *run, int which)
{
	if (run->fd[which] != -1)
		close(run->fd[which]);
	run->fd[which] = -1;
}

/* What is there.  Of standard error only the end is kept. */
static void
drain(struct run *run, int which)
{
	struct buf *to = which == OUTPUT ? &run->p->output : &run->errors;
	uint8_t bytes[PIECE];
	ssize_t n;

	while (run->fd[which] != -1) {
		n = read(run->fd[which], bytes, sizeof(bytes));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			break;
		if (n <= 0)
			close_pipe(run, which);
		else
			buf_put(to, bytes, (size_t)n);
		if (which == OUTPUT && to->len > PROGRAM_OUTPUT_MAX)
			break;
		if (which == ERRORS && to->len > PROGRAM_OUTPUT_MAX)
			buf_clear(to);
	}
	explicit_bzero(bytes, sizeof(bytes));
}

static bool
has_ended(struct run *run, int *status)
{
	pid_t got;

	while (
	    (got = waitpid(run->pid, status, WNOHANG)) == -1 && errno == EINTR)
		continue;
	if (got == -1)
		*status = 0x7F00; /* somebody else has reaped it */
	return got != 0;
}

static void
stop(struct run *run, enum program_end end)
{
	int status;

	run->p->end = end;
	kill(run->pid, SIGKILL);
	while (waitpid(run->pid, &status, 0) == -1 && errno == EINTR)
		continue;
}

static void
judge(struct program *p, int status)
{
	if (p->output.len > PROGRAM_OUTPUT_MAX) {
		p->end = PROGRAM_TOO_MUCH;
	} else if (WIFEXITED(status)) {
		p->status = WEXITSTATUS(status);
		p->end = p->status == 0 ? PROGRAM_DONE : PROGRAM_FAILED;
	} else {
		p->status = WTERMSIG(status);
		p->end =
		    p->status == SIGINT ? PROGRAM_INTERRUPTED : PROGRAM_KILLED;
	}
}

/* Until it has ended, by itself or not. */
static void
watch(struct run *run)
{
	int64_t limit = clock_ms() + run->p->limit_ms;
	struct pollfd fds[PIPES];
	struct program *p = run->p;
	int status = 0;
	bool ended;

	for (;;) {
		for (int i = 0; i < PIPES; i++)
			fds[i] = (struct pollfd){ run->fd[i], POLLIN, 0 };
		(void)poll(fds, PIPES,
		    run->fd[OUTPUT] == -1 && run->fd[ERRORS] == -1 ? 1
								   : TICK_MS);
		ended = has_ended(run, &status);
		for (int i = 0; i < PIPES; i++)
			drain(run, i);
		if (ended) {
			judge(p, status);
			return;
		}
		if (p->output.len > PROGRAM_OUTPUT_MAX) {
			stop(run, PROGRAM_TOO_MUCH);
			return;
		}
		if (clock_ms() >= limit) {
			stop(run, PROGRAM_TOO_LONG);
			return;
		}
		if (p->interrupted != NULL && p->interrupted(p->arg)) {
			stop(run, PROGRAM_INTERRUPTED);
			return;
		}
	}
}

/* Its last lines, with "; " between them, as far as they fit. */
static void
keep_errors(struct run *run)
{
	const char *at = (const char *)run->errors.data, *text;
	struct program *p = run->p;
	struct buf b = BUF_INIT;
	size_t skip;

	for (size_t left = run->errors.len; left > 0; at++, left--) {
		if (*at != '\n' && *at != '\r' && *at != '\0')
			buf_put_u8(&b, (uint8_t)*at);
		else if (b.len > 0 && b.data[b.len - 1] != ' ')
			buf_put_text(&b, "; ");
	}
	if (!buf_ok(&b))
		buf_clear(&b);
	while (b.len > 0 && strchr("; ", b.data[b.len - 1]) != NULL)
		b.len--;
	text = buf_text(&b);
	skip = b.len < sizeof(p->said) ? 0 : b.len - sizeof(p->said) + 1;
	while (((unsigned char)text[skip] & 0xC0) == 0x80)
		skip++;
	memcpy(p->said, text + skip, b.len - skip + 1);
	buf_free(&b);
}

void
program_run(struct program *p)
{
	struct run run = { .p = p, .fd = { -1, -1 }, .errors = BUF_INIT };

	keys_room(&p->output, PROGRAM_OUTPUT_MAX + PIECE);
	p->said[0] = '\0';
	p->status = start(&run);
	if (p->status != 0) {
		p->end = PROGRAM_NOT_STARTED;
	} else {
		watch(&run);
		keep_errors(&run);
	}
	for (int i = 0; i < PIPES; i++)
		close_pipe(&run, i);
	buf_free(&run.errors);
}
