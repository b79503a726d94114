/* SPDX-License-Identifier: ISC */
/*
 * Errors as values.  Texts are made in a local array first: the arguments may
 * well be the text that is about to be replaced.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pemkeep/base/err.h"

static const unsigned char exit_status[] = {
	[-ERR_OK] = 0,
	[-ERR_FAILED] = 1,
	[-ERR_USAGE] = 2,
	[-ERR_LOCKED] = 3,
	[-ERR_NOT_FOUND] = 4,
	[-ERR_AMBIGUOUS] = 5,
	[-ERR_REFUSED] = 6,
	[-ERR_UNTRUSTED] = 7,
	[-ERR_NETWORK] = 8,
	[-ERR_NOMEM] = 1,
	[-ERR_SYSTEM] = 1,
	[-ERR_EXISTS] = 1,
	[-ERR_FORMAT] = 1,
	[-ERR_UNSUPPORTED] = 1,
	[-ERR_MISMATCH] = 1,
	[-ERR_NEED_PASSPHRASE] = 3,
	[-ERR_INTERRUPTED] = 130,
};

/* Half a character at the cut would be shown as garbage. */
static void
drop_half_character(char *text)
{
	size_t len = strlen(text), tail = 0, want;
	unsigned char lead;

	while (tail < len && tail < 3 &&
	    ((unsigned char)text[len - 1 - tail] & 0xC0) == 0x80)
		tail++;
	if (tail == len)
		return;
	lead = (unsigned char)text[len - 1 - tail];
	want = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
	if (tail < want)
		text[len - 1 - tail] = '\0';
}

__attribute__((format(printf, 3, 0))) static void
describe(char *out, size_t size, const char *fmt, va_list ap)
{
	char text[sizeof((struct err *)0)->text];
	int n;

	n = vsnprintf(text, size, fmt, ap);
	if (n < 0)
		text[0] = '\0';
	else if ((size_t)n >= size)
		drop_half_character(text);
	memcpy(out, text, strlen(text) + 1);
}

int
err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL)
		return code;
	va_start(ap, fmt);
	describe(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	e->code = code;
	e->hint[0] = '\0';
	return code;
}

void
err_hint(struct err *e, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL)
		return;
	va_start(ap, fmt);
	describe(e->hint, sizeof(e->hint), fmt, ap);
	va_end(ap);
}

int
err_system(
    struct err *e, enum err_code code, int os_error, const char *fmt, ...)
{
	struct err subject;
	va_list ap;

	if (e == NULL)
		return code;
	va_start(ap, fmt);
	describe(subject.text, sizeof(subject.text), fmt, ap);
	va_end(ap);
	return err_set(e, code, "%s: %s", subject.text, strerror(os_error));
}

int
err_exit_status(enum err_code code)
{
	if (code > ERR_OK || code < ERR_INTERRUPTED)
		return 1;
	return exit_status[-code];
}
