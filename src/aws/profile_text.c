/* SPDX-License-Identifier: ISC */
/*
 * One pass over the lines of a copy, in which the strings are terminated in
 * place: a value of several lines only gets shorter.  The copy is wiped, since
 * keys are in it.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/aws/profile.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/utf8.h"

#include "src/aws/profile_text.h"

#define KEYS_MAX 1000 /* in one section; each is compared with all */

struct section {
	struct profile_section public;
	size_t first; /* of its entries */
};

struct profile_text {
	char *text;
	size_t len;
	struct section *sections;
	size_t count, capacity;
	struct profile_entry *entries;
	size_t entry_count, entry_capacity;
	struct profile_entry *nested;
	size_t nested_count;
	struct section **sorted; /* by name */
};

struct parser {
	struct profile_text *t;
	const char *path;
	struct err *e;
	unsigned long number;
	char *line, *stop; /* and where its text begins and ends: */
	char *at, *end;
	size_t indent;   /* of the key or section before */
	char *value_end; /* where the last value can go on; NULL: nowhere */
	size_t empty;    /* lines since then */
};

void
profile_text_free(struct profile_text *t)
{
	if (t == NULL)
		return;
	if (t->text != NULL)
		explicit_bzero(t->text, t->len);
	free(t->text);
	free(t->sections);
	free(t->entries);
	free(t->nested);
	free(t->sorted);
	free(t);
}

static int
fail(const struct parser *p, unsigned long line, const char *text)
{
	return err_set(p->e, ERR_FORMAT, "%s:%lu: %s", p->path, line, text);
}

/* str.isspace(): who types Hangul types an ideographic space now and then. */
static bool
is_space(uint32_t cp)
{
	return (cp >= 0x09 && cp <= 0x0D) || (cp >= 0x1C && cp <= 0x20) ||
	    cp == 0x85 || cp == 0xA0 || cp == 0x1680 ||
	    (cp >= 0x2000 && cp <= 0x200A) || cp == 0x2028 || cp == 0x2029 ||
	    cp == 0x202F || cp == 0x205F || cp == 0x3000;
}

/* Both leave well-formed UTF-8 behind; *columns counts code points. */
static char *
skip_spaces(char *at, const char *end, size_t *columns)
{
	uint32_t cp;
	size_t n;

	*columns = 0;
	while (at < end) {
		n = utf8_decode(at, (size_t)(end - at), &cp);
		if (!is_space(cp))
			break;
		at += n;
		++*columns;
	}
	return at;
}

