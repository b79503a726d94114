/* SPDX-License-Identifier: ISC */
#ifndef INVENTORY_LEARNED_INTERNAL_H
#define INVENTORY_LEARNED_INTERNAL_H

/* The file of what was learned, as a text. */

#include "pemkeep/inventory/learned.h"

struct buf;

/* As learned_open(). */
int learned_parse(const char *path, const void *text, size_t len,
    struct learned_file **fp, struct err *e);

/* The text with that learned, appended to 'out'.  ERR_NOMEM. */
int learned_change(const struct learned_file *f, const char *id,
    const char *user, const char *key, struct buf *out, struct err *e);

#endif
