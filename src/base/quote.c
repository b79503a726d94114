/* SPDX-License-Identifier: ISC */
/* A word that can be copied from the screen into a shell, whatever is in it. */

#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/quote.h"
#include "pemkeep/base/utf8.h"

static bool
is_plain(const char *word)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "_-./:@%+,";

	return *word != '\0' && word[strspn(word, plain)] == '\0';
}

/* Does all of it print as it is? */
static bool
is_printable(const char *word)
{
	size_t len = strlen(word), n;
	uint32_t cp;

	for (size_t i = 0; i < len; i += n)
		if ((n = utf8_decode(word + i, len - i, &cp)) == 0 ||
		    utf8_unsafe(cp))
			return false;
	return true;
}

/* Bytes that do not print as \xHH, and the rest as it is. */
static void
put_escaped(struct buf *b, const char *word)
{
	size_t len = strlen(word), n;
	uint32_t cp;

	buf_put_text(b, "$'");
	for (size_t i = 0; i < len; i += n) {
		n = utf8_decode(word + i, len - i, &cp);
		if (n == 0 || utf8_unsafe(cp)) {
			n = n == 0 ? 1 : n;
			for (size_t k = 0; k < n; k++)
				buf_printf(
				    b, "\\x%02x", (unsigned char)word[i + k]);
			/* The next one must not become part of it. */
			if (i + n < len)
				buf_put_text(b, "'$'");
		} else {
			if (cp == '\'' || cp == '\\')
				buf_put_u8(b, '\\');
			buf_put(b, word + i, n);
		}
	}
	buf_put_u8(b, '\'');
}

void
quote_put(struct buf *b, const char *word)
{
	if (is_plain(word))
		buf_put_text(b, word);
	else
		quote_always(b, word);
}

void
quote_always(struct buf *b, const char *word)
{
	if (!is_printable(word)) {
		put_escaped(b, word);
		return;
	}
	buf_put_u8(b, '\'');
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			buf_put_text(b, "'\\''");
		else
			buf_put_u8(b, (uint8_t)*word);
	}
	buf_put_u8(b, '\'');
}

void
quote_hint(
    struct err *e, const char *before, const char *word, const char *behind)
{
	struct buf b = BUF_INIT;

	quote_always(&b, word);
	err_hint(e, "%s%s%s", before, buf_text(&b), behind);
	buf_free(&b);
}
