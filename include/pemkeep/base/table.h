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

/* Numbers look better on the right. */
void table_align_right(struct table *t, size_t column);

/*
 * Append all rows; two blanks between columns, none at the end of a line.  A
 * last row that was begun is filled with empty cells.  False when memory was
 * short.
 */
bool table_put(struct buf *b, const struct table *t);

#endif
