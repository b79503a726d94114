/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AWS_ROWS_H
#define PEMKEEP_SRC_AWS_ROWS_H

/* From the XML or JSON of an answer to the rows that an action's tables describe. */

#include <stdbool.h>
#include <stddef.h>

#include "pemkeep/aws/call.h"

struct err;
struct rows;

/* NULL without memory. */
struct rows *rows_new(const struct aws_action *action);
void rows_free(struct rows *rows);

/* Forget the page, and begin another one.  ERR_NOMEM. */
int rows_begin(struct rows *rows, struct err *e);

/*
 * The next bytes of the page; 'last': there are no more.  As xml_feed(), and
 * ERR_FORMAT when it is the answer to something else, or takes more memory than
 * a page may.
 */
int rows_feed(
    struct rows *rows, const void *bytes, size_t len, bool last, struct err *e);

/* After the last bytes: its rows in their order, the first with NULL. */
const void *rows_next(struct rows *rows, const void *row);

/* After the last bytes: what asks for the next page, or "". */
const char *rows_token(const struct rows *rows);

#endif
