/* SPDX-License-Identifier: ISC */
/*
 * One pass over the lines of a copy, in which the strings are then terminated in
 * place: what follows a name, a key or a value is never needed again, and a
 * value of several lines only gets shorter.
 */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/ini.h"
#include "pemkeep/base/utf8.h"

#define KEYS_MAX 1000 /* in one section; each is compared with all */

struct section {
	struct ini_section public;
	size_t first; /* of its entries */
};

struct ini {
	struct buf text;
	struct section *sections;
	size_t count, capacity;
	struct ini_entry *entries;
	size_t entry_count, entry_capacity;
	struct section **sorted; /* by name */
};

struct parser {
	struct ini *ini;
	const char *path;
	struct err *e;
	char *line, *end; /* without line end and blanks at the end */
	char *stop;       /* where the line ends, in the text */
	unsigned long number;
	size_t key_indent;
	bool top;        /* keys may stand before the first section */
	char *value_end; /* where the last value can go on; NULL: nowhere */
};

void
ini_free(struct ini *ini)
{
	if (ini == NULL)
		return;
	free(ini->sections);
	free(ini->entries);
	free(ini->sorted);
	buf_free(&ini->text);
	free(ini);
}

static int
fail(const struct parser *p, const char *text)
{
	return err_set(
	    p->e, ERR_FORMAT, "%s:%lu: %s", p->path, p->number, text);
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t';
}

static char *
skip_blanks(char *at, const char *end)
{
	while (at < end && blank(*at))
		at++;
	return at;
}

static char *
trim(const char *start, char *end)
{
	while (end > start && blank(end[-1]))
		end--;
	return end;
}

/* Room for one more in an array. */
static bool
grow(void **listp, size_t count, size_t *capacity, size_t size)
{
	size_t more = *capacity == 0 ? 32 : *capacity * 2;
	void *list;

	if (count < *capacity)
		return true;
	if ((list = reallocarray(*listp, more, size)) == NULL)
		return false;
	*listp = list;
	*capacity = more;
	return true;
}

static int
add_section(struct parser *p, const char *name)
{
	struct ini *ini = p->ini;
	void *list = ini->sections;
	struct section *s;

	if (!grow(&list, ini->count, &ini->capacity, sizeof(*s)))
		return err_set(p->e, ERR_NOMEM, "out of memory");
	ini->sections = list;
	s = &ini->sections[ini->count++];
	*s = (struct section){ .first = ini->entry_count };
	s->public.name = name;
	s->public.line = p->number;
	s->public.start = (size_t)(p->line - (char *)ini->text.data);
	s->public.end = (size_t)(p->stop - (char *)ini->text.data);
	return 0;
}

/* What stands behind ']' is nothing, or a comment. */
static int
take_header(struct parser *p, char *at)
{
	char *close = memrchr(at, ']', (size_t)(p->end - at)), *after;
	int r;

	if (close == NULL)
		return fail(p, "']' is missing");
	after = skip_blanks(close + 1, p->end);
	if (after < p->end && *after != '#' && *after != ';')
		return fail(p, "there is something behind ']'");
	at = skip_blanks(at + 1, close);
	if (trim(at, close) == at)
		return fail(p, "the section has no name");
	if ((r = add_section(p, at)) != 0)
		return r;
	*trim(at, close) = '\0';
	p->value_end = NULL;
	return 0;
}

