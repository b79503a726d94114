/* SPDX-License-Identifier: ISC */

/*
 * The sources of a passphrase, in order: descriptor, file, terminal, the program
 * that SSH_ASKPASS names.  One that is configured and fails is an error; it never
 * falls through to the next.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pemkeep/agent/passphrase.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/quote.h"
#include "pemkeep/base/utf8.h"
#include "vault/secret.h"

#include "src/agent/askpass.h"
#include "src/agent/tty.h"

#define LONGEST 1024u

/* A secret with room for the longest passphrase and one byte more. */
static struct secret *
room(void)
{
	return secret_new(LONGEST + 1);
}

/* Byte by byte: the next line of the descriptor belongs to the next question. */
static int
read_line(int fd, const char *from, struct secret *out, struct err *e)
{
	uint8_t *at;
	ssize_t n;

	for (;;) {
		at = secret_data(out) + secret_len(out);
		n = read(fd, at, 1);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_system(e, ERR_LOCKED, errno,
			    "cannot read the passphrase from %s", from);
		if (n == 0 && secret_len(out) == 0)
			return err_set(
			    e, ERR_LOCKED, "no passphrase came from %s", from);
		if (n == 0 || *at == '\n')
			return 0;
		if (secret_len(out) == LONGEST)
			return err_set(e, ERR_LOCKED,
			    "the passphrase is too long (more than %u bytes)",
			    LONGEST);
		secret_set_len(out, secret_len(out) + 1);
	}
}

static bool
takes_file(enum passphrase_for what)
{
	return what == PASSPHRASE_VAULT || what == PASSPHRASE_FIRST;
}

static int
cannot_open(const char *path, struct err *e)
{
	return err_system(e, ERR_LOCKED, errno,
	    "cannot open PEMKEEP_PASSPHRASE_FILE '%s'", path);
}

static int
check_file(const char *path, const struct stat *st, struct err *e)
{
	if (S_ISREG(st->st_mode) && (st->st_mode & 077) == 0 &&
	    (st->st_uid == geteuid() || st->st_uid == 0))
		return 0;
	err_set(e, ERR_UNTRUSTED,
	    "PEMKEEP_PASSPHRASE_FILE '%s' must be a file that only you can "
	    "read",
	    path);
	quote_hint(e, "chmod 400 ", path, "");
	return ERR_UNTRUSTED;
}

static int
open_file(const char *path, int *fdp, struct err *e)
{
	struct stat st;
	int fd, r;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1)
		return cannot_open(path, e);
	if (fstat(fd, &st) == -1)
		r = cannot_open(path, e);
	else
		r = check_file(path, &st, e);
	if (r == 0)
		*fdp = fd;
	else
		close(fd);
	return r;
}

static int
read_file(const char *path, struct secret *out, struct err *e)
{
	char from[300];
	int fd = -1, r;

	(void)snprintf(from, sizeof(from), "'%.256s'", path);
	if ((r = open_file(path, &fd, e)) == 0) {
		r = read_line(fd, from, out, e);
		close(fd);
	}
	return r;
}

/* A new passphrase is typed twice. */
static int
ask(enum passphrase_for what, const char *prompt, struct secret *out,
    struct err *e)
{
	struct buf safe = BUF_INIT;
	struct secret *again;
	int r;

	utf8_escape(&safe, prompt, strlen(prompt));
	r = tty_ask(buf_text(&safe), false, out, e);
	buf_free(&safe);
	if (r != 0)
		return r;
	if (what != PASSPHRASE_FIRST && what != PASSPHRASE_NEW)
		return 0;
	if (secret_len(out) < PASSPHRASE_MIN)
		return 0; /* refused anyway */
	if ((again = room()) == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	r = tty_ask("Once more: ", false, again, e);
	if (r == 0 && !secret_equal(out, again))
		r = err_set(e, ERR_LOCKED, "the two passphrases differ");
	secret_free(again);
	return r;
}

static int
check_length(enum passphrase_for what, const struct secret *pass, struct err *e)
{
	bool is_new = what == PASSPHRASE_FIRST || what == PASSPHRASE_NEW;

	if (secret_len(pass) > LONGEST)
		return err_set(e, ERR_LOCKED, "the passphrase is too long");
	if (secret_len(pass) == 0)
		return err_set(e, ERR_LOCKED, "the passphrase is empty");
	if (is_new && secret_len(pass) < PASSPHRASE_MIN) {
		err_set(e, ERR_LOCKED,
		    "the passphrase is shorter than %d characters",
		    PASSPHRASE_MIN);
		err_hint(e,
		    "five or six random words are good and can be "
		    "remembered");
		return ERR_LOCKED;
	}
	/* It could not be typed at a terminal later on. */
	for (size_t i = 0; is_new && i < secret_len(pass); i++)
		if (secret_bytes(pass)[i] < 0x20 ||
		    secret_bytes(pass)[i] == 0x7f)
			return err_set(e, ERR_LOCKED,
			    "the passphrase has a control character in it");
	return 0;
}

int
passphrase_check(const struct passphrase_source *source, struct err *e)
{
	struct stat st;

	if (source->fd != -1 || source->file == NULL)
		return 0;
	if (stat(source->file, &st) == -1 || access(source->file, R_OK) == -1)
		return cannot_open(source->file, e);
	return check_file(source->file, &st, e);
}

bool
passphrase_interactive(
    const struct passphrase_source *source, enum passphrase_for what)
{
	return source->fd == -1 &&
	    (source->file == NULL || !takes_file(what)) && !source->no_input;
}

static int
read_descriptor(int fd, struct secret *out, struct err *e)
{
	char from[32];

	(void)snprintf(from, sizeof(from), "descriptor %d", fd);
	return read_line(fd, from, out, e);
}

int
passphrase_get(const struct passphrase_source *source, enum passphrase_for what,
    const char *prompt, struct secret **passp, struct err *e)
{
	struct secret *out;
	int r;

	*passp = NULL;
	if ((out = room()) == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	if (source->fd != -1) {
		r = read_descriptor(source->fd, out, e);
	} else if (source->file != NULL && takes_file(what)) {
		r = read_file(source->file, out, e);
	} else if (!source->no_input && askpass_wanted()) {
		r = askpass_ask(prompt, out, e);
	} else if (source->no_input || !tty_there()) {
		r = err_set(e, ERR_LOCKED,
		    "a passphrase is needed, and there "
		    "is no terminal to ask at");
		err_hint(e, "use --passphrase-fd N%s",
		    takes_file(what) ? " or PEMKEEP_PASSPHRASE_FILE" : "");
	} else {
		r = ask(what, prompt, out, e);
	}
	if (r == 0)
		r = check_length(what, out, e);
	if (r == 0) {
		*passp = out;
		out = NULL;
	}
	secret_free(out);
	return r;
}
