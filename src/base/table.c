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
};

struct table {
	size_t columns;
	bool right[COLUMNS_MAX];
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

void
table_cell(struct table *t, const char *text)
{
	struct cell *c;

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
	t->failed = !buf_ok(&t->text);
}

void
table_align_right(struct table *t, size_t column)
{
	if (t != NULL && column < t->columns)
		t->right[column] = true;
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
	if (c != NULL && c->len > 0)
		buf_put(b, t->text.data + c->at, c->len);
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
