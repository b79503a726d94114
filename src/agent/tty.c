/* SPDX-License-Identifier: ISC */

/*
 * A question at the terminal, without echo.  Written after the order of steps
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

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/utf8.h"
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

static void
catch_signals(struct sigaction old[CAUGHT])
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sigemptyset(&sa.sa_mask);
	sa.sa_handler = on_signal; /* no SA_RESTART: read(2) must return */
	for (size_t i = 0; i < CAUGHT; i++)
		sigaction(caught[i], &sa, &old[i]);
}

/*
 * They come in only where the answer is waited for: one that came between a look
 * at 'arrived' and read(2) would be forgotten.  SIGTTIN and SIGTTOU are what those
 * calls themselves make, and must get through.
 */
static void
hold_signals(sigset_t *before)
{
	sigset_t held;

	sigemptyset(&held);
	for (size_t i = 0; i < CAUGHT; i++)
		if (caught[i] != SIGTTIN && caught[i] != SIGTTOU)
			sigaddset(&held, caught[i]);
	sigprocmask(SIG_BLOCK, &held, before);
}

static void
restore_signals(const struct sigaction old[CAUGHT])
{
	for (size_t i = 0; i < CAUGHT; i++)
		sigaction(caught[i], &old[i], NULL);
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
ask_once(int fd, const char *prompt, struct secret *answer, int *signo)
{
	struct sigaction old[CAUGHT];
	sigset_t before;
	struct termios modes, silent;
	bool is_tty;
	enum line got;

	arrived = 0;
	catch_signals(old);
	hold_signals(&before);
	is_tty = tcgetattr(fd, &modes) == 0;
	if (is_tty) {
		silent = modes;
		silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
		set_modes(fd, &silent);
	}
	write_text(fd, prompt);
	got = read_line(fd, &before, answer);
	*signo = arrived;
	arrived = 0;
	write_text(fd, "\n");
	if (is_tty)
		set_modes(fd, &modes);
	restore_signals(old);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return got;
}

int
tty_ask(const char *prompt, struct secret *answer, struct err *e)
{
	struct buf safe = BUF_INIT;
	enum line got;
	int fd, signo, r;

	if ((fd = open_tty()) == -1)
		return err_set(e, ERR_LOCKED, "there is no terminal to ask at");
	utf8_escape(&safe, prompt, strlen(prompt));
	do {
		got = ask_once(fd, buf_text(&safe), answer, &signo);
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
	buf_free(&safe);
	close(fd);
	return r;
}
