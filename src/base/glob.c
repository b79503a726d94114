/* SPDX-License-Identifier: ISC */
/*
 * Own code, because fnmatch() counts bytes or characters as the locale has it.
 * After a mismatch only the last '*' can take one code point more.
 */

#include <stddef.h>
#include <string.h>

#include "pemkeep/base/glob.h"
#include "pemkeep/base/utf8.h"

/* How many bytes the next code point takes. */
static size_t
step(const char *at)
{
	uint32_t cp;
	size_t n = utf8_decode(at, strnlen(at, 4), &cp);

	return n > 0 ? n : 1;
}

bool
glob_match(const char *pattern, const char *text)
{
	const char *star = NULL, *retry = NULL;

	while (*text != '\0') {
		size_t n = step(text);

		if (*pattern == '*') {
			star = ++pattern;
			retry = text;
		} else if (*pattern == '?') {
			pattern++;
			text += n;
		} else if (strncmp(pattern, text, n) == 0) {
			pattern += n;
			text += n;
		} else if (star != NULL) {
			pattern = star;
			retry += step(retry);
			text = retry;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}
