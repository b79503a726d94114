/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AWS_ROWS_INTERNAL_H
#define PEMKEEP_SRC_AWS_ROWS_INTERNAL_H

/* Rows in the making: rows.c (XML), rows_json.c. */

#include "pemkeep/base/buf.h"

#include "src/aws/arena.h"
#include "src/aws/rows.h"

union rows_head;

struct rows {
	const struct aws_action *action;
	struct xml *xml;
	struct buf json; /* an answer that is JSON is read as a whole */
	struct arena nodes;
	struct node *root, *at; /* at: NULL before and behind the root */
	struct arena page;
	union rows_head *first, *last;
	char *token;
	struct buf bytes;
	const char *why;
	int status; /* of JSON: the first failure */
};

/* Both with every text ""; NULL without memory. */
void *rows_new_row(struct rows *rows, const struct aws_table *table);
void *rows_new_item(
    struct rows *rows, struct aws_list *list, const struct aws_table *table);

/* False without memory. */
bool rows_set_field(struct rows *rows, const struct aws_field *f, void *row,
    const char *text, size_t len);

/* As rows_feed(), for an action that speaks JSON. */
int rows_json_feed(
    struct rows *rows, const void *bytes, size_t len, bool last, struct err *e);

#endif
