/* SPDX-License-Identifier: ISC */

/*
 * A question at the terminal.  Written after the order of steps
 * that readpassphrase(3) has proven: catch signals, switch echo off, read byte
 * by byte into locked memory, restore, and only then let a signal have its way.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

#include "pemkeep/base/err.h"
#include "vault/secret.h"

#include "src/agent/tty.h"

static const int caught[] = { SIGALRM, SIGHUP, SIGINT, SIGPIPE, SIGQUIT,
	SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU };

#define CAUGHT (sizeof(caught) / sizeof(caught[0]))

/* A signal handler has no other place to put its news. */
static volatile sig_atomic_t arrived;

static void
on_signal(int signo)
{
	arrived = signo;
}

static int
open_tty(void)
{
	return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

bool
tty_there(void)
{
	int fd = open_tty();

	if (fd == -1)
		return false;
	close(fd);
	return true;
}

/*
 * They are let through only while pselect(2) waits: one that came just before
 * read(2) would not wake it.  Not so SIGTTIN and SIGTTOU, which are the answer to
 * what we do ourselves, and keep us from doing it in the background.
 */
struct signals {
	struct sigaction actions[CAUGHT];
	sigset_t mask;
};

static void
catch_signals(struct signals *old)
{
	struct sigaction sa;
	sigset_t held;

	memset(&sa, 0, sizeof(sa));
	sigemptyset(&sa.sa_mask);
	sigemptyset(&held);
	for (size_t i = 0; i < CAUGHT; i++)
		if (caught[i] != SIGTTIN && caught[i] != SIGTTOU)
			sigaddset(&held, caught[i]);
	sigprocmask(SIG_BLOCK, &held, &old->mask);
	sa.sa_handler = on_signal;
	for (size_t i = 0; i < CAUGHT; i++)
		sigaction(caught[i], &sa, &old->actions[i]);
}

static void
restore_signals(const struct signals *old)
{
	for (size_t i = 0; i < CAUGHT; i++)
		sigaction(caught[i], &old->actions[i], NULL);
	sigprocmask(SIG_SETMASK, &old->mask, NULL);
}

static void
set_modes(int fd, const struct termios *modes)
{
	while (tcsetattr(fd, TCSAFLUSH, modes) == -1 && errno == EINTR &&
	    arrived == 0)
		continue;
}

static void
write_text(int fd, const char *text)
{
	/* If the terminal takes no text, it will give no answer either. */
	if (write(fd, text, strlen(text)) == -1)
		return;
}

enum line { LINE_DONE, LINE_END, LINE_LONG, LINE_SIGNAL };

/* One byte, 0 at the end, -1 when a signal has come. */
static ssize_t
read_byte(int fd, const sigset_t *waiting, uint8_t *at)
{
	fd_set fds;
	ssize_t n = -1;

	if (fd >= FD_SETSIZE)
		return 0;
	while (arrived == 0) {
		FD_ZERO(&fds);
		FD_SET(fd, &fds);
		if (pselect(fd + 1, &fds, NULL, NULL, NULL, waiting) == -1) {
			if (errno == EINTR)
				continue;
			return 0;
		}
		n = read(fd, at, 1);
		if (n != -1 || errno != EINTR)
			break;
	}
	return arrived != 0 ? -1 : n == -1 ? 0 : n;
}

static enum line
read_line(int fd, const sigset_t *waiting, struct secret *answer)
{
	bool fits = true;
	ssize_t n;

	secret_clear(answer);
	for (;;) {
		uint8_t *at = secret_data(answer) + secret_len(answer);
		bool room = secret_len(answer) < secret_capacity(answer) - 1;

		/* The last byte is only for reading what is too much. */
		n = read_byte(fd, waiting, at);
		if (n == -1)
			return LINE_SIGNAL;
		if (n == 0)
			return LINE_END;
		if (*at == '\n')
			return fits ? LINE_DONE : LINE_LONG;
		if (!room)
			fits = false;
		else
			secret_set_len(answer, secret_len(answer) + 1);
	}
}

/* One question; the signal that came meanwhile, or 0, in *signo. */
static enum line
ask_once(
    int fd, const char *prompt, bool echo, struct secret *answer, int *signo)
{
	struct signals old;
	struct termios modes, silent;
	bool hide;
	enum line got;

	arrived = 0;
	catch_signals(&old);
	hide = !echo && tcgetattr(fd, &modes) == 0;
	if (hide) {
		silent = modes;
		silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
		set_modes(fd, &silent);
	}
	write_text(fd, prompt);
	got = read_line(fd, &old.mask, answer);
	*signo = arrived;
	arrived = 0;
	if (!echo || got != LINE_DONE)
		write_text(fd, "\n");
	if (hide)
		set_modes(fd, &modes);
	restore_signals(&old);
	return got;
}

int
tty_ask(const char *prompt, bool echo, struct secret *answer, struct err *e)
{
	enum line got;
	int fd, signo, r;

	if ((fd = open_tty()) == -1)
		return err_set(e, ERR_LOCKED, "there is no terminal to ask at");
	if (fd >= FD_SETSIZE) {
		close(fd);
		return err_set(e, ERR_LOCKED, "too many descriptors are open");
	}
	do {
		got = ask_once(fd, prompt, echo, answer, &signo);
		if (signo != 0)
			kill(getpid(), signo); /* it may end or stop us here */
	} while (got == LINE_SIGNAL &&
	    (signo == SIGTSTP || signo == SIGTTIN || signo == SIGTTOU));
	if (got == LINE_DONE)
		r = 0;
	else if (got == LINE_LONG)
		r = err_set(e, ERR_LOCKED, "the passphrase is too long");
	else if (got == LINE_SIGNAL)
		r = err_set(e, ERR_INTERRUPTED, "interrupted");
	else
		r = err_set(e, ERR_LOCKED, "no passphrase was given");
	if (r != 0)
		secret_clear(answer);
	close(fd);
	return r;
}
