/* SPDX-License-Identifier: ISC */

/*
 * bash's quoting, both ways.  Nothing is evaluated: "$x" is the beginning of no
 * name.
 */

#include <stdlib.h>
#include <string.h>

#include "src/cli/complete.h"

struct splitter {
	char *out; /* the words' texts, each with its end */
	char quote;
	const char *breaks;
	size_t kept, len; /* of the last word */
	bool inside;
	bool active;
};

static void
put(struct splitter *s, char c)
{
	*s->out++ = c;
	s->len++;
	s->inside = true;
}

/* One character outside of quotes. */
static void
take_plain(struct splitter *s, const char **at)
{
	char c = **at;

	if (c == '"' || c == '\'') {
		s->quote = c;
		s->inside = true;
		return;
	}
	if (c == '\\' && (*at)[1] != '\0') {
		put(s, *++*at);
		return;
	}
	s->active |= strchr("$`();&|<>*?[]{}!", c) != NULL;
	put(s, c);
	/* There bash begins a new word, and we do not; '@' is part of its own. */
	if (c != '\\' && strchr(s->breaks, c) != NULL)
		s->kept = s->len - (c == '@');
}

static void
take_quoted(struct splitter *s, const char **at)
{
	char c = **at;

	if (c == s->quote)
		s->quote = '\0';
	else if (s->quote == '"' && c == '\\' && (*at)[1] != '\0' &&
	    strchr("\\\"$`", (*at)[1]) != NULL)
		put(s, *++*at);
	else {
		s->active |= s->quote == '"' && strchr("$`", c) != NULL;
		put(s, c);
	}
}

static size_t
split(struct splitter *s, const char *line, char **words)
{
	size_t count = 0;

	words[0] = s->out;
	for (const char *at = line; *at != '\0'; at++) {
		if (s->quote != '\0') {
			take_quoted(s, &at);
		} else if (*at != ' ' && *at != '\t' && *at != '\n') {
			take_plain(s, &at);
		} else if (s->inside) {
			*s->out++ = '\0';
			words[++count] = s->out;
			s->inside = false;
			s->active = false;
			s->kept = s->len = 0;
		}
	}
	*s->out = '\0';
	return count + 1;
}

char **
complete_split(const char *line, const char *breaks, size_t *count,
    struct complete_typed *typed)
{
	size_t len = strlen(line);
	/* Every second character may begin a word. */
	char **words = calloc(1, (len / 2 + 2) * sizeof(*words) + len + 1);
	struct splitter s = { .breaks = breaks };

	if (words == NULL)
		return NULL;
	s.out = (char *)(words + len / 2 + 2);
	*count = split(&s, line, words);
	typed->quote = s.quote;
	typed->active = s.active;
	typed->kept = s.quote == '\0' ? s.kept : 0;
	return words;
}

bool
complete_quote(
    struct buf *b, const char *text, const struct complete_typed *typed)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._-/+,:@%=";

	if (typed->active || strlen(text) < typed->kept ||
	    (typed->quote != '\0' &&
		strchr(text, typed->quote == '"' ? '!' : '\'') != NULL))
		return false;
	for (const char *at = text + typed->kept; *at != '\0'; at++) {
		bool escape = (unsigned char)*at < 0x80;

		if (typed->quote == '\0')
			escape = escape && strchr(plain, *at) == NULL;
		else
			escape = typed->quote == '"' &&
			    strchr("\\\"$`", *at) != NULL;
		if (escape)
			buf_put_u8(b, '\\');
		buf_put_u8(b, (uint8_t)*at);
	}
	return true;
}
