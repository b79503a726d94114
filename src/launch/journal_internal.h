/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_LAUNCH_JOURNAL_INTERNAL_H
#define PEMKEEP_SRC_LAUNCH_JOURNAL_INTERNAL_H

/* journal.c: the file; journal_text.c: what is in it; over.c: its end by others. */

#include "pemkeep/launch/journal.h"

#include "src/launch/launch_internal.h"

/* As journal_open(), by the UUID. */
int journal_open_of(
    const char *uuid, struct journal **jp, struct launch *l, struct err *e);

/* Append it.  False without memory. */
bool journal_put(struct buf *b, const struct launch *l);

/* ERR_FORMAT, ERR_NOMEM.  *l is to be cleared, also after a failure. */
int journal_take(const char *path, const void *bytes, size_t len,
    struct launch *l, struct err *e);

#endif
