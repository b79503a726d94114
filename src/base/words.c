/* SPDX-License-Identifier: ISC */
/* The words lie behind their pointers; none is longer than it was written. */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/err.h"
#include "pemkeep/base/words.h"

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What a backslash means at 'at', with 'quote' open or '\0'. */
static bool
escapes(const char *at, char quote)
{
	if (*at != '\\' || quote == '\'')
		return false;
	return quote == '\0' || at[1] == quote || at[1] == '\\' ||
	    at[1] == '\0';
}

/* One word that begins at 'at'; NULL when it does not end well. */
static const char *
take_word(const char *at, char **outp)
{
	char *out = *outp, quote = '\0';

	for (; *at != '\0' && (quote != '\0' || !blank(*at)); at++) {
		if (escapes(at, quote)) {
			if (*++at == '\0')
				return NULL;
			*out++ = *at;
		} else if (quote != '\0' ? *at == quote
					 : *at == '\'' || *at == '"') {
			quote = quote == '\0' ? *at : '\0';
		} else {
			*out++ = *at;
		}
	}
	*out++ = '\0';
	*outp = out;
	return quote == '\0' ? at : NULL;
}

int
words_split(const char *text, char ***wordsp, size_t *countp)
{
	size_t len = strlen(text), most = len / 2 + 2, count = 0;
	char **words = calloc(1, most * sizeof(*words) + len + 1);
	char *out;

	*wordsp = NULL;
	*countp = 0;
	if (words == NULL)
		return ERR_NOMEM;
	out = (char *)(words + most);
	for (;;) {
		while (blank(*text))
			text++;
		if (*text == '\0')
			break;
		words[count++] = out;
		if ((text = take_word(text, &out)) == NULL) {
			free(words);
			return ERR_FORMAT;
		}
	}
	*wordsp = words;
	*countp = count;
	return 0;
}