static void
fold(char *at, const char *end)
{
	for (; at < end; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
}

static int
take_entry(struct parser *p, char *at)
{
	struct ini *ini = p->ini;
	char *equals = at, *key_end, *value;
	void *list = ini->entries;
	struct section *s;
	int r;

	if (ini->count == 0 && !p->top)
		return fail(p, "this stands before the first section");
	if (ini->count == 0 && (r = add_section(p, "")) != 0)
		return r;
	while (equals < p->end && *equals != '=' && *equals != ':')
		equals++;
	if (equals == p->end)
		return fail(p, "'=' is missing");
	key_end = trim(at, equals);
	if (key_end == at)
		return fail(p, "there is nothing before '='");
	s = &ini->sections[ini->count - 1];
	fold(at, key_end);
	value = skip_blanks(equals + 1, p->end);
	*key_end = '\0';
	for (size_t i = s->first; i < ini->entry_count; i++)
		if (strcmp(ini->entries[i].key, at) == 0)
			return fail(p, "this key is there twice");
	if (ini->entry_count - s->first == KEYS_MAX)
		return fail(p, "there are too many keys in this section");
	if (!grow(&list, ini->entry_count, &ini->entry_capacity,
		sizeof(*ini->entries)))
		return err_set(p->e, ERR_NOMEM, "out of memory");
	ini->entries = list;
	ini->entries[ini->entry_count++] =
	    (struct ini_entry){ at, value, p->number };
	s->public.end = (size_t)(p->stop - (char *)ini->text.data);
	p->value_end = p->end;
	p->key_indent = (size_t)(at - p->line);
	return 0;
}

/* A line more of the last value: the indentation has room for the '\n'. */
static void
take_more(struct parser *p, const char *at)
{
	size_t len = (size_t)(p->end - at);

	*p->value_end++ = '\n';
	memmove(p->value_end, at, len);
	p->value_end += len;
	p->ini->sections[p->ini->count - 1].public.end =
	    (size_t)(p->stop - (char *)p->ini->text.data);
}

static int
take_line(struct parser *p)
{
	char *at = skip_blanks(p->line, p->end);

	if (at == p->end || *at == '#' || *at == ';')
		return 0;
	if (p->value_end != NULL && (size_t)(at - p->line) > p->key_indent) {
		take_more(p, at);
		return 0;
	}
	if (p->value_end != NULL)
		*p->value_end = '\0';
	p->value_end = NULL;
	return *at == '[' ? take_header(p, at) : take_entry(p, at);
}

static bool
controls(const char *at, const char *end)
{
	for (; at < end; at++)
		if (((unsigned char)*at < ' ' && *at != '\t') || *at == '\x7F')
			return true;
	return false;
}

static int
take_lines(struct parser *p)
{
	char *at = (char *)p->ini->text.data, *all = at + p->ini->text.len;
	int r = 0;

	if (all - at >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0)
		at += 3;
	for (; at < all && r == 0; at = p->stop + 1) {
		p->number++;
		p->line = at;
		p->stop = memchr(at, '\n', (size_t)(all - at));
		if (p->stop == NULL)
			p->stop = all;
		p->end = p->stop;
		if (p->end > at && p->end[-1] == '\r')
			p->end--;
		if (controls(at, p->end) ||
		    !utf8_valid(at, (size_t)(p->end - at)))
			return fail(p, "there are characters that no text has");
		p->end = trim(at, p->end);
		r = take_line(p);
	}
	if (p->value_end != NULL)
		*p->value_end = '\0';
	return r;
}

static int
by_name(const void *a, const void *b)
{
	const struct section *const *x = a, *const *y = b;

	return strcmp((*x)->public.name, (*y)->public.name);
}

/* Pointers that hold from now on, and no name twice. */
static int
index_sections(struct parser *p)
{
	struct ini *ini = p->ini;

	ini->sorted = calloc(ini->count + 1, sizeof(struct section *));
	if (ini->sorted == NULL)
		return err_set(p->e, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < ini->count; i++) {
		struct section *s = &ini->sections[i];
		size_t next = i + 1 < ini->count ? ini->sections[i + 1].first
						 : ini->entry_count;

		s->public.count = next - s->first;
		if (s->public.count > 0)
			s->public.entries = ini->entries + s->first;
		ini->sorted[i] = s;
	}
	if (ini->count > 1)
		qsort(ini->sorted, ini->count, sizeof(ini->sorted[0]), by_name);
	for (size_t i = 1; i < ini->count; i++) {
		const struct section *a = ini->sorted[i - 1],
				     *b = ini->sorted[i];

		if (strcmp(a->public.name, b->public.name) != 0)
			continue;
		p->number = a->public.line > b->public.line ? a->public.line
							    : b->public.line;
		return err_set(p->e, ERR_FORMAT,
		    "%s:%lu: section '%s' is there twice", p->path, p->number,
		    a->public.name);
	}
	return 0;
}

static int
parse(struct parser *p, const void *text, size_t len, struct ini **inip)
{
	int r;

	*inip = NULL;
	if (len > INI_MAX)
		return err_set(p->e, ERR_FORMAT,
		    "'%s' is too large (more than %u bytes)", p->path, INI_MAX);
	if ((p->ini = calloc(1, sizeof(*p->ini))) == NULL)
		return err_set(p->e, ERR_NOMEM, "out of memory");
	buf_put(&p->ini->text, text, len);
	(void)buf_text(&p->ini->text);
	if (!buf_ok(&p->ini->text))
		r = err_set(p->e, ERR_NOMEM, "out of memory");
	else if ((r = take_lines(p)) == 0)
		r = index_sections(p);
	if (r == 0)
		*inip = p->ini;
	else
		ini_free(p->ini);
	return r;
}

int
ini_parse(const char *path, const void *text, size_t len, struct ini **inip,
    struct err *e)
{
	struct parser p = { .path = path, .e = e };

	return parse(&p, text, len, inip);
}

int
ini_parse_top(const char *path, const void *text, size_t len, struct ini **inip,
    struct err *e)
{
	struct parser p = { .path = path, .e = e, .top = true };

	return parse(&p, text, len, inip);
}

size_t
ini_count(const struct ini *ini)
{
	return ini->count;
}

const struct ini_section *
ini_at(const struct ini *ini, size_t i)
{
	return i < ini->count ? &ini->sections[i].public : NULL;
}

const struct ini_section *
ini_find(const struct ini *ini, const char *name)
{
	const struct section wanted = { .public = { .name = name } };
	const struct section *key = &wanted, **found = NULL;

	if (ini->count > 0)
		found = bsearch(&key, ini->sorted, ini->count,
		    sizeof(ini->sorted[0]), by_name);
	return found != NULL ? &(*found)->public : NULL;
}

const struct ini_entry *
ini_get(const struct ini_section *section, const char *key)
{
	for (size_t i = 0; i < section->count; i++)
		if (strcmp(section->entries[i].key, key) == 0)
			return &section->entries[i];
	return NULL;
}
