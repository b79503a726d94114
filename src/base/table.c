/* SPDX-License-Identifier: ISC */
/*
 * Cells are escaped as they come and kept one after the other in one buf; a
 * cell remembers where it begins and how wide it is.
 */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/table.h"
#include "pemkeep/base/utf8.h"

#define COLUMNS_MAX 16u
#define GAP 2u

struct cell {
	size_t at, len; /* in 'text' */
	size_t width;
	const char *sgr; /* or NULL */
};

struct table {
	size_t columns;
	bool right[COLUMNS_MAX];
	size_t limit[COLUMNS_MAX]; /* 0: none */
	struct buf text;
	struct cell *cells;
	size_t count, capacity;
	bool failed;
};

struct table *
table_new(size_t columns)
{
	struct table *t;

	if (columns == 0 || columns > COLUMNS_MAX)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (t != NULL)
		t->columns = columns;
	return t;
}

void
table_free(struct table *t)
{
	if (t == NULL)
		return;
	buf_free(&t->text);
	free(t->cells);
	free(t);
}

static bool
grow(struct table *t)
{
	size_t capacity = t->capacity == 0 ? 64 : t->capacity * 2;
	struct cell *cells;

	if (t->count < t->capacity)
		return true;
	cells = reallocarray(t->cells, capacity, sizeof(*cells));
	if (cells == NULL)
		return false;
	t->cells = cells;
	t->capacity = capacity;
	return true;
}

#define CUT ".."

/* Cut the last cell, which ends the text, to so many columns. */
static void
cut(struct table *t, struct cell *c, size_t most)
{
	size_t len = 0, width = 0, room = most - strlen(CUT), n, w;
	uint32_t cp;

	for (; len < c->len; len += n, width += w) {
		n = utf8_decode(t->text.data + c->at + len, c->len - len, &cp);
		w = (size_t)utf8_width(cp);
		if (n == 0 || width + w > room)
			break;
	}
	t->text.len = c->at + len;
	buf_put_text(&t->text, CUT);
	c->len = len + strlen(CUT);
	c->width = width + strlen(CUT);
}

void
table_cell(struct table *t, const char *text)
{
	table_cell_style(t, text, NULL);
}

void
table_cell_style(struct table *t, const char *text, const char *sgr)
{
	struct cell *c;
	size_t limit;

	if (t == NULL || t->failed)
		return;
	if (!grow(t)) {
		t->failed = true;
		return;
	}
	c = &t->cells[t->count++];
	c->at = t->text.len;
	utf8_escape(&t->text, text, strlen(text));
	c->len = t->text.len - c->at;
	c->width = utf8_columns(text);
	c->sgr = sgr;
	t->failed = !buf_ok(&t->text);
	limit = t->limit[(t->count - 1) % t->columns];
	if (!t->failed && limit > 0 && c->width > limit)
		cut(t, c, limit);
}

void
table_align_right(struct table *t, size_t column)
{
	if (t != NULL && column < t->columns)
		t->right[column] = true;
}

void
table_limit(struct table *t, size_t column, size_t width)
{
	if (t != NULL && column < t->columns && width > strlen(CUT))
		t->limit[column] = width;
}

static void
put_blanks(struct buf *b, size_t n)
{
	while (n-- > 0)
		buf_put_u8(b, ' ');
}

static void
put_cell(struct buf *b, const struct table *t, const struct cell *c,
    size_t blanks, bool right)
{
	if (right)
		put_blanks(b, blanks);
	if (c != NULL && c->len > 0) {
		if (c->sgr != NULL)
			buf_printf(b, "\033[%sm", c->sgr);
		buf_put(b, t->text.data + c->at, c->len);
		if (c->sgr != NULL)
			buf_put_text(b, "\033[0m");
	}
	if (!right)
		put_blanks(b, blanks);
}

static void
put_row(struct buf *b, const struct table *t, size_t first, const size_t *width)
{
	size_t i, begin = b->len;
	const struct cell *c;

	for (i = 0; i < t->columns; i++) {
		c = first + i < t->count ? &t->cells[first + i] : NULL;
		if (i > 0)
			put_blanks(b, GAP);
		put_cell(b, t, c, width[i] - (c == NULL ? 0 : c->width),
		    t->right[i]);
	}
	while (b->len > begin && b->data[b->len - 1] == ' ')
		b->len--;
	buf_put_u8(b, '\n');
}

bool
table_put(struct buf *b, const struct table *t)
{
	size_t width[COLUMNS_MAX] = { 0 };
	size_t i;

	if (t == NULL || t->failed)
		return false;
	for (i = 0; i < t->count; i++)
		if (t->cells[i].width > width[i % t->columns])
			width[i % t->columns] = t->cells[i].width;
	for (i = 0; i < t->count; i += t->columns)
		put_row(b, t, i, width);
	return buf_ok(b);
}