static char *
trim(char *start, char *end)
{
	while (end > start) {
		char *last = end - 1;
		uint32_t cp;

		while (last > start && ((unsigned char)*last & 0xC0) == 0x80)
			last--;
		(void)utf8_decode(last, (size_t)(end - last), &cp);
		if (!is_space(cp))
			break;
		end = last;
	}
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

/* "[NAME]", as the pattern \[(.+)\] finds it; NULL when it is none. */
static char *
header_end(const struct parser *p)
{
	char *close;

	if (*p->at != '[')
		return NULL;
	close = memrchr(p->at, ']', (size_t)(p->end - p->at));
	return close != NULL && close > p->at + 1 ? close : NULL;
}

static int
take_header(struct parser *p, char *close)
{
	struct profile_text *t = p->t;
	void *list = t->sections;

	if (!grow(&list, t->count, &t->capacity, sizeof(*t->sections)))
		return err_set(p->e, ERR_NOMEM, "out of memory");
	t->sections = list;
	*close = '\0';
	t->sections[t->count++] = (struct section){
		.public = { .name = p->at + 1, .line = p->number },
		.first = t->entry_count,
	};
	return 0;
}

static void
fold(char *at)
{
	for (; *at != '\0'; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
}

static int
add_entry(struct parser *p, const char *key, const char *value)
{
	struct profile_text *t = p->t;
	size_t first = t->sections[t->count - 1].first;
	void *list = t->entries;

	for (size_t i = first; i < t->entry_count; i++)
		if (strcmp(t->entries[i].key, key) == 0)
			return fail(p, p->number, "this key is there twice");
	if (t->entry_count - first == KEYS_MAX)
		return fail(
		    p, p->number, "there are too many keys in this section");
	if (!grow(
		&list, t->entry_count, &t->entry_capacity, sizeof(*t->entries)))
		return err_set(p->e, ERR_NOMEM, "out of memory");
	t->entries = list;
	t->entries[t->entry_count++] = (struct profile_entry){
		.key = key,
		.value = value,
		.line = p->number,
	};
	return 0;
}

static int
take_entry(struct parser *p)
{
	char *equals = p->at, *key_end;
	size_t columns;

	if (p->t->count == 0)
		return fail(
		    p, p->number, "this stands before the first section");
	while (equals < p->end && *equals != '=' && *equals != ':')
		equals++;
	if (equals == p->end)
		return fail(p, p->number, "'=' is missing");
	if ((key_end = trim(p->at, equals)) == p->at)
		return fail(p, p->number, "there is nothing before '='");
	p->value_end = p->end;
	p->empty = 0;
	*key_end = '\0';
	fold(p->at);
	return add_entry(p, p->at, skip_spaces(equals + 1, p->end, &columns));
}

/* A line more of the last value: its line ends have room for the '\n's. */
static void
take_more(struct parser *p)
{
	size_t len = (size_t)(p->end - p->at);

	for (p->empty++; p->empty > 0; p->empty--)
		*p->value_end++ = '\n';
	memmove(p->value_end, p->at, len);
	p->value_end += len;
}

static int
take_line(struct parser *p)
{
	size_t columns;
	char *close;

	p->at = skip_spaces(p->line, p->stop, &columns);
	p->end = trim(p->at, p->stop);
	if (p->at == p->end) {
		p->empty++;
		return 0;
	}
	if (*p->at == '#' || *p->at == ';')
		return 0;
	if (p->value_end != NULL && columns > p->indent) {
		take_more(p);
		return 0;
	}
	p->indent = columns;
	if (p->value_end != NULL)
		*p->value_end = '\0';
	p->value_end = NULL;
	if ((close = header_end(p)) != NULL)
		return take_header(p, close);
	return take_entry(p);
}

static int
take_lines(struct parser *p)
{
	char *at = p->t->text, *all = at + p->t->len;
	int r = 0;

	if (p->t->len >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0)
		at += 3;
	if (memchr(at, '\0', (size_t)(all - at)) != NULL ||
	    !utf8_valid(at, (size_t)(all - at)))
		return err_set(
		    p->e, ERR_FORMAT, "'%s' is no UTF-8 text", p->path);
	while (at < all && r == 0) {
		p->number++;
		p->line = at;
		p->stop = at + strcspn(at, "\r\n");
		at = p->stop + (p->stop[0] == '\r' && p->stop[1] == '\n') + 1;
		r = take_line(p);
	}
	if (p->value_end != NULL)
		*p->value_end = '\0';
	return r;
}

static bool
is_nested(const struct profile_entry *entry)
{
	return entry->value[0] == '\n';
}

/* The lines of a value, each "key = value"; the keys keep their case. */
static int
take_nested(struct parser *p, struct profile_entry *entry)
{
	struct profile_text *t = p->t;
	char *line = (char *)(uintptr_t)entry->value, *end, *equals, *value;
	size_t columns;

	entry->value = NULL;
	entry->nested = t->nested + t->nested_count;
	while (line != NULL) {
		end = strchr(line, '\n');
		if (end != NULL)
			*end++ = '\0';
		if (*line != '\0') {
			if ((equals = strchr(line, '=')) == NULL)
				return fail(p, entry->line,
				    "'=' is missing in a line that belongs to "
				    "this");
			value = equals + 1;
			*trim(line, equals) = '\0';
			t->nested[t->nested_count++] = (struct profile_entry){
				.key = line,
				.value = skip_spaces(
				    value, value + strlen(value), &columns),
				.line = entry->line,
			};
			entry->count++;
		}
		line = end;
	}
	return 0;
}

static int
nest(struct parser *p)
{
	struct profile_text *t = p->t;
	size_t lines = 0;
	int r = 0;

	for (size_t i = 0; i < t->entry_count; i++)
		if (is_nested(&t->entries[i]))
			for (const char *at = t->entries[i].value; *at != '\0';
			     at++)
				lines += *at == '\n';
	if ((t->nested = calloc(lines + 1, sizeof(*t->nested))) == NULL)
		return err_set(p->e, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < t->entry_count && r == 0; i++)
		if (is_nested(&t->entries[i]))
			r = take_nested(p, &t->entries[i]);
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
	struct profile_text *t = p->t;

	if ((t->sorted = calloc(t->count + 1, sizeof(*t->sorted))) == NULL)
		return err_set(p->e, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < t->count; i++) {
		struct section *s = &t->sections[i];
		size_t next = i + 1 < t->count ? t->sections[i + 1].first
					       : t->entry_count;

		s->public.count = next - s->first;
		s->public.entries =
		    s->public.count > 0 ? t->entries + s->first : NULL;
		t->sorted[i] = s;
	}
	if (t->count > 1)
		qsort(t->sorted, t->count, sizeof(t->sorted[0]), by_name);
	for (size_t i = 1; i < t->count; i++) {
		unsigned long a = t->sorted[i - 1]->public.line,
			      b = t->sorted[i]->public.line;

		if (by_name(&t->sorted[i - 1], &t->sorted[i]) == 0)
			return fail(
			    p, a > b ? a : b, "this section is there twice");
	}
	return 0;
}

int
profile_text_parse(
    const struct aws_text *text, struct profile_text **tp, struct err *e)
{
	struct parser p = { .path = text->path, .e = e };
	int r;

	*tp = NULL;
	if (text->len > AWS_FILE_SIZE_MAX)
		return err_set(e, ERR_FORMAT,
		    "'%s' is too large (more than %u bytes)", text->path,
		    AWS_FILE_SIZE_MAX);
	if ((p.t = calloc(1, sizeof(*p.t))) == NULL ||
	    (p.t->text = malloc(text->len + 1)) == NULL) {
		free(p.t);
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	if (text->len > 0)
		memcpy(p.t->text, text->bytes, text->len);
	p.t->text[text->len] = '\0';
	p.t->len = text->len;
	r = take_lines(&p);
	if (r == 0)
		r = nest(&p);
	if (r == 0)
		r = index_sections(&p);
	if (r != 0) {
		profile_text_free(p.t);
		return r;
	}
	*tp = p.t;
	return 0;
}

const struct profile_section *
profile_text_at(const struct profile_text *t, size_t i)
{
	return i < t->count ? &t->sections[i].public : NULL;
}

/* NULL when it is not there. */
static const struct profile_section *
find_section(const struct profile_text *t, const char *name)
{
	const struct section wanted = { .public = { .name = name } };
	const struct section *key = &wanted;
	struct section **found = NULL;

	if (t->count > 0)
		found = bsearch(
		    &key, t->sorted, t->count, sizeof(t->sorted[0]), by_name);
	return found != NULL ? &(*found)->public : NULL;
}

static const struct profile_entry *
find_entry(const struct profile_section *section, const char *key)
{
	for (size_t i = 0; i < section->count; i++)
		if (strcmp(section->entries[i].key, key) == 0)
			return &section->entries[i];
	return NULL;
}

const struct profile_entry *
profile_text_get(const struct profile_text *t,
    const struct profile_section *section, const char *key)
{
	const struct profile_entry *found = find_entry(section, key);
	const struct profile_section *defaults;

	if (found == NULL && (defaults = find_section(t, "DEFAULT")))
		found = find_entry(defaults, key);
	return found;
}
