/* SPDX-License-Identifier: ISC */

/*
 * The asking process gets the connection, the source's descriptor, and a pipe to
 * say what went wrong.  While it asks, signals have to wait: it must first set the
 * terminal right.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "vault/secret.h"

#include "src/agent/ask.h"
#include "src/agent/control.h"
#include "src/agent/harden.h"
#include "src/agent/role.h"
#include "src/agent/system.h"

extern char **environ;

/* What a program needs to show a question on the user's screen. */
static const char *const screen[] = { "SSH_ASKPASS", "DISPLAY",
	"WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR",
	"DBUS_SESSION_BUS_ADDRESS", "HOME", "PATH", "LANG", "LC_ALL", "USER",
	"LOGNAME", "TMPDIR" };

#define SCREEN (sizeof(screen) / sizeof(screen[0]))

static bool
send_all(int fd, const uint8_t *at, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static void
put_environment(struct buf *b)
{
	struct buf list = BUF_INIT;
	uint32_t count = 0;

	for (size_t i = 0; i < SCREEN; i++) {
		const char *value = getenv(screen[i]);
		struct buf one = BUF_INIT;

		if (value == NULL || strlen(value) > 512)
			continue;
		buf_printf(&one, "%s=%s", screen[i], value);
		buf_put_string(&list, one.data, one.len);
		buf_free(&one);
		count++;
	}
	buf_put_u32(b, count);
	buf_put(b, list.data, list.len);
	if (!buf_ok(&list))
		b->failed = true;
	buf_free(&list);
}

/* A PASSPHRASE message, in three pieces: the middle one is the secret. */
static int
send_passphrase(
    int fd, enum passphrase_for what, const struct secret *pass, struct err *e)
{
	struct buf head = BUF_INIT, tail = BUF_INIT;
	size_t len = secret_len(pass);
	int r = 0;

	put_environment(&tail);
	buf_put_u32(&head, (uint32_t)(1 + 1 + 4 + len + tail.len));
	buf_put_u8(&head, CONTROL_PASSPHRASE);
	buf_put_u8(&head, (uint8_t)what);
	buf_put_u32(&head, (uint32_t)len);
	if (!buf_ok(&head) || !buf_ok(&tail))
		r = err_set(e, ERR_NOMEM, "out of memory");
	else if (!send_all(fd, head.data, head.len) ||
	    !send_all(fd, secret_bytes(pass), len) ||
	    !send_all(fd, tail.data, tail.len))
		r = err_set(e, ERR_FAILED, "the agent is gone");
	buf_free(&head);
	buf_free(&tail);
	return r;
}

enum {
	ARG_CONNECTION,
	ARG_REPORT,
	ARG_SOURCE,
	ARG_NO_INPUT,
	ARG_WHAT,
	ARG_PROMPT,
	ARGS
};

static void
report(int fd, const struct err *e)
{
	if (write(fd, e, sizeof(*e)) == -1)
		return; /* then the exit status is all that is known */
}

int
ask_main(int argc, char **argv)
{
	const char *file = getenv("PEMKEEP_PASSPHRASE_FILE");
	struct passphrase_source source = { .fd = -1 };
	enum passphrase_for what;
	struct secret *pass = NULL;
	struct err e;
	int r;

	if (argc != ARGS)
		return 2;
	harden_process();
	/* It sets the terminal right before it ends. */
	system_end_with_parent(SIGTERM);
	memset(&e, 0, sizeof(e));
	source.fd = atoi(argv[ARG_SOURCE]);
	source.no_input = atoi(argv[ARG_NO_INPUT]) != 0;
	source.file = file != NULL && *file != '\0' ? file : NULL;
	what = (enum passphrase_for)atoi(argv[ARG_WHAT]);
	r = passphrase_get(&source, what, argv[ARG_PROMPT], &pass, &e);
	if (r == 0)
		r = send_passphrase(atoi(argv[ARG_CONNECTION]), what, pass, &e);
	secret_free(pass);
	if (r != 0)
		report(atoi(argv[ARG_REPORT]), &e);
	return r != 0;
}

/*
 * The terminal's signals go to the command, too, and others to the command alone.
 * What ends it is passed on, and has its way when the terminal is right again;
 * what stops it is left to the asker, and done after it.
 */
static const int ending[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };
static const int stopping[] = { SIGTSTP, SIGTTIN, SIGTTOU };

#define ENDING (sizeof(ending) / sizeof(ending[0]))
#define STOPPING (sizeof(stopping) / sizeof(stopping[0]))

/* A signal handler has no other place for what it knows, and for its news. */
static volatile sig_atomic_t asker;
static volatile sig_atomic_t arrived;

static void
on_signal(int signo)
{
	int saved = errno;

	arrived = signo;
	if (asker != 0)
		kill((pid_t)asker, signo);
	errno = saved;
}

struct signals {
	struct sigaction ending[ENDING];
	struct sigaction stopping[STOPPING];
	sigset_t mask;
	sigset_t usual; /* as the asker is to have them */
};

/* Those that end us are held until there is somebody to pass them on to. */
static void
take_signals(struct signals *old)
{
	struct sigaction pass, ignore;
	sigset_t held;

	memset(&pass, 0, sizeof(pass));
	memset(&ignore, 0, sizeof(ignore));
	sigemptyset(&pass.sa_mask);
	sigemptyset(&ignore.sa_mask);
	pass.sa_handler = on_signal;
	ignore.sa_handler = SIG_IGN;
	sigemptyset(&held);
	sigemptyset(&old->usual);
	for (size_t i = 0; i < ENDING; i++)
		sigaddset(&held, ending[i]);
	sigprocmask(SIG_BLOCK, &held, &old->mask);
	asker = arrived = 0;
	for (size_t i = 0; i < ENDING; i++) {
		sigaction(ending[i], &pass, &old->ending[i]);
		/* nohup(1) is to be respected, an ignored Ctrl-C not. */
		if ((ending[i] == SIGTERM || ending[i] == SIGHUP) &&
		    old->ending[i].sa_handler == SIG_IGN)
			sigaction(ending[i], &ignore, NULL);
		else
			sigaddset(&old->usual, ending[i]);
	}
	for (size_t i = 0; i < STOPPING; i++) {
		sigaction(stopping[i], &ignore, &old->stopping[i]);
		if (old->stopping[i].sa_handler != SIG_IGN)
			sigaddset(&old->usual, stopping[i]);
	}
}

static void
give_signals_back(const struct signals *old)
{
	asker = 0;
	for (size_t i = 0; i < ENDING; i++)
		sigaction(ending[i], &old->ending[i], NULL);
	for (size_t i = 0; i < STOPPING; i++)
		sigaction(stopping[i], &old->stopping[i], NULL);
	sigprocmask(SIG_SETMASK, &old->mask, NULL);
}

static int
spawn(char *const *argv, const int *inherit, size_t count,
    const struct signals *signals, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int r;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return ENOMEM;
	if (posix_spawnattr_init(&attr) != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return ENOMEM;
	}
	r = posix_spawnattr_setflags(
	    &attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	if (r == 0)
		r = posix_spawnattr_setsigdefault(&attr, &signals->usual);
	if (r == 0)
		r = posix_spawnattr_setsigmask(&attr, &signals->mask);
	/* Onto itself: that takes close-on-exec away. */
	for (size_t i = 0; i < count && r == 0; i++)
		if (inherit[i] != -1)
			r = posix_spawn_file_actions_adddup2(
			    &actions, inherit[i], inherit[i]);
	if (r == 0)
		r = posix_spawn(
		    pid, system_self(), &actions, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

/* As the asker has just done. */
static void
stop(int signo)
{
	struct sigaction usual, old;

	memset(&usual, 0, sizeof(usual));
	sigemptyset(&usual.sa_mask);
	usual.sa_handler = SIG_DFL;
	sigaction(signo, &usual, &old);
	kill(getpid(), signo);
	sigaction(signo, &old, NULL);
}

static int
wait_for(pid_t pid)
{
	int status = 0;

	for (;;) {
		if (waitpid(pid, &status, WUNTRACED) == -1) {
			if (errno != EINTR)
				return -1;
		} else if (WIFSTOPPED(status)) {
			stop(WSTOPSIG(status));
			kill(pid, SIGCONT);
		} else {
			return status;
		}
	}
}

static bool
is_ending(int signo)
{
	for (size_t i = 0; i < ENDING; i++)
		if (ending[i] == signo)
			return true;
	return false;
}

static int
judge(int status, int report_fd, struct err *e)
{
	struct err said;
	int signo = arrived;

	if (signo == 0 && WIFSIGNALED(status) && is_ending(WTERMSIG(status)))
		signo = WTERMSIG(status);
	if (signo != 0) {
		kill(getpid(), signo); /* it may end us here */
		return err_set(e, ERR_INTERRUPTED, "interrupted");
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (read(report_fd, &said, sizeof(said)) != sizeof(said) ||
	    said.code == ERR_OK)
		return err_set(
		    e, ERR_FAILED, "asking for the passphrase failed");
	if (e != NULL)
		*e = said;
	return said.code;
}

int
ask_for(int fd, const struct passphrase_source *source,
    enum passphrase_for what, const char *prompt, struct err *e)
{
	char numbers[ARGS][16];
	char *argv[ARGS + 3] = { "pemkeep", ROLE_ASK };
	struct signals signals;
	int ends[2], r, status = 0;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1)
		return err_system(e, ERR_SYSTEM, errno, "no pipe");
	snprintf(numbers[0], sizeof(numbers[0]), "%d", fd);
	snprintf(numbers[1], sizeof(numbers[1]), "%d", ends[1]);
	snprintf(numbers[2], sizeof(numbers[2]), "%d", source->fd);
	snprintf(numbers[3], sizeof(numbers[3]), "%d", source->no_input);
	snprintf(numbers[4], sizeof(numbers[4]), "%d", (int)what);
	for (size_t i = 0; i < ARG_PROMPT; i++)
		argv[2 + i] = numbers[i];
	argv[2 + ARG_PROMPT] = (char *)(uintptr_t)prompt;
	take_signals(&signals);
	r = spawn(
	    argv, (const int[]){ fd, ends[1], source->fd }, 3, &signals, &pid);
	close(ends[1]);
	if (r == 0) {
		asker = pid;
		sigprocmask(SIG_SETMASK, &signals.mask, NULL);
		status = wait_for(pid);
	}
	give_signals_back(&signals);
	if (r != 0)
		r = err_system(e, ERR_SYSTEM, r, "cannot ask for a passphrase");
	else
		r = judge(status, ends[0], e);
	close(ends[0]);
	return r;
}
