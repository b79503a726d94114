/* SPDX-License-Identifier: ISC */

/*
 * The one way to the outside.  What may come from a file, a name, a server is
 * escaped here, whole messages at a time, so that no caller can forget it.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/json.h"
#include "pemkeep/base/utf8.h"

#include "src/cli/cli.h"

void
out_put(struct buf *b, const char *text)
{
	utf8_escape(b, text, strlen(text));
}

/* A line that is written over stands on the terminal, of which there is one. */
static bool in_progress;

static bool
is_terminal(int fd)
{
	const char *term = getenv("TERM");

	return term != NULL && *term != '\0' && strcmp(term, "dumb") != 0 &&
	    isatty(fd) != 0;
}

bool
out_can_progress(void)
{
	return is_terminal(STDERR_FILENO);
}

void
out_progress(const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	char *text;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (r == -1)
		return;
	out_put(&b, text);
	fprintf(stderr, "\r\033[K%s", buf_text(&b));
	fflush(stderr);
	in_progress = true;
	free(text);
	buf_free(&b);
}

void
out_progress_end(void)
{
	if (in_progress)
		fputs("\r\033[K", stderr);
	in_progress = false;
}

void
out_talk(const char *text)
{
	out_progress_end();
	fputs(text, stderr);
}

static void
talk(const char *label, const char *text)
{
	struct buf b = BUF_INIT;

	buf_put_text(&b, label);
	out_put(&b, text);
	buf_put_text(&b, "\n");
	out_talk(buf_text(&b));
	buf_free(&b);
}

__attribute__((format(printf, 1, 0))) static void
talk_form(const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) == -1)
		return;
	talk("", text);
	free(text);
}

void
out_say(const struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	if (option_on(cli, "quiet"))
		return;
	va_start(ap, fmt);
	talk_form(fmt, ap);
	va_end(ap);
}

void
out_warning(const char *text, const char *hint)
{
	talk("pemkeep: warning: ", text);
	if (hint != NULL && *hint != '\0')
		talk("hint: ", hint);
}

int
out_error(const struct err *e)
{
	talk("pemkeep: ", e->text);
	if (e->hint[0] != '\0')
		talk("hint: ", e->hint);
	return err_exit_status(e->code);
}

int
out_error_about(const char *about, const struct err *e)
{
	struct err full;

	err_set(&full, e->code, "'%s': %s", about, e->text);
	if (e->hint[0] != '\0')
		err_hint(&full, "%s", e->hint);
	return out_error(&full);
}

bool
out_colour(void)
{
	const char *no = getenv("NO_COLOR");

	return (no == NULL || *no == '\0') && is_terminal(STDOUT_FILENO);
}

int
out_data(struct buf *b)
{
	const char *text = buf_text(b);
	struct err e;

	out_progress_end();
	if (!buf_ok(b)) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return out_error(&e);
	}
	if (fputs(text, stdout) != EOF && fflush(stdout) == 0)
		return 0;
	err_system(&e, ERR_SYSTEM, errno, "cannot write the output");
	return out_error(&e);
}

int
out_json(struct json *j)
{
	struct buf b = BUF_INIT;
	struct err e;
	int status;

	if (j != NULL && json_put(&b, j)) {
		status = out_data(&b);
	} else {
		err_set(&e, ERR_NOMEM, "out of memory");
		status = out_error(&e);
	}
	json_free(j);
	buf_free(&b);
	return status;
}
