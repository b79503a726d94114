/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_BASE_TABLE_H
#define PEMKEEP_BASE_TABLE_H

/*
 * Text in columns that line up whatever the script: widths are counted in
 * terminal columns (utf8.h), cells are escaped.
 */

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct table;

/* A table of 'columns' columns (1 to 16).  NULL when memory is short. */
struct table *table_new(size_t columns);
void table_free(struct table *t);

/* The next cell, left to right, row after row.  The text is copied. */
void table_cell(struct table *t, const char *text);

/*
 * The same, shown with these SGR parameters of ECMA-48 ("32": green), or NULL.
 * They must outlive the table.
 */
void table_cell_style(struct table *t, const char *text, const char *sgr);

/* Numbers look better on the right. */
void table_align_right(struct table *t, size_t column);

/*
 * Cells to come that are wider are cut, and end with "..": for people, not for
 * programs.  width: 3 or more.
 */
void table_limit(struct table *t, size_t column, size_t width);

/*
 * Append all rows; two blanks between columns, none at the end of a line.  A
 * last row that was begun is filled with empty cells.  False when memory was
 * short.
 */
bool table_put(struct buf *b, const struct table *t);

#endif
